mod address;
mod media_type;
mod parameters;
mod projection;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use sdk::{ActivationId, web};

pub use self::address::Extension;
pub use self::parameters::{ParameterFault, WebRequest, merged, raw};
pub use self::projection::{Projected, Unprojectable, project};
use crate::cross_origin::CrossOrigin;
use crate::{Face, answer, traced};

pub(crate) const ROUTE: &str = "/api/v1/web/{package}/{action}";

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

/// `ANY /api/v1/web/{package}/{action}`: one run of a web action.
pub(crate) async fn run(
    State(face): State<Face>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    traced(ROUTE, request, |request| respond(face, path, request)).await
}

async fn respond(face: Face, path: Result<Path<(String, String)>, PathRejection>, request: Request) -> Response {
    // What is not text names nothing.
    let Ok(Path((package, action))) = path else { return answer::not_found().await };
    let name = format!("{package}/{action}");
    let Some(deployed) = face.runner.registry().get(&name).filter(|deployed| deployed.is_web()) else {
        return answer::not_found().await;
    };
    let cross_origin = CrossOrigin::of(deployed);
    let (head, stream) = request.into_parts();
    let body = match face.bodies.read(face.bodies.bytes_max, &head.headers, stream).await {
        Ok(body) => body,
        Err(fault) => return fault.into_response(),
    };
    if let Some(response) = cross_origin.preflight(&head.method, &head.headers) {
        return response;
    }
    let query = head.uri.query().map(str::to_owned);
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    let request = web::Request { method: head.method, headers: head.headers, query, body, peer };
    match face.runner.run_web(&name, request).await {
        Some((response, activation)) => {
            let mut response = as_http(response, activation);
            cross_origin.allow(response.headers_mut());
            response
        }
        None => answer::not_found().await,
    }
}

fn as_http(answered: web::Response, activation: ActivationId) -> Response {
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.extend(answered.headers);
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::try_from(activation.to_string()) {
        headers.insert(ACTIVATION_ID, id);
    }
    response
}
