//! Deliveries with signatures that OpenSSL made (`tests/vectors/make`), and a key host on loopback.

mod hmac;
mod key_host;
mod signatures;
mod visits;

use std::path::PathBuf;

use adobe::{EventsSender, EventsSenderSettings, Transport, Unproven};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::support::{Seen, Stand, Time, pool};

const FIRST: &str = "/prod/keys/pub-key-11111111-0a53-4d3c-a4a7-3f2f6e1a9c55.pem";
const SECOND: &str = "/prod/keys/pub-key-22222222-0a53-4d3c-a4a7-3f2f6e1a9c55.pem";
const STRANGE: &str = "/prod/keys/pub-key-33333333-0a53-4d3c-a4a7-3f2f6e1a9c55.pem";
const SHORT: &str = "/prod/keys/pub-key-44444444-0a53-4d3c-a4a7-3f2f6e1a9c55.pem";

fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The base64 of a body's signature by a key.
fn signature(body: &str, key: &str) -> String {
    String::from_utf8(vector(&format!("{body}.{key}.signature"))).unwrap()
}

/// What the key host answers for its keys, and for everything else.
fn keys(seen: &Seen) -> Response {
    match seen.path.as_str() {
        FIRST => vector("key-1.pem").into_response(),
        SECOND => vector("key-2.pem").into_response(),
        STRANGE => vector("stranger.pem").into_response(),
        SHORT => vector("short.pem").into_response(),
        _ => http::StatusCode::NOT_FOUND.into_response(),
    }
}

fn settings(url: &str, secrets: &[&str]) -> EventsSenderSettings {
    EventsSenderSettings {
        keys_url: format!("{url}/"),
        management_url: format!("{url}/events/"),
        hmac_secrets: secrets.iter().copied().map(SecretString::from).collect(),
        transport: Transport::PlainToo,
    }
}

fn sender(url: &str, time: &Time) -> EventsSender {
    EventsSender::new(&settings(url, &[]), pool(), time.clock()).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// As a delivery of the sender has them.
fn signed(body: &str) -> HeaderMap {
    headers(&[
        ("x-adobe-digital-signature-1", &signature(body, "key-1")),
        ("x-adobe-public-key1-path", FIRST),
        ("x-adobe-digital-signature-2", &signature(body, "key-2")),
        ("x-adobe-public-key2-path", SECOND),
    ])
}

/// One signature of the event's body with a key at this path.
fn one(number: u8, key: &str, path: &str) -> HeaderMap {
    let (name, place) = (format!("x-adobe-digital-signature-{number}"), format!("x-adobe-public-key{number}-path"));
    headers(&[(&name, &signature("event", key)), (&place, path)])
}

async fn refusal(sender: &EventsSender, headers: &HeaderMap, body: &[u8]) -> Unproven {
    let unproven = sender.check(headers, body).await.unwrap_err();
    assert!(!unproven.reason.contains("Größe"), "nothing of the body: {unproven:?}");
    unproven
}

async fn start() -> (Stand, EventsSender) {
    let stand = Stand::start(|seen, _| keys(seen)).await;
    let sender = sender(&stand.url, &Time::new());
    (stand, sender)
}
