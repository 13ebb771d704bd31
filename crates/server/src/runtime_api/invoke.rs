//! Runs of an action that somebody asks for.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use engine::record::{self, About};
use engine::{Asked, Deployed, NotStarted};
use http::{HeaderName, HeaderValue, StatusCode};
use sdk::{ActivationId, Params, TraceContext};
use serde_json::{Value, json};
use store::{Activation, Status};

use super::actions::DEFAULT_PACKAGE;
use super::query::{Query, Waiting};
use super::{Api, Refused};
use crate::body::{BodyFault, announced};

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

const PROTECTED: &str = "Request defines parameters that are not allowed (e.g., reserved properties).";

/// `POST /namespaces/{ns}/actions/{name}`: of the default package.
pub(super) async fn invoke(
    State(api): State<Api>,
    Path((_, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    run(&api, &format!("{DEFAULT_PACKAGE}/{name}"), request).await
}

/// `POST /namespaces/{ns}/actions/{package}/{name}`.
pub(super) async fn invoke_of_package(
    State(api): State<Api>,
    Path((_, package, name)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    run(&api, &format!("{package}/{name}"), request).await
}

async fn run(api: &Api, name: &str, request: Request) -> Result<Response, Refused> {
    let deployed = api.runner.registry().get(name).ok_or_else(Refused::unknown)?;
    let waiting = Waiting::of(&Query::of(request.uri())?)?;
    let trace = TraceContext::from_headers(request.headers());
    let params = params(api, deployed, request).await?;
    let asked = Asked { trace, ..Asked::default() };
    let started = api.runner.invoke(name, params, asked).map_err(refused)?;
    let id = started.id;
    let ended = match waiting.for_at_most {
        // The run goes on, whoever waits for it.
        None => None,
        Some(time) => tokio::time::timeout(time, started.ended()).await.ok().flatten(),
    };
    let response = match ended {
        None => (StatusCode::ACCEPTED, Json(json!({"activationId": id.to_string()}))).into_response(),
        Some(activation) => answer(api, deployed, &activation, waiting),
    };
    Ok(of_run(response, id))
}

/// The body as parameters; none are none.
async fn params(api: &Api, deployed: &Deployed, request: Request) -> Result<Params, Refused> {
    let (head, body) = request.into_parts();
    let bytes_max = deployed.limits.payload_bytes;
    let body = api.bodies.read(bytes_max, &head.headers, body).await.map_err(|fault| match fault {
        BodyFault::TooLarge { .. } => {
            let bytes = announced(&head.headers).map_or_else(|| "more".to_owned(), |bytes| bytes.to_string());
            let told = format!("Request larger than allowed: {bytes} > {bytes_max} bytes.");
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, told)
        }
        fault => Refused::new(fault.status(), fault.to_string()),
    })?;
    if body.is_empty() {
        return Ok(Params::new());
    }
    let Ok(Value::Object(params)) = serde_json::from_slice(&body) else {
        return Err(Refused::bad("the parameters of an action have to be a JSON object"));
    };
    if deployed.is_final() && deployed.inputs.names().any(|name| params.contains_key(name)) {
        return Err(Refused::bad(PROTECTED));
    }
    Ok(params)
}

fn refused(not_started: NotStarted) -> Refused {
    let status = match not_started {
        NotStarted::Unknown => StatusCode::NOT_FOUND,
        NotStarted::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
    };
    Refused::new(status, not_started.to_string())
}

fn answer(api: &Api, deployed: &Deployed, activation: &Activation, waiting: Waiting) -> Response {
    let status = match activation.status {
        Status::Success | Status::Suppressed => StatusCode::OK,
        Status::ApplicationError | Status::DeveloperError | Status::TimedOut => StatusCode::BAD_GATEWAY,
        Status::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let told = if waiting.is_result {
        record::result(activation)
    } else {
        record::record(activation, &About::of(api.namespace(), Some(deployed)))
    };
    (status, Json(told)).into_response()
}

fn of_run(mut response: Response, activation: ActivationId) -> Response {
    if let Ok(id) = HeaderValue::try_from(activation.to_string()) {
        response.headers_mut().insert(ACTIVATION_ID, id);
    }
    response
}
