//! The module's part of the REST API, below `V1/`.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};

use super::providers::{ConfigurationDraft, Provider, ProviderDraft};
use super::subscriptions::Draft;
use super::workspaces::DEFAULT;
use super::{HIDDEN, Module};
use crate::answer::{Answer, shortened};
use crate::path;
use crate::routes::Operation;

/// Whether the client can get a token, which has to be tried.
pub const CHECK: &str = "adobe_io_events/check_configuration";
const BELOW: [&str; 2] = ["eventing/", "adobe_io_events/"];
const WORKSPACE: &str = "workspace_configuration";
/// PHP writes what has no members so.
const NOTHING: &[u8] = b"[]";

type Found = Result<Bytes, Answer>;

/// Whether the body of a call may have a workspace in it, wherever it was sent.
fn may_have_workspace(path: &str, body: &[u8]) -> bool {
    let name = WORKSPACE.as_bytes();
    BELOW.iter().any(|below| path::has_prefix(path, below)) || body.windows(name.len()).any(|part| part == name)
}

/// A body as it may be shown: there are secrets in a workspace. One that cannot be read is not shown at all.
pub fn masked(path: &str, body: &Bytes) -> Bytes {
    fn mask(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if name == WORKSPACE { *value = HIDDEN.into() } else { mask(value) }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(mask),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if body.is_empty() || !may_have_workspace(path, body) {
        return body.clone();
    }
    let Ok(mut value) = serde_json::from_slice(body) else { return Bytes::from_static(b"\"****\"") };
    mask(&mut value);
    Bytes::from(value.to_string())
}

/// A store without the module has none of its routes.
pub fn answer(module: Option<&mut Module>, operation: &Operation<'_>) -> Found {
    find(module.ok_or_else(Answer::no_route)?, operation)
}

pub fn find(module: &mut Module, operation: &Operation<'_>) -> Found {
    let segments: Vec<&str> = operation.path.split('/').collect();
    match segments.as_slice() {
        ["eventing", "eventSubscribe"] => {
            only(operation, "POST")?;
            let draft = Draft::parse(operation.body)?;
            let Module { subscriptions, providers, .. } = module;
            subscriptions.create(draft, |provider_id| providers.contains(provider_id))?;
            Ok(Bytes::from_static(NOTHING))
        }
        ["eventing", "eventSubscribe", name] => {
            only(operation, "PUT")?;
            let draft = Draft::parse(operation.body)?;
            let Module { subscriptions, providers, .. } = module;
            subscriptions.update(&decoded(name)?, draft, |provider_id| providers.contains(provider_id))?;
            Ok(Bytes::from_static(NOTHING))
        }
        ["eventing", "eventUnsubscribe", name] => {
            only(operation, "POST")?;
            module.subscriptions.remove(&decoded(name)?)?;
            Ok(Bytes::from_static(NOTHING))
        }
        ["eventing", "getEventSubscriptions"] => {
            only(operation, "GET")?;
            written(&module.subscriptions.all().collect::<Vec<_>>())
        }
        ["eventing", "getEventProviders"] => {
            only(operation, "GET")?;
            written(&module.shown_providers())
        }
        ["eventing", "updateConfiguration"] => {
            only(operation, "PUT")?;
            module.configure(ConfigurationDraft::parse(operation.body)?)
        }
        ["eventing", "eventProvider"] => match *operation.method {
            Method::GET => written(&module.shown_providers()),
            Method::POST => module.create_provider(ProviderDraft::parse(operation.body)?),
            Method::PUT => module.update_provider(ProviderDraft::parse(operation.body)?),
            _ => Err(wrong_method(operation, "GET, POST, PUT")),
        },
        ["eventing", "eventProvider", provider_id] => match *operation.method {
            Method::GET => written(&module.shown_provider(&decoded(provider_id)?)?),
            Method::DELETE => module.remove_provider(&decoded(provider_id)?),
            _ => Err(wrong_method(operation, "GET, DELETE")),
        },
        ["adobe_io_events", "check_configuration"] => {
            only(operation, "GET")?;
            written(&module.checked(None))
        }
        // `eventing/supportedList` is one of them: only Commerce as a cloud service has it.
        _ => Err(Answer::no_route()),
    }
}

impl Module {
    fn configure(&mut self, draft: ConfigurationDraft) -> Found {
        self.providers.configure(&draft)?;
        if let Some(workspace) = draft.workspace {
            self.workspaces.put(DEFAULT, workspace);
        }
        Ok(Bytes::from_static(b"true"))
    }

    fn create_provider(&mut self, draft: ProviderDraft) -> Found {
        let id = self.providers.create(&draft)?;
        self.keep_workspace(id, draft);
        self.shown_by_id(id)
    }

    fn update_provider(&mut self, draft: ProviderDraft) -> Found {
        let (id, provider_id_before) = self.providers.update(&draft)?;
        let provider_id = self.providers.get(id).map(|provider| provider.provider_id.clone()).unwrap_or_default();
        if provider_id != provider_id_before {
            self.workspaces.rename(&provider_id_before, &provider_id);
        }
        self.keep_workspace(id, draft);
        self.shown_by_id(id)
    }

    fn keep_workspace(&mut self, id: u64, draft: ProviderDraft) {
        let Self { providers, workspaces, .. } = self;
        if let (Some(provider), Some(workspace)) = (providers.get(id), draft.workspace) {
            workspaces.put(&provider.provider_id, workspace);
        }
    }

    fn remove_provider(&mut self, provider_id: &str) -> Found {
        self.providers.find(provider_id)?;
        let users =
            self.subscriptions.all().filter(|subscription| subscription.provider_id.as_deref() == Some(provider_id));
        let names: Vec<&str> = users.map(|subscription| subscription.name.as_str()).collect();
        if let Some(name) = names.first() {
            return Err(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "The event provider \"%1\" cannot be deleted: %2 event subscriptions use it, \"%3\" among them.",
                &json!([shortened(provider_id), names.len().to_string(), shortened(name)]),
            ));
        }
        self.providers.remove(provider_id)?;
        self.workspaces.remove(provider_id);
        Ok(Bytes::from_static(b"true"))
    }

    /// The default one first, without an id; not there before the configuration is.
    fn shown_providers(&self) -> Vec<Value> {
        let others = self.providers.all().map(|(id, provider)| self.shown(id, provider));
        self.shown_default().into_iter().chain(others).collect()
    }

    fn shown_provider(&self, provider_id: &str) -> Result<Value, Answer> {
        match (self.providers.find(provider_id), self.shown_default()) {
            (Ok((id, provider)), _) => Ok(self.shown(id, provider)),
            (Err(_), Some(default)) if self.providers.is_default(provider_id) => Ok(default),
            (Err(refusal), _) => Err(refusal),
        }
    }

    fn shown_by_id(&self, id: u64) -> Found {
        written(&self.providers.get(id).map(|provider| self.shown(id, provider)))
    }

    fn shown(&self, id: u64, provider: &Provider) -> Value {
        let Provider { provider_id, instance_id, label, description } = provider;
        json!({
            "id": id.to_string(), "provider_id": provider_id, "instance_id": instance_id, "label": label,
            "description": description, WORKSPACE: self.hidden(provider_id),
        })
    }

    fn shown_default(&self) -> Option<Value> {
        let configuration = self.providers.configuration()?;
        Some(json!({
            "provider_id": configuration.provider_id, "instance_id": configuration.instance_id,
            "label": "", "description": "", WORKSPACE: self.hidden(DEFAULT),
        }))
    }

    fn hidden(&self, owner: &str) -> &'static str {
        if self.workspaces.has(owner) { HIDDEN } else { "" }
    }

    /// `can_connect` is whether a token was given; `None` when nobody tried.
    ///
    /// Whether the provider is one of the events API's is not asked, so any text passes for a valid id.
    pub fn checked(&self, can_connect: Option<bool>) -> Value {
        let provider_id = self.providers.configuration().map_or("", |configuration| &configuration.provider_id);
        let (has_client, can_connect) = (self.workspaces.has(DEFAULT), can_connect == Some(true));
        let is_valid = !provider_id.is_empty();
        json!({
            "status": if has_client && can_connect && is_valid { "ok" } else { "error" },
            "technical_service_account_configured": has_client,
            "technical_service_account_can_connect_to_io_events": can_connect,
            "provider_id_configured": provider_id,
            "provider_id_valid": is_valid,
        })
    }
}

fn written(value: &impl serde::Serialize) -> Found {
    serde_json::to_vec(value).map(Bytes::from).map_err(|_| Answer::unreadable("it cannot be written as JSON"))
}

fn decoded(segment: &str) -> Result<String, Answer> {
    path::decode(segment).ok_or_else(Answer::no_route)
}

fn only(operation: &Operation<'_>, method: &'static str) -> Result<(), Answer> {
    if operation.method.as_str() == method { Ok(()) } else { Err(wrong_method(operation, method)) }
}

fn wrong_method(operation: &Operation<'_>, allow: &'static str) -> Answer {
    Answer::wrong_method(operation.method.as_str(), allow)
}
