//! Proof that the owner of a webhook wants events there (contract, section 4.1).

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};
use store::{Registration, Verification};
use subtle::ConstantTimeEq;
use tracing::{info, warn};
use uuid::Uuid;

use crate::Service;
use crate::courier::EVENT_CODE;
use crate::outbound::{self, Answer, Outgoing, Sent};
use crate::problem::{Problem, REQUEST_ID};

/// The event code of the request that carries a validation URL.
pub(crate) const CHALLENGE_CODE: &str = "challenge";

pub(crate) const VALIDATION_PATH: &str = "/events/csm/registrations/validate";

/// Answers are a word or a short object.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// How long the validation URL counts.
const VALIDATION_TIME: SignedDuration = SignedDuration::from_mins(5);

/// Asks a webhook whether it wants events of this client: it echoes a challenge, or somebody fetches the validation
/// URL that is sent there.
///
/// # Errors
/// Why the webhook cannot be taken, in words for its owner.
pub(crate) async fn verify(service: &Service, url: &str, client_id: &str) -> Result<Verification, String> {
    let address = Url::parse(url).map_err(|_| "`webhook_url` is no address".to_owned())?;
    match address.scheme() {
        "https" => {}
        "http" if service.0.options.takes_plain_http => {}
        _ => return Err("`webhook_url` must begin with `https://`".to_owned()),
    }
    let challenge = Uuid::new_v4().to_string();
    let mut asked = address;
    asked.query_pairs_mut().append_pair("challenge", &challenge);
    let get = outgoing(Method::GET, asked.into(), HeaderMap::new(), String::new());
    let answer = ok(outbound::send(service, &get, ANSWER_BYTES_MAX + 1).await)?;
    if is_echo(&answer.body, &challenge) {
        info!(client_id, "a webhook has echoed its challenge");
        return Ok(Verification::Verified);
    }
    send_validation_url(service, url, client_id).await
}

async fn send_validation_url(service: &Service, url: &str, client_id: &str) -> Result<Verification, String> {
    let (id, challenge) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let now = service.0.clock.now();
    let until = now.saturating_add(VALIDATION_TIME).unwrap_or(now);
    let validation_url = format!("{}{VALIDATION_PATH}?id={id}&challenge={challenge}", service.0.options.base_url);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EVENT_CODE, HeaderValue::from_static(CHALLENGE_CODE));
    let body = json!({"validationUrl": validation_url}).to_string();
    let post = outgoing(Method::POST, url.to_owned(), headers, body);
    let validations = &service.0.validations;
    validations.remember(&id, &challenge, until, now);
    let sent = outbound::send(service, &post, ANSWER_BYTES_MAX).await;
    leave_trace(service, &post, &sent, client_id).await;
    if let Err(reason) = ok(sent) {
        validations.forget(&id);
        return Err(reason);
    }
    if validations.is_fetched(&id) {
        validations.forget(&id);
        return Ok(Verification::Verified);
    }
    info!(client_id, "a webhook has got a validation URL");
    Ok(Verification::Pending { id, challenge, until })
}

/// A registration that is new has no number yet, and so no traces.
async fn leave_trace(service: &Service, post: &Outgoing, sent: &Sent, client_id: &str) {
    let routes = service.0.routes.get();
    let is_its =
        |other: &&Registration| other.client_id == client_id && other.webhook_url.as_deref() == Some(post.url.as_str());
    let Some(registration) = routes.catalogue().registrations.iter().find(is_its) else { return };
    let trace = outbound::trace(post, sent, registration.id, Vec::new());
    if let Err(error) = service.0.store.put_trace(trace).await {
        warn!(%error, "the trace of a challenge is lost");
    }
}

fn outgoing(method: Method, url: String, mut headers: HeaderMap, body: String) -> Outgoing {
    let id = Uuid::new_v4();
    headers.insert(USER_AGENT, HeaderValue::from_static(outbound::USER_AGENT));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    Outgoing { id, method, url, headers, body }
}

