use adobe::{EventsSender, SettingsError, Transport};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use proptest::prelude::*;

use super::{FIRST, SECOND, SHORT, STRANGE, headers, one, refusal, settings, signature, signed, start, vector};
use crate::support::{Time, pool};

/// A refusal for good, whose reason says this.
async fn check(sender: &EventsSender, headers: &HeaderMap, reason: &str) {
    let unproven = refusal(sender, headers, &vector("event.body")).await;
    assert!(unproven.reason.contains(reason), "{reason}: {unproven:?}");
    assert!(!unproven.is_temporary, "{unproven:?}");
}

#[tokio::test]
async fn what_the_sender_signed_is_taken_one_event_a_batch_or_nothing_at_all() {
    let (_stand, sender) = start().await;
    for body in ["event", "batch", "empty"] {
        sender.check(&signed(body), &vector(&format!("{body}.body"))).await.unwrap();
    }
    let other = refusal(&sender, &signed("event"), &vector("batch.body")).await;
    assert_eq!(
        other.reason,
        "`x-adobe-digital-signature-1` is no signature of this body of 47 bytes with its key; \
         `x-adobe-digital-signature-2` is no signature of this body of 47 bytes with its key"
    );
}

#[tokio::test]
async fn either_signature_is_enough() {
    let (_stand, sender) = start().await;
    let body = vector("event.body");
    sender.check(&one(1, "key-1", FIRST), &body).await.unwrap();
    sender.check(&one(2, "key-2", SECOND), &body).await.unwrap();
    // Which key is where is the sender's matter.
    sender.check(&one(1, "key-2", SECOND), &body).await.unwrap();
    let mut broken_first = signed("event");
    broken_first.insert("x-adobe-digital-signature-1", "AAAA".parse().unwrap());
    sender.check(&broken_first, &body).await.unwrap();
    let mut unknown_first = signed("event");
    unknown_first.insert("x-adobe-public-key1-path", "/prod/keys/gone.pem".parse().unwrap());
    sender.check(&unknown_first, &body).await.unwrap();
}

#[tokio::test]
async fn a_signature_counts_with_its_own_key_only() {
    let (_stand, sender) = start().await;
    let misfit = "`x-adobe-digital-signature-1` is no signature of this body of 130 bytes with its key";
    check(&sender, &one(1, "stranger", FIRST), misfit).await;
    check(&sender, &one(1, "key-1", SECOND), misfit).await;
    let swapped = headers(&[
        ("x-adobe-digital-signature-1", &signature("event", "key-2")),
        ("x-adobe-public-key1-path", FIRST),
        ("x-adobe-digital-signature-2", &signature("event", "key-1")),
        ("x-adobe-public-key2-path", SECOND),
    ]);
    check(&sender, &swapped, misfit).await;
    // 1 with 2 is no pair.
    let crossed =
        headers(&[("x-adobe-digital-signature-1", &signature("event", "key-1")), ("x-adobe-public-key2-path", FIRST)]);
    check(&sender, &crossed, "`x-adobe-public-key1-path` is missing beside `x-adobe-digital-signature-1`").await;
    check(&sender, &crossed, "`x-adobe-digital-signature-2` is missing beside `x-adobe-public-key2-path`").await;
    // Somebody who can put a key at the key host is the sender.
    sender.check(&one(1, "stranger", STRANGE), &vector("event.body")).await.unwrap();
}

#[tokio::test]
async fn other_algorithms_and_short_keys_prove_nothing() {
    let (_stand, sender) = start().await;
    let pss = String::from_utf8(vector("event.key-1.pss")).unwrap();
    let pss = headers(&[("x-adobe-digital-signature-1", &pss), ("x-adobe-public-key1-path", FIRST)]);
    check(&sender, &pss, "is no signature of this body").await;
    refusal(&sender, &one(1, "short", SHORT), &vector("event.body")).await;
}

#[tokio::test]
async fn no_bit_of_signature_or_body_may_differ() {
    let (_stand, sender) = start().await;
    let (body, good) = (vector("event.body"), BASE64_STANDARD.decode(signature("event", "key-1")).unwrap());
    for place in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[place / 8] ^= 1 << (place % 8);
        let text = BASE64_STANDARD.encode(flipped);
        let headers = headers(&[("x-adobe-digital-signature-1", &text), ("x-adobe-public-key1-path", FIRST)]);
        assert!(sender.check(&headers, &body).await.is_err(), "bit {place} of the signature");
    }
    let headers = one(1, "key-1", FIRST);
    for place in 0..body.len() * 8 {
        let mut flipped = body.clone();
        flipped[place / 8] ^= 1 << (place % 8);
        assert!(sender.check(&headers, &flipped).await.is_err(), "bit {place} of the body");
    }
    assert!(sender.check(&headers, &body[..body.len() - 1]).await.is_err());
    assert!(sender.check(&headers, &[&body[..], b"\n"].concat()).await.is_err());
}

