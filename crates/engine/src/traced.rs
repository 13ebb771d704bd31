//! Requests and answers as tracing shows them: without credentials and signatures of either side, and without secrets in the
//! address and in both bodies. What is sent has all of them.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use redaction::REDACTED;
use store::Trace;

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