fn ok(sent: Sent) -> Result<Answer, String> {
    match sent.answer {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => Err(format!("the webhook answered its challenge with {} and has to answer 200", answer.status)),
        Err(none) => Err(format!("the webhook did not answer its challenge: {}", none.reason())),
    }
}

/// The bare value, the value in quotes, or `{"challenge": value}`.
fn is_echo(body: &[u8], challenge: &str) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let text = text.trim();
    let json: Option<Value> = serde_json::from_str(text).ok();
    let named = json.as_ref().and_then(|json| json.as_str().or_else(|| json.get("challenge")?.as_str()));
    body.len() <= ANSWER_BYTES_MAX && (text == challenge || named == Some(challenge))
}

pub(crate) fn routes() -> Router<Service> {
    Router::new().route(VALIDATION_PATH, get(validate))
}

/// Whoever fetches this has read what was sent to the webhook.
async fn validate(State(service): State<Service>, RawQuery(query): RawQuery) -> Result<&'static str, Problem> {
    const DONE: &str = "The webhook is verified; events will be delivered to it.";
    let (mut id, mut challenge) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "id" => id = value.into_owned(),
            "challenge" => challenge = value.into_owned(),
            _ => {}
        }
    }
    let now = service.0.clock.now();
    // Noted before the catalogue is looked at: whoever stores the registration meanwhile finds the note.
    let is_sent = service.0.validations.fetch(&id, &challenge, now);
    if waiting(&service, &id, &challenge).is_none() {
        return if is_sent { Ok(DONE) } else { Err(Problem::not_found("no webhook waits for this validation")) };
    }
    let _turn = service.0.turn.lock().await;
    let Some((registration, until)) = waiting(&service, &id, &challenge) else { return Ok(DONE) };
    if now >= until {
        let text = "the validation URL has expired; enable the registration again to get another one";
        return Err(Problem::new(StatusCode::GONE, text));
    }
    service.0.store.put_registration(verified(registration)).await?;
    service.refresh().await?;
    service.0.validations.forget(&id);
    Ok(DONE)
}

/// The registration that waits for this validation, and until when.
fn waiting(service: &Service, id: &str, challenge: &str) -> Option<(Registration, Timestamp)> {
    let routes = service.0.routes.get();
    routes.catalogue().registrations.iter().find_map(|registration| match &registration.verification {
        Verification::Pending { id: other, challenge: expected, until } if other == id => {
            let is_right: bool = challenge.as_bytes().ct_eq(expected.as_bytes()).into();
            is_right.then(|| (registration.clone(), *until))
        }
        Verification::Pending { .. } | Verification::Verified => None,
    })
}

/// Registrations that wait for a validation URL which was fetched before they were stored.
pub(crate) fn fetched(service: &Service) -> Vec<Registration> {
    let routes = service.0.routes.get();
    let registrations = routes.catalogue().registrations.iter();
    let is_fetched = |registration: &&Registration| match &registration.verification {
        Verification::Pending { id, .. } => service.0.validations.is_fetched(id),
        Verification::Verified => false,
    };
    registrations.filter(is_fetched).cloned().collect()
}

pub(crate) fn verified(registration: Registration) -> Registration {
    info!(registration = registration.registration_id, "a webhook was validated");
    Registration { verification: Verification::Verified, ..registration }
}

#[cfg(test)]
mod tests {
    use super::is_echo;

    #[test]
    fn an_echo_is_bare_or_quoted_or_json() {
        for body in ["c-1", " c-1\n", r#""c-1""#, r#"{"challenge":"c-1"}"#, r#"{ "challenge" : "c-1", "more": 1 }"#] {
            assert!(is_echo(body.as_bytes(), "c-1"), "{body}");
        }
        for body in ["", "c-2", "OK", r#"["c-1"]"#, r#"{"challenge":1}"#, r#"{"other":"c-1"}"#, "'c-1'"] {
            assert!(!is_echo(body.as_bytes(), "c-1"), "{body}");
        }
        assert!(!is_echo(b"c-1\xff", "c-1"));
        assert!(!is_echo(format!("c-1{}", " ".repeat(16 * 1024)).as_bytes(), "c-1"));
    }
}
