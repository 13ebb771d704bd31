//! The eventing module, against an events API that answers as a test wants.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Store, TOKEN, answer, request};
use crate::{Eventing, Options, Sandbox, Seal};

mod arbitrary;
mod emission;
mod endpoints;
mod fields;
mod kept;
mod providers;
mod rules;
mod sending;
mod subscriptions;
mod workspace;

const SECRET: &str = "secret-of-the-workspace";
const PRODUCT_SAVED: &str = "observer.catalog_product_save_commit_after";

/// An events API with its IMS.
#[derive(Clone, Default)]
struct Api {
    url: String,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// Status of the next answers of the ingress; then 200.
    statuses: VecDeque<u16>,
    /// The same of IMS.
    token_statuses: VecDeque<u16>,
    forms: Vec<String>,
    events: Vec<(HeaderMap, Value)>,
}

impl Api {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Self { url: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let router = Router::new().route("/ims/token/v3", post(grant)).route("/", post(take)).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        api
    }

    /// Where nobody listens.
    fn nowhere() -> Self {
        Self { url: "http://127.0.0.1:1".to_owned(), ..Self::default() }
    }

    fn options(&self, folder: Option<&Path>) -> Options {
        let eventing = Eventing {
            ingress_url: self.url.clone(),
            token_url: format!("{}/ims/token/v3", self.url),
            interval: Duration::from_hours(1),
            seal: None,
        };
        let folder = folder.map(Path::to_owned);
        Options { token: TOKEN.to_owned(), eventing: Some(eventing), folder, ..Options::default() }
    }

    /// A store that may publish here.
    async fn store(&self) -> Store {
        let store = Store { sandbox: Sandbox::open(self.options(None)).unwrap() };
        store.done("PUT", "eventing/updateConfiguration", configuration()).await;
        store
    }

    fn answers(&self, statuses: &[u16]) {
        self.heard.lock().unwrap().statuses.extend(statuses);
    }

    fn events(&self) -> Vec<Value> {
        self.heard.lock().unwrap().events.iter().map(|(_, event)| event.clone()).collect()
    }

    fn tokens_asked_for(&self) -> usize {
        self.heard.lock().unwrap().forms.len()
    }
}

async fn grant(State(api): State<Api>, form: String) -> Response {
    let mut heard = api.heard.lock().unwrap();
    heard.forms.push(form);
    let body = match heard.token_statuses.pop_front() {
        Some(status) => {
            return (StatusCode::from_u16(status).unwrap(), r#"{"error":"invalid_client"}"#).into_response();
        }
        None => {
            json!({"access_token": format!("token-{}", heard.forms.len()), "token_type": "bearer", "expires_in": 3_600})
        }
    };
    body.to_string().into_response()
}

async fn take(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut heard = api.heard.lock().unwrap();
    heard.events.push((headers, serde_json::from_slice(&body).unwrap()));
    StatusCode::from_u16(heard.statuses.pop_front().unwrap_or(200)).unwrap()
}

impl Store {
    /// A call of the eventing module that has to succeed.
    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        answer
    }

    async fn subscribe(&self, subscription: Value) {
        assert_eq!(self.done("POST", "eventing/eventSubscribe", subscription).await, json!([]));
    }

    /// All rows of events, as anybody may look at them.
    async fn events(&self) -> Vec<Value> {
        let (status, rows) = answer(self.send(request("GET", "/sandbox/events", &Value::Null)).await).await;
        assert_eq!(status, StatusCode::OK, "{rows}");
        rows.as_array().unwrap().clone()
    }

    /// What the events bring, oldest first.
    async fn values(&self) -> Vec<Value> {
        self.events().await.iter().map(|row| row["data"]["value"].clone()).collect()
    }

    async fn statuses(&self) -> Vec<Value> {
        self.events().await.iter().map(|row| row["status"].clone()).collect()
    }
}

/// The Console's file, as text.
fn workspace(client_id: &str) -> String {
    let client = json!({
        "client_id": client_id, "client_secrets": [SECRET], "scopes": ["openid", "adobeio_api"],
        "technical_account_email": "a@example.com", "technical_account_id": "a@techacct.adobe.com",
    });
    let credential =
        json!({"id": "1", "name": "n", "integration_type": "oauth_server_to_server", "oauth_server_to_server": client});
    let details = json!({"credentials": [credential]});
    let organisation = json!({"id": "1", "name": "o", "ims_org_id": "AAA@AdobeOrg"});
    json!({"project": {"id": "2", "name": "p", "org": organisation, "workspace": {"id": "3", "details": details}}})
        .to_string()
}

fn configuration() -> Value {
    json!({"config": {
        "enabled": true, "merchant_id": "shop", "environment_id": "Stage", "provider_id": "provider-1",
        "instance_id": "instance-1", "workspace_configuration": workspace("client-1"),
    }})
}

fn subscription(name: &str, fields: &[&str]) -> Value {
    let fields: Vec<Value> = fields.iter().map(|name| json!({ "name": name })).collect();
    json!({"event": {"name": name, "fields": fields}})
}

/// Turns every byte around; opens only what it has made itself.
struct Turning;

impl Seal for Turning {
    fn seal(&self, readable: &[u8]) -> Option<Vec<u8>> {
        Some(std::iter::once(0xff).chain(readable.iter().map(|byte| !byte)).collect())
    }

    fn open(&self, kept: &[u8]) -> Option<Vec<u8>> {
        let (first, rest) = kept.split_first()?;
        (*first == 0xff).then(|| rest.iter().map(|byte| !byte).collect())
    }
}
