//! The HTTP face of the kit: web actions, the runtime API, event webhooks, schemas and health now; the console next.
//!
//! Invariant: every answer that is an error is JSON, and no request is read beyond its limits.

mod answer;
mod bodies;
mod body;
mod cross_origin;
mod event_webhooks;
mod health;
mod inflate;
mod json_shape;
mod listen;
mod meters;
mod operators;
mod runtime_api;
mod schemas;
mod security_headers;
mod traced;
mod web_actions;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use engine::{Clock, Readiness, Reception, Runner, Schemas};
use store::Store;

pub use bodies::Bodies;
pub use body::{BodyFault, BodyRules};
pub use event_webhooks::{EventsApiSender, Unproven};
pub use inflate::Decompression;
pub use json_shape::JsonRules;
pub use listen::{Http2Limits, Limits, Listening, Rate, Tls, TlsFault, TlsFiles, TlsPart};
pub use operators::Operators;
pub use runtime_api::{RuntimeKey, RuntimeParts};
pub use security_headers::StrictTransport;
pub use traced::traced;
pub use web_actions::{
    Extension, ParameterFault, Projected, Unprojectable, WebActions, WebRequest, merged, project, raw,
};

/// What the routes work with.
#[derive(Clone)]
pub struct Face {
    pub runner: Arc<Runner>,
    pub schemas: Arc<Schemas>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub webhooks: Webhooks,
    pub web: WebActions,
    /// Who may read more than whether the kit is ready.
    pub operators: Operators,
    /// Who may use the runtime API, and its namespace; none: there is no such API, because there are no actions.
    pub runtime: Option<RuntimeKey>,
    /// How bodies are read.
    pub bodies: BodyRules,
    /// What the last look at what is due and what runs found.
    pub readiness: Readiness,
}

/// How events come in that an events API delivers.
#[derive(Clone, Debug)]
pub struct Webhooks {
    reception: Reception,
    intake: WebhookIntake,
    answer_within: Duration,
}

impl Webhooks {
    /// For `answer_within` a sender waits for its action's answer; then it is told that the event is stored.
    pub fn new(reception: Reception, intake: WebhookIntake, answer_within: Duration) -> Self {
        Self { reception, intake, answer_within }
    }
}

/// Which deliveries are taken.
#[derive(Clone)]
pub enum WebhookIntake {
    /// None: events reach their actions without a webhook here.
    Closed,
    /// Those for this client id that the events API has sent.
    Open { client_id: String, sender: Arc<dyn EventsApiSender> },
}

impl std::fmt::Debug for WebhookIntake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => formatter.write_str("Closed"),
            Self::Open { client_id, .. } => {
                formatter.debug_struct("Open").field("client_id", client_id).finish_non_exhaustive()
            }
        }
    }
}

impl Face {
    fn runtime_parts(&self) -> RuntimeParts {
        RuntimeParts {
            runner: Arc::clone(&self.runner),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            bodies: self.bodies,
        }
    }
}

impl std::fmt::Debug for Face {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Face")
    }
}

/// All routes. `others` are routes of other parts, the sandbox's for example; `bodies` is what all requests share.
pub fn router(face: Face, others: Router, bodies: Bodies) -> Router {
    let runtime_api = face.runtime.as_ref().map(|key| face.runtime_parts().router(key)).unwrap_or_default();
    Router::new()
        .route(web_actions::ROUTE, any(web_actions::run))
        .route(event_webhooks::ROUTE, get(event_webhooks::challenge).post(event_webhooks::receive))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/schemas/{file}", get(schemas::schema))
        .method_not_allowed_fallback(answer::method_not_allowed)
        .with_state(face)
        .merge(runtime_api)
        .merge(others)
        .fallback(answer::not_found)
        .layer(from_fn_with_state(bodies, bodies::bounded))
}
