//! Requests and answers as tracing shows them: without credentials and signatures of either side, and without secrets in the
//! address and in both bodies. What is sent has all of them.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use redaction::REDACTED;
use serde_json::Value;
use store::{Activation, StoredEvent, Trace, TracedRequest, TracedResponse};

use crate::cloud_event::sent_with;

pub fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let redactor = redaction::process();
    let told = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = if value.is_sensitive() { REDACTED.into() } else { redactor.header(name.as_str(), &text) };
        (name.to_string(), text.into_owned())
    };
    headers.iter().map(told).collect()
}

/// Cut where the tracing API cuts.
pub fn body(text: &str) -> String {
    let mut text = redaction::process().json(text).into_owned();
    text.truncate(text.floor_char_boundary(Trace::BODY_BYTES_MAX));
    text
}

pub fn url(url: &str) -> String {
    let url = redaction::url(url);
    redaction::process().text(&url).into_owned()
}

/// The text that stands in for the body of an answer that never came (contract, section 6).
pub fn no_answer(code: u16, class: &str, id: impl fmt::Display, reason: &str, hint: &str) -> String {
    format!("{code} : {class} ERROR({id}) : | {reason} | {hint}")
}

/// A delivery to an action of this process, told as the request that it would have been: to `address`, with this body.
/// One that came by webhook has the headers that it came with.
pub fn delivery(run: &Activation, registration: i64, event: &StoredEvent, address: &str, sent: &str) -> Trace {
    let given = event.attributes.as_deref().and_then(sent_with);
    let made = || {
        let mut headers = vec![
            ("x-adobe-event-id".to_owned(), event.id.to_string()),
            ("x-adobe-event-code".to_owned(), event.code.to_string()),
        ];
        if run.attempt > 1 {
            headers.push(("x-adobe-retry-count".to_owned(), (run.attempt - 1).to_string()));
        }
        headers
    };
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(given.map_or_else(made, |given| given.into_iter().collect()));
    Trace {
        id: run.id,
        registration,
        events: vec![event.id],
        at: run.start,
        duration_ms: u64::try_from(run.end.duration_since(run.start).as_millis()).unwrap_or(0),
        request: TracedRequest { method: "POST".to_owned(), url: url(address), headers, body: body(sent) },
        response: response(run),
    }
}

/// The action's own answer; its activation is where to look further.
fn response(run: &Activation) -> TracedResponse {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let answer = result.get("error").filter(|error| error.is_object()).unwrap_or(&result);
    let status = answer.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let headers = vec![("x-openwhisk-activation-id".to_owned(), run.id.simple().to_string())];
    let body = answer.get("body").unwrap_or(answer).to_string();
    TracedResponse { status: status.unwrap_or(500), headers, body }
}