#[tokio::test]
async fn the_encoding_is_standard_base64() {
    let (_stand, sender) = start().await;
    let good = signature("event", "key-1");
    let url_safe = good.replace('+', "-").replace('/', "_");
    let no_base64 = "`x-adobe-digital-signature-1` is no standard base64 of at most 1024 bytes";
    let long = "A".repeat(4_000);
    for text in ["", "=", "hello!", &good[..good.len() - 1], &url_safe, &long, &good.replacen('A', " ", 1)] {
        if text == good {
            continue;
        }
        let headers = headers(&[("x-adobe-digital-signature-1", text), ("x-adobe-public-key1-path", FIRST)]);
        check(&sender, &headers, no_base64).await;
    }
}

#[tokio::test]
async fn header_names_have_any_case_and_stand_there_once() {
    let (_stand, sender) = start().await;
    let shouted =
        headers(&[("X-Adobe-Digital-Signature-1", &signature("event", "key-1")), ("X-ADOBE-PUBLIC-KEY1-PATH", FIRST)]);
    sender.check(&shouted, &vector("event.body")).await.unwrap();
    for name in ["x-adobe-digital-signature-1", "x-adobe-public-key1-path"] {
        let mut twice = one(1, "key-1", FIRST);
        let again = twice.get(name).unwrap().clone();
        twice.append(http::HeaderName::from_static(name), again);
        check(&sender, &twice, &format!("`{name}` is there more than once")).await;
    }
    let mut odd = one(1, "key-1", FIRST);
    odd.insert("x-adobe-public-key1-path", http::HeaderValue::from_bytes(b"/prod/keys/\xe4.pem").unwrap());
    check(&sender, &odd, "`x-adobe-public-key1-path` has characters that are not ASCII").await;
    check(&sender, &HeaderMap::new(), "the delivery has no signature").await;
    // The SDK's page once spells it like this; nobody sends it.
    let misspelled =
        headers(&[("x-adobe-digital-signature1", &signature("event", "key-1")), ("x-adobe-public-key1-path", FIRST)]);
    check(&sender, &misspelled, "`x-adobe-digital-signature-1` is missing").await;
}

#[tokio::test]
async fn no_path_leads_to_another_host() {
    let (stand, sender) = start().await;
    for path in [
        "https://elsewhere.example/prod/keys/a.pem",
        "//elsewhere.example/prod/keys/a.pem",
        "@elsewhere.example/prod/keys/a.pem",
        "/prod/keys/../a.pem",
        "/prod/keys//a.pem",
        "/prod/keys/a.pem?b=.pem",
        "/prod/keys/%61.pem",
        "/stage/keys/a.pem",
    ] {
        check(&sender, &one(1, "key-1", path), "`x-adobe-public-key1-path` ").await;
    }
    assert_eq!(stand.count("/"), 0, "nothing was asked for");
}

#[tokio::test]
async fn keys_come_by_tls_unless_it_was_said() {
    let plain = |transport| {
        let settings = adobe::EventsSenderSettings { transport, ..settings("http://127.0.0.1:9", &[]) };
        EventsSender::new(&settings, pool(), Time::new().clock())
    };
    let error = plain(Transport::Tls).unwrap_err();
    assert!(matches!(error, SettingsError::Plain { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("`KIT_EVENTS_KEYS_URL`") && text.contains("must begin with `https://`"), "{text}");
    plain(Transport::PlainToo).unwrap();
    let mut none = settings("ftp://127.0.0.1", &[]);
    none.transport = Transport::PlainToo;
    assert!(EventsSender::new(&none, pool(), Time::new().clock()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever strangers put there is a refusal, never a panic.
    #[test]
    fn headers_of_strangers_prove_nothing(values in proptest::collection::vec("[ -~]{0,40}", 4), body in any::<Vec<u8>>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sender = super::sender("http://127.0.0.1:9", &Time::new());
        let headers = headers(&[
            ("x-adobe-digital-signature-1", &values[0]),
            ("x-adobe-public-key1-path", &values[1]),
            ("x-adobe-digital-signature-2", &values[2]),
            ("x-adobe-public-key2-path", &values[3]),
        ]);
        prop_assert!(runtime.block_on(sender.check(&headers, &body)).is_err());
    }
}
