use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use sdk::segment;
use serde_json::{Value, json};

use crate::{Identity, Service, content_type};

const HAL: &str = "application/hal+json";
const JSON: &str = "application/json";

/// How an answer is labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Hal,
    Json,
}

impl Media {
    /// HAL, unless the client names JSON and does not name HAL.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let types: Vec<String> = accepted.flat_map(|value| value.split(',')).map(content_type::essence).collect();
        let names = |wanted: &str| types.iter().any(|named| named == wanted);
        if names(JSON) && !names(HAL) { Self::Json } else { Self::Hal }
    }

    pub(super) fn answer(self, status: StatusCode, body: Value) -> Response {
        let mut response = (status, Json(body)).into_response();
        let label = match self {
            Self::Hal => HAL,
            Self::Json => JSON,
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(label));
        response
    }

    pub(super) fn ok(self, body: Value) -> Response {
        self.answer(StatusCode::OK, body)
    }

    /// What a list looks like that comes whole.
    pub(super) fn list(self, name: &str, items: Vec<Value>, itself: String) -> Response {
        self.ok(json!({"_links": {"self": link(itself)}, "_embedded": Value::from_iter([(name, items)])}))
    }
}

pub(super) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub(super) fn link(href: String) -> Value {
    Value::from_iter([("href", href)])
}

/// Where things are, for links.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    base: &'a str,
    identity: &'a Identity,
}

impl<'a> Places<'a> {
    pub(super) fn new(service: &'a Service) -> Self {
        Self { base: &service.0.options.base_url, identity: &service.0.identity }
    }

    pub(super) fn kinds(self) -> String {
        format!("{}/events/providermetadata", self.base)
    }

    pub(super) fn providers(self) -> String {
        format!("{}/providers", self.org())
    }

    pub(super) fn provider(self, id: &str) -> String {
        format!("{}/events/providers/{}", self.base, segment(id))
    }

    pub(super) fn provider_update(self, id: &str) -> String {
        format!("{}/providers/{}", self.workspace(), segment(id))
    }

    pub(super) fn metadata(self, provider: &str) -> String {
        format!("{}/eventmetadata", self.provider(provider))
    }

    pub(super) fn event(self, provider: &str, code: &str) -> String {
        format!("{}/{}", self.metadata(provider), segment(code))
    }

    pub(super) fn event_update(self, provider: &str, code: &str) -> String {
        format!("{}/eventmetadata/{}", self.provider_update(provider), segment(code))
    }

    pub(super) fn sample(self, provider: &str, code: &str) -> String {
        format!("{}/sample_event", self.event(provider, code))
    }

    pub(super) fn registrations(self) -> String {
        format!("{}/registrations", self.workspace())
    }

    pub(super) fn registration(self, id: &str) -> String {
        format!("{}/{}", self.registrations(), segment(id))
    }

    pub(super) fn registrations_of_org(self) -> String {
        format!("{}/registrations", self.org())
    }

    pub(super) fn journal(self, credential: &str, registration: &str) -> String {
        format!("{}/{}", self.integration(credential), segment(registration))
    }

    pub(super) fn traces(self, credential: &str, registration: &str) -> String {
        format!("{}/tracing/{}", self.integration(credential), segment(registration))
    }

    /// Where events come in for a registration that runs an action here.
    pub(super) fn webhook(self, name: &str) -> String {
        format!("{}/webhooks/{}", self.base, segment(name))
    }

    fn org(self) -> String {
        format!("{}/events/{}", self.base, self.identity.consumer_id)
    }

    fn workspace(self) -> String {
        format!("{}/{}/{}", self.org(), self.identity.project_id, self.identity.workspace_id)
    }

    fn integration(self, credential: &str) -> String {
        let org = &self.identity.consumer_id;
        format!("{}/events/organizations/{org}/integrations/{}", self.base, segment(credential))
    }
}
