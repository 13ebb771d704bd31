//! Where events are published (contract, section 2).

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use engine::{ArrivalError, Arrived, CloudEvent};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, StatusCode};
use sdk::{TraceContext, json};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::access::{self, Denied};
use crate::problem::Problem;
use crate::rate::again_after;
use crate::{Service, content_type};

const ROUTE: &str = "/";

/// The largest event, with its envelope.
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// What a header may give for an event's id, its code or its provider.
const TEXT_BYTES_MAX: usize = 512;

const HEALTH_DATA: HeaderName = HeaderName::from_static("x-event-phidata");
const RAW_PROVIDER: HeaderName = HeaderName::from_static("x-adobe-event-provider-id");
const RAW_CODE: HeaderName = HeaderName::from_static("x-adobe-event-code");
const RAW_ID: HeaderName = HeaderName::from_static("x-event-id");

/// How the body holds the event.
#[derive(Clone, Copy)]
enum Mode {
    Structured,
    /// The body is the data alone; headers say what else belongs to the event.
    Raw,
}

/// Why an event was not taken.
#[derive(Debug)]
enum Refusal {
    /// As the gateway in front of Adobe's service says it.
    Key,
    Later {
        seconds: u64,
        problem: Problem,
    },
    Problem(Problem),
}

pub(crate) fn routes() -> Router<Service> {
    Router::new().route(ROUTE, post(publish))
}

async fn publish(State(service): State<Service>, request: Request) -> Response {
    server::traced(ROUTE, request, |request| async move { take(&service, request).await.into_response() }).await
}

async fn take(service: &Service, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let mode = mode(headers)?;
    if wants_hal_only(headers) {
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "the answer is a text; accept `application/json`").into());
    }
    let caller = access::authenticate(service, headers).await?;
    count(service, &caller.client_id)?;
    let bytes = service.0.options.bodies.read(EVENT_BYTES_MAX, headers, body).await.map_err(Problem::from)?;
    let document =
        json::check(&bytes).map_err(|error| Problem::bad_request(format!("the body is no JSON: {error}")))?;
    let is_health_data = is_health_data(headers)?;
    let mut event = match mode {
        Mode::Structured => CloudEvent::parse(document).map_err(ArrivalError::Invalid)?,
        Mode::Raw => raw_event(headers, document, is_health_data)?,
    };
    if is_health_data {
        event.attributes.insert("phidata".to_owned(), true.into());
    }
    event.brought_in = TraceContext::from_headers(headers);
    match service.0.arrivals.publish(event).await? {
        Arrived::Stored | Arrived::Repeated => Ok("OK".into_response()),
        Arrived::Unwanted => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn mode(headers: &HeaderMap) -> Result<Mode, Problem> {
    let message = match content_type::of(headers).as_str() {
        "application/cloudevents+json" => return Ok(Mode::Structured),
        "application/json" => return Ok(Mode::Raw),
        "application/cloudevents-batch+json" => {
            "batches are not taken; send each event by itself, as `application/cloudevents+json`"
        }
        _ => "the content type must be `application/cloudevents+json`",
    };
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

fn wants_hal_only(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        texts.flat_map(|text| text.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let is_hal = |kind: &str| kind.eq_ignore_ascii_case("application/hal+json");
    kinds.next().is_some_and(|first| is_hal(first) && kinds.all(is_hal))
}

fn count(service: &Service, client_id: &str) -> Result<(), Refusal> {
    let Some(limit) = service.0.options.ingress_limit else { return Ok(()) };
    service.0.published.count(client_id, limit, service.0.clock.now()).map_err(|reached| {
        let message = format!("this client may publish {limit} events in 5 seconds");
        Refusal::Later { seconds: reached.seconds, problem: Problem::new(StatusCode::TOO_MANY_REQUESTS, message) }
    })
}

fn is_health_data(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(HEALTH_DATA).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(_) => Err(Problem::bad_request("the header `x-event-phidata` must be `true` or `false`")),
    }
}

/// An event whose attributes stand in headers. Only health data has to bring an id along; whoever gives none cannot
/// send the event again without doubling it.
fn raw_event(headers: &HeaderMap, document: &str, is_health_data: bool) -> Result<CloudEvent, Problem> {
    let missing = |name: &HeaderName| Problem::bad_request(format!("the header `{name}` is required for plain JSON"));
    let provider = text(headers, &RAW_PROVIDER)?.ok_or_else(|| missing(&RAW_PROVIDER))?;
    let code = text(headers, &RAW_CODE)?.ok_or_else(|| missing(&RAW_CODE))?;
    let id = match text(headers, &RAW_ID)? {
        Some(id) => id.to_owned(),
        None if is_health_data => return Err(missing(&RAW_ID)),
        None => Uuid::new_v4().to_string(),
    };
    let data = RawValue::from_string(document.to_owned()).map_err(|_| Problem::bad_request("the body is no JSON"))?;
    let source = format!("urn:uuid:{provider}");
    let attributes = serde_json::Map::new();
    Ok(CloudEvent { id, source, code: code.to_owned(), data, attributes, brought_in: None })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|text| (1..=TEXT_BYTES_MAX).contains(&text.len()));
    let fault =
        || Problem::bad_request(format!("the header `{name}` must have 1 to {TEXT_BYTES_MAX} plain characters"));
    text.map(Some).ok_or_else(fault)
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Key => Self::Key,
            Denied::Token(_) | Denied::Scope | Denied::Unknown(_) => Self::Problem(denied.into()),
        }
    }
}

impl From<ArrivalError> for Refusal {
    fn from(error: ArrivalError) -> Self {
        let message = error.to_string();
        match error {
            ArrivalError::Invalid(_) => Self::Problem(Problem::bad_request(message)),
            ArrivalError::Conflict => Self::Problem(Problem::conflict(message, None)),
            ArrivalError::Unavailable { retry_after } => {
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, message);
                Self::Later { seconds: retry_after.as_secs().max(1), problem }
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Key => {
                let body = serde_json::json!({"error_code": "403003", "message": "Api Key is invalid"});
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            }
            Self::Later { seconds, problem } => again_after(seconds, problem),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}
