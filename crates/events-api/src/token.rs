//! The token endpoint, as Adobe's IMS has it for OAuth server-to-server credentials.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tracing::error;

use crate::problem::Problem;
use crate::rate::again_after;
use crate::{Service, content_type, credentials, jwt};

const BODY_BYTES_MAX: usize = 16 * 1024;

const CLIENT_ID_BYTES_MAX: usize = 128;

/// Failures of one client in a window. Whoever has the right secret gets a token beyond that too: a stranger who knows
/// the client's id must not lock it out.
const FAILURES_MAX: u32 = 100;

/// What a client may ask for (contract, section 1.4), and the two scopes that starter kits add.
const SCOPES: [&str; 13] = [
    "AdobeID",
    "openid",
    "email",
    "profile",
    "read_organizations",
    "additional_info.projectedProductContext",
    "additional_info.roles",
    "adobeio_api",
    "s/ent_adobeio_sdk",
    "read_client_secret",
    "manage_client_secrets",
    "event_receiver_api",
    "commerce.accs",
];

pub(crate) type Form = BTreeMap<String, String>;

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum Refusal {
    Request(&'static str),
    Grant,
    Client(&'static str),
    Scope(String),
    TooMany { seconds: u64 },
    Other(Problem),
}

pub(crate) fn routes() -> Router<Service> {
    Router::new().route("/ims/token/v3", post(version_3)).route("/ims/token/v2", post(version_2))
}

async fn version_3(State(service): State<Service>, request: Request) -> Result<Response, Refusal> {
    issue(&service, &read(&service, request).await?).await
}

/// The older endpoint wants the organisation as well.
async fn version_2(State(service): State<Service>, request: Request) -> Result<Response, Refusal> {
    let form = read(&service, request).await?;
    if form.get("org_id") != Some(&service.0.identity.ims_org_id) {
        return Err(Refusal::Request("invalid org_id parameter"));
    }
    issue(&service, &form).await
}

async fn issue(service: &Service, form: &Form) -> Result<Response, Refusal> {
    let inner = &service.0;
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return Err(Refusal::Grant);
    }
    let client_id = form.get("client_id").filter(|id| (1..=CLIENT_ID_BYTES_MAX).contains(&id.len()));
    let client_id = client_id.ok_or(Refusal::Client("invalid client_id parameter"))?;
    let secret = form.get("client_secret").map(String::as_str).unwrap_or_default();
    let now = inner.clock.now();
    // Not from memory: a client that was made a moment ago gets its token at once.
    let known = inner.access.read(&*inner.store, now).await.map_err(|error| Refusal::Other(error.into()))?;
    let credential = known.alive(client_id, now);
    if !credentials::has_secret(credential, secret, now) {
        if let Err(reached) = inner.token_failures.count(client_id, FAILURES_MAX, now) {
            return Err(Refusal::TooMany { seconds: reached.seconds });
        }
        let wrong =
            if credential.is_some() { "invalid client_secret parameter" } else { "invalid client_id parameter" };
        return Err(Refusal::Client(wrong));
    }
    let scope = scopes(form.get("scope").map(String::as_str).unwrap_or_default())?;
    let token = inner.access.key.issue(client_id, scope, now).map_err(|error| {
        error!(%error, "a token cannot be signed");
        Refusal::Other(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the token cannot be made"))
    })?;
    let lifetime = jwt::LIFETIME.as_secs() - 1;
    let answer = json!({"access_token": token, "token_type": "bearer", "expires_in": lifetime});
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(answer)).into_response())
}

/// The scopes asked for, with commas between them.
fn scopes(text: &str) -> Result<String, Refusal> {
    let asked: Vec<&str> = text.split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
    if asked.is_empty() {
        return Err(Refusal::Scope("the parameter scope is missing".to_owned()));
    }
    match asked.iter().find(|scope| !SCOPES.contains(scope)) {
        Some(unknown) if unknown.len() <= 64 => Err(Refusal::Scope(format!("the scope {unknown} cannot be granted"))),
        Some(_) => Err(Refusal::Scope("one of the scopes cannot be granted".to_owned())),
        None => Ok(asked.join(",")),
    }
}

/// The parameters of query and body together.
pub(crate) async fn read(service: &Service, request: Request) -> Result<Form, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = service.0.options.bodies.read(BODY_BYTES_MAX, &parts.headers, body).await;
    let bytes = bytes.map_err(|fault| Refusal::Other(fault.into()))?;
    let mut form = Form::new();
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        add(&mut form, name.into_owned(), value.into_owned())?;
    }
    if bytes.is_empty() {
        return Ok(form);
    }
    match content_type::of(&parts.headers).as_str() {
        "application/x-www-form-urlencoded" => {
            for (name, value) in form_urlencoded::parse(&bytes) {
                add(&mut form, name.into_owned(), value.into_owned())?;
            }
        }
        "multipart/form-data" => read_multipart(&mut form, &parts.headers, bytes.into()).await?,
        _ => return Err(Refusal::Request("the body must be a form, urlencoded or multipart/form-data")),
    }
    Ok(form)
}

async fn read_multipart(form: &mut Form, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    const MALFORMED: Refusal = Refusal::Request("the multipart body is malformed");
    let mut request = Request::new(body);
    request.headers_mut().extend(headers.get(CONTENT_TYPE).map(|value| (CONTENT_TYPE, value.clone())));
    let mut fields = Multipart::from_request(request, &()).await.map_err(|_| MALFORMED)?;
    while let Some(field) = fields.next_field().await.map_err(|_| MALFORMED)? {
        let name = field.name().ok_or(MALFORMED)?.to_owned();
        add(form, name, field.text().await.map_err(|_| MALFORMED)?)?;
    }
    Ok(())
}

/// A parameter may be repeated, in the query for example, but not with another value.
fn add(form: &mut Form, name: String, value: String) -> Result<(), Refusal> {
    if form.get(&name).is_some_and(|first| *first != value) {
        return Err(Refusal::Request("a parameter has two values"));
    }
    form.insert(name, value);
    Ok(())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = |error: &str, text: &str| refusal(&json!({"error": error, "error_description": text}));
        match self {
            Self::Request(text) => error("invalid_request", text),
            Self::Grant => refusal(&json!({"error": "unsupported_grant_type"})),
            Self::Client(text) => error("invalid_client", text),
            Self::Scope(text) => error("invalid_scope", &text),
            Self::TooMany { seconds } => {
                let text = "too many failed attempts of this client";
                let body = Json(json!({"error": "too_many_requests", "error_description": text}));
                again_after(seconds, (StatusCode::TOO_MANY_REQUESTS, body))
            }
            Self::Other(problem) => problem.into_response(),
        }
    }
}

fn refusal(body: &Value) -> Response {
    (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body)).into_response()
}
