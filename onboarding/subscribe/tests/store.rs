//! A store with an eventing module, as far as subscriptions go.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub struct Store(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    subscriptions: Vec<Value>,
    providers: Option<Value>,
    /// Names that are answered with this status.
    refused: Vec<(String, u16)>,
    writes: Vec<String>,
}

impl Store {
    /// With these providers; a module without `eventProvider` unless this is called.
    pub fn with_providers(self, providers: Value) -> Self {
        self.inner().providers = Some(providers);
        self
    }

    pub fn refuse(&self, name: &str, status: u16) {
        self.inner().refused.push((name.to_owned(), status));
    }

    /// Somebody changes a subscription by hand.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut inner = self.inner();
        change(inner.subscriptions.iter_mut().find(|known| known["name"] == name).unwrap());
    }

    pub fn add(&self, subscription: Value) {
        self.inner().subscriptions.push(subscription);
    }

    pub fn subscription(&self, name: &str) -> Option<Value> {
        self.inner().subscriptions.iter().find(|known| known["name"] == name).cloned()
    }

    /// The writes since the last question.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().writes)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TargetPort for Store {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        let mut inner = self.inner();
        let body: Value = serde_json::from_slice(&call.body.unwrap_or_default()).unwrap_or_default();
        let path: Vec<&str> = call.path.split('/').skip(1).collect();
        if call.method == "GET" {
            return Ok(match (path[0], &inner.providers) {
                ("getEventSubscriptions", _) => Reply::new(200, json!(inner.subscriptions)),
                (_, Some(providers)) => Reply::new(200, providers.clone()),
                (_, None) => Reply::new(404, Value::Null),
            });
        }
        inner.writes.push(format!("{} {}", call.method, path.join("/")));
        let name = path.get(1).copied().or(body["event"]["name"].as_str()).unwrap().to_owned();
        if let Some((_, status)) = inner.refused.iter().find(|(refused, _)| *refused == name) {
            let error = format!("Commerce answered {status}: no");
            return Ok(Reply { error: Some(error), ..Reply::new(*status, Value::Null) });
        }
        let at = inner.subscriptions.iter().position(|known| known["name"] == *name);
        match (path[0], at) {
            ("eventSubscribe", None) if call.method == "POST" => {
                let mut new =
                    json!({"destination": "default", "priority": false, "rules": [], "hipaa_audit_required": false});
                merge(&mut new, &body["event"]);
                inner.subscriptions.push(new);
            }
            ("eventSubscribe", Some(at)) if call.method == "PUT" => merge(&mut inner.subscriptions[at], &body["event"]),
            ("eventUnsubscribe", Some(at)) => {
                inner.subscriptions.remove(at);
            }
            _ => return Ok(Reply::new(400, Value::Null)),
        }
        Ok(Reply::new(200, json!([])))
    }
}

/// Fields are added to those that are there; everything else is replaced.
fn merge(known: &mut Value, event: &Value) {
    for (member, value) in event.as_object().unwrap() {
        if member != "fields" || known["fields"].is_null() {
            known[member] = value.clone();
            continue;
        }
        let fields = known["fields"].as_array_mut().unwrap();
        for field in value.as_array().unwrap() {
            fields.retain(|known| known["name"] != field["name"]);
            fields.push(field.clone());
        }
    }
}
