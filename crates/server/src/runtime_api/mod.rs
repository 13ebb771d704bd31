//! The runtime's REST API, as OpenWhisk has it: packages, actions, invocations and activations.

mod actions;
mod activations;
mod invoke;
mod key;
mod packages;
mod query;
mod refused;

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use engine::{Clock, Runner};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use store::Store;
use uuid::Uuid;

use self::refused::Refused;
use crate::{BodyRules, answer};
pub use key::RuntimeKey;

const BASE: &str = "/api/v1/namespaces";

const NOT_YOURS: &str = "The supplied authentication is not authorized to access this resource.";

const DEPLOYED_AT_START: &str =
    "actions and packages of this kit are deployed when it starts; change app.config.yaml and start it again";

const NO_TRIGGERS: &str = "this kit has no triggers and no rules: events reach actions by their registrations";

/// Stands for the namespace of whoever asks.
const OWN_NAMESPACE: &str = "_";

/// What the routes work with.
#[derive(Clone)]
struct Api {
    key: RuntimeKey,
    runner: Arc<Runner>,
    store: Arc<dyn Store>,
    bodies: BodyRules,
    /// All actions are deployed when the kit starts.
    deployed_at: Timestamp,
}

impl Api {
    fn namespace(&self) -> &str {
        self.key.namespace()
    }
}

/// What the runtime API stands on.
pub struct RuntimeParts {
    pub runner: Arc<Runner>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub bodies: BodyRules,
}

impl fmt::Debug for RuntimeParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RuntimeParts")
    }
}

impl RuntimeParts {
    /// All routes, for whoever brings this key.
    pub fn router(self, key: &RuntimeKey) -> Router {
        let Self { runner, store, clock, bodies } = self;
        let api = Api { key: key.clone(), runner, store, bodies, deployed_at: clock.now() };
        key.guard(routes(api)).route_layer(from_fn(numbered))
    }
}

fn routes(api: Api) -> Router {
    let named_action = get(actions::get).post(invoke::invoke).put(deployed_at_start).delete(deployed_at_start);
    let action = get(actions::get_of_package).post(invoke::invoke_of_package);
    let action = action.put(deployed_at_start).delete(deployed_at_start);
    let package = get(packages::get).put(deployed_at_start).delete(deployed_at_start);
    Router::new()
        .route("/api/v1/namespaces", get(namespaces))
        .route("/api/v1/namespaces/{namespace}", get(packages::all))
        .route("/api/v1/namespaces/{namespace}/", get(packages::all))
        .route("/api/v1/namespaces/{namespace}/packages", get(packages::list))
        .route("/api/v1/namespaces/{namespace}/packages/{package}", package)
        .route("/api/v1/namespaces/{namespace}/actions", get(actions::list))
        .route("/api/v1/namespaces/{namespace}/actions/{action}", named_action)
        .route("/api/v1/namespaces/{namespace}/actions/{package}/", get(actions::list_package))
        .route("/api/v1/namespaces/{namespace}/actions/{package}/{action}", action)
        .route("/api/v1/namespaces/{namespace}/activations", get(activations::list))
        .route("/api/v1/namespaces/{namespace}/activations/{activation}", get(activations::get))
        .route("/api/v1/namespaces/{namespace}/activations/{activation}/logs", get(activations::logs))
        .route("/api/v1/namespaces/{namespace}/activations/{activation}/result", get(activations::result))
        .route("/api/v1/namespaces/{namespace}/triggers", get(none))
        .route("/api/v1/namespaces/{namespace}/triggers/{trigger}", any(no_triggers))
        .route("/api/v1/namespaces/{namespace}/rules", get(none))
        .route("/api/v1/namespaces/{namespace}/rules/{rule}", any(no_triggers))
        .route("/api/v1/namespaces/{namespace}/{*rest}", any(nothing))
        .method_not_allowed_fallback(not_allowed)
        .route_layer(from_fn_with_state(api.clone(), in_namespace))
        .with_state(api)
}

/// `GET /namespaces`: those of the key that was brought, which are one.
async fn namespaces(State(api): State<Api>) -> Response {
    Json(json!([api.namespace()])).into_response()
}

async fn none() -> Response {
    Json(json!([])).into_response()
}

async fn no_triggers(request: Request) -> Refused {
    if request.method() == http::Method::GET {
        Refused::unknown()
    } else {
        Refused::new(StatusCode::FORBIDDEN, NO_TRIGGERS)
    }
}

async fn deployed_at_start() -> Refused {
    Refused::new(StatusCode::FORBIDDEN, DEPLOYED_AT_START)
}

async fn nothing() -> Refused {
    Refused::unknown()
}

async fn not_allowed() -> Refused {
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
}

/// The key opens its own namespace and no other.
async fn in_namespace(State(api): State<Api>, request: Request, next: Next) -> Response {
    let rest = request.uri().path().strip_prefix(BASE).and_then(|rest| rest.strip_prefix('/'));
    let named = rest.map(|rest| rest.split_once('/').map_or(rest, |(namespace, _)| namespace));
    match named {
        None | Some("" | OWN_NAMESPACE) => next.run(request).await,
        Some(named) if named == api.namespace() => next.run(request).await,
        Some(_) => Refused::new(StatusCode::FORBIDDEN, NOT_YOURS).into_response(),
    }
}

/// Every answer says by which id this request can be asked about; an error says it in its text as well.
async fn numbered(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().simple().to_string()) {
        response.headers_mut().entry(answer::REQUEST_ID).or_insert(id);
    }
    response
}
