use adobe::EventsSender;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;

use super::{headers, refusal, settings, signed, start, vector};
use crate::support::{SECRETS, Time, assert_discreet, pool};

/// `printf '%s' hello | openssl dgst -sha256 -hmac p8e-new-secret -binary | base64`
const HELLO: &str = "nH6zXrsnVYwrID4N1kjxD8ofk6y91NPd9X2uRuIsz7U=";

fn sender(secrets: &[&str]) -> EventsSender {
    EventsSender::new(&settings("http://127.0.0.1:9", secrets), pool(), Time::new().clock()).unwrap()
}

fn header(value: &str) -> HeaderMap {
    headers(&[("x-adobe-signature", value)])
}

#[tokio::test]
async fn each_client_secret_counts_where_the_old_signature_is_believed() {
    sender(&SECRETS).check(&header(HELLO), b"hello").await.unwrap();
    sender(&SECRETS[1..]).check(&header(HELLO), b"hello").await.unwrap();
    let other = refusal(&sender(&SECRETS[..1]), &header(HELLO), b"hello").await;
    assert!(!other.is_temporary);
    let reason = "`x-adobe-signature` fits this body of 5 bytes with none of 1 client secrets";
    assert!(other.reason.contains(reason), "{other:?}");
    assert_discreet(&other);
    let believed = sender(&SECRETS);
    assert_discreet(&believed);
    assert!(refusal(&believed, &header(HELLO), b"hell0").await.reason.contains("of 2 client secrets"));
    assert!(refusal(&believed, &header("%"), b"hello").await.reason.contains("is no standard base64"));
    let mut twice = header(HELLO);
    twice.append("x-adobe-signature", HELLO.parse().unwrap());
    assert!(refusal(&believed, &twice, b"hello").await.reason.contains("more than once"));
    let mut bytes = BASE64_STANDARD.decode(HELLO).unwrap();
    for place in 0..bytes.len() * 8 {
        bytes[place / 8] ^= 1 << (place % 8);
        refusal(&believed, &header(&BASE64_STANDARD.encode(&bytes)), b"hello").await;
        bytes[place / 8] ^= 1 << (place % 8);
    }
}

#[tokio::test]
async fn it_proves_nothing_where_it_is_not_believed_and_is_never_demanded() {
    let unproven = refusal(&sender(&[]), &header(HELLO), b"hello").await;
    assert!(unproven.reason.contains("the delivery has no signature"), "{unproven:?}");
    let (stand, _) = start().await;
    let settings = settings(&stand.url, &SECRETS);
    let both = EventsSender::new(&settings, pool(), Time::new().clock()).unwrap();
    both.check(&signed("event"), &vector("event.body")).await.unwrap();
    let mut wrong = signed("event");
    wrong.insert("x-adobe-signature", HELLO.parse().unwrap());
    both.check(&wrong, &vector("event.body")).await.unwrap();
}
