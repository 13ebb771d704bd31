//! The runtime's REST API, as OpenWhisk has it: packages, actions, invocations and activations.

mod key;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::{Face, answer};
pub use key::RuntimeKey;

const NOT_YOURS: &str = "The supplied authentication is not authorized to access this resource.";

const BASE: &str = "/api/v1/namespaces";

/// Stands for the namespace of whoever asks.
const OWN_NAMESPACE: &str = "_";

/// What the routes work with.
#[derive(Clone)]
struct Api {
    key: RuntimeKey,
}

pub(crate) fn router(_face: &Face, key: &RuntimeKey) -> Router {
    let api = Api { key: key.clone() };
    let routes = Router::new()
        .route("/api/v1/namespaces", get(namespaces))
        .route("/api/v1/namespaces/{*rest}", any(nothing))
        .method_not_allowed_fallback(not_allowed)
        .route_layer(from_fn_with_state(api.clone(), in_namespace))
        .with_state(api);
    key.guard(routes).route_layer(from_fn(numbered))
}

/// `GET /namespaces`: those of the key that was brought, which are one.
async fn namespaces(State(api): State<Api>) -> Response {
    Json(json!([api.key.namespace()])).into_response()
}

async fn nothing() -> Response {
    answer::coded_error(StatusCode::NOT_FOUND, answer::NO_SUCH_RESOURCE)
}

async fn not_allowed() -> Response {
    answer::coded_error(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
}

/// The key opens its own namespace and no other.
async fn in_namespace(State(api): State<Api>, request: Request, next: Next) -> Response {
    let rest = request.uri().path().strip_prefix(BASE).and_then(|rest| rest.strip_prefix('/'));
    let named = rest.map(|rest| rest.split_once('/').map_or(rest, |(namespace, _)| namespace));
    match named {
        None | Some("" | OWN_NAMESPACE) => next.run(request).await,
        Some(named) if named == api.key.namespace() => next.run(request).await,
        Some(_) => answer::coded_error(StatusCode::FORBIDDEN, NOT_YOURS),
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
