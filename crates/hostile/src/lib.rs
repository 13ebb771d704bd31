//! What strangers may send, as far as it is parsed: one function for each kind of input, which judges how it is taken.
//! `fuzz/` runs them under libFuzzer; the tests of this crate run them over the seeds and over what can be made of these.
//!
//! Invariant: no input makes one of them panic.

#![expect(clippy::missing_panics_doc, reason = "a panic is the verdict")]

use http::{HeaderMap, HeaderName, HeaderValue};

mod action;
mod cloud_event;
mod face;
mod filter;
mod headers;
mod journal;
mod manifest;
mod oauth;
mod place;
mod redaction;
mod runtime;
mod search;
mod sender;
mod service;
mod subscription;
mod token;
mod value;
mod web_action;
mod webhook;

pub use self::redaction::redaction;
pub use action::action;
pub use cloud_event::cloud_event;
pub use filter::filter;
pub use headers::headers;
pub use journal::journal;
pub use manifest::manifest;
pub use oauth::oauth;
pub use place::place;
pub use runtime::runtime;
pub use search::search;
pub use sender::sender;
pub use subscription::subscription;
pub use token::token;
pub use value::value;
pub use web_action::{web_request, web_result};
pub use webhook::webhook;

/// Judges how one input is taken.
pub type Target = fn(&[u8]);

/// All of them, by the names of their fuzz targets and of their seeds' folders.
pub const TARGETS: [(&str, Target); 18] = [
    ("action", action),
    ("cloud_event", cloud_event),
    ("filter", filter),
    ("headers", headers),
    ("journal", journal),
    ("manifest", manifest),
    ("oauth", oauth),
    ("place", place),
    ("redaction", redaction),
    ("runtime", runtime),
    ("search", search),
    ("sender", sender),
    ("subscription", subscription),
    ("token", token),
    ("value", value),
    ("web_request", web_request),
    ("web_result", web_result),
    ("webhook", webhook),
];

/// The input as lines: the first byte of each chooses the name of a header, the rest is its value; the last line is the
/// body.
fn headers_and_body<'i>(input: &'i [u8], names: &[&'static str]) -> (HeaderMap, &'i [u8]) {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let body = lines.pop().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for line in lines {
        let [first, value @ ..] = line else { continue };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(names[usize::from(*first) % names.len()]), value);
        }
    }
    (headers, body)
}

/// What stands before the first line end, and what follows it.
fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    end.map_or((input, &[]), |end| (&input[..end], &input[end + 1..]))
}
