use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::join_all;
use http::StatusCode;

use super::{FIRST, SECOND, keys, one, refusal, sender, signed, start, vector};
use crate::support::{Seen, Stand, Time};

const HOUR: u64 = 3_600_000;

fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

#[tokio::test]
async fn a_hundred_deliveries_make_one_download() {
    let (stand, sender) = start().await;
    let (headers, body) = (signed("event"), vector("event.body"));
    let checks = join_all((0..100).map(|_| sender.check(&headers, &body))).await;
    assert!(checks.iter().all(Result::is_ok));
    sender.check(&headers, &body).await.unwrap();
    assert_eq!((stand.count(FIRST), stand.count(SECOND)), (1, 0), "the second key is asked for when the first fails");
    assert_eq!(stand.count("/"), 1);
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_at_most() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let stand = Stand::start(move |seen, _| if down.load(Ordering::SeqCst) { status(503) } else { keys(seen) }).await;
    let time = Time::new();
    let sender = sender(&stand.url, &time);
    let (headers, body) = (one(1, "key-1", FIRST), vector("event.body"));
    sender.check(&headers, &body).await.unwrap();
    time.advance(20 * HOUR - 1);
    sender.check(&headers, &body).await.unwrap();
    assert_eq!(stand.count(FIRST), 1);
    // Before its end it is asked for again; while the host is down it goes on to count.
    is_down.store(true, Ordering::SeqCst);
    time.advance(1);
    sender.check(&headers, &body).await.unwrap();
    assert_eq!(stand.count(FIRST), 2);
    time.advance(4 * HOUR - 1);
    sender.check(&headers, &body).await.unwrap();
    time.advance(1);
    let unproven = refusal(&sender, &headers, &body).await;
    assert!(unproven.is_temporary && unproven.reason.contains("the key host answered 503"), "{unproven:?}");
    is_down.store(false, Ordering::SeqCst);
    time.advance(HOUR);
    sender.check(&headers, &body).await.unwrap();
}

#[tokio::test]
async fn a_key_that_was_taken_away_counts_no_more_when_it_is_asked_for_again() {
    let stand = Stand::start(|seen, before| if before == 0 { keys(seen) } else { status(404) }).await;
    let time = Time::new();
    let sender = sender(&stand.url, &time);
    let (headers, body) = (one(1, "key-1", FIRST), vector("event.body"));
    sender.check(&headers, &body).await.unwrap();
    time.advance(20 * HOUR);
    let unproven = refusal(&sender, &headers, &body).await;
    assert!(
        !unproven.is_temporary && unproven.reason.contains(&format!("the key host has no `{FIRST}`")),
        "{unproven:?}"
    );
}

#[tokio::test]
async fn a_new_path_is_a_new_key() {
    let (stand, sender) = start().await;
    let body = vector("event.body");
    sender.check(&one(1, "key-1", FIRST), &body).await.unwrap();
    sender.check(&one(1, "key-2", SECOND), &body).await.unwrap();
    sender.check(&one(2, "key-1", FIRST), &body).await.unwrap();
    assert_eq!((stand.count(FIRST), stand.count(SECOND)), (1, 1));
}

#[tokio::test]
async fn what_the_host_does_not_have_is_remembered_for_a_minute() {
    for code in [403, 404, 410] {
        let stand = Stand::start(move |_, _| status(code)).await;
        let time = Time::new();
        let sender = sender(&stand.url, &time);
        let (headers, body) = (one(1, "key-1", FIRST), vector("event.body"));
        for _ in 0..10 {
            let unproven = refusal(&sender, &headers, &body).await;
            assert!(!unproven.is_temporary && unproven.reason.contains("the key host has no "), "{unproven:?}");
        }
        assert_eq!(stand.count(FIRST), 1, "{code}");
        time.advance(60_000);
        refusal(&sender, &headers, &body).await;
        assert_eq!(stand.count(FIRST), 2, "{code}");
    }
}

/// A refusal after which the delivery may come again.
async fn check(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static, reason: &str) {
    let good = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&good);
    let stand = Stand::start(move |seen, _| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => answer(seen),
        _ => keys(seen),
    });
    let (stand, time) = (stand.await, Time::new());
    let sender = sender(&stand.url, &time);
    let (headers, body) = (one(1, "key-1", FIRST), vector("event.body"));
    let unproven = refusal(&sender, &headers, &body).await;
    assert!(unproven.is_temporary && unproven.reason.contains(reason), "{reason}: {unproven:?}");
    refusal(&sender, &headers, &body).await;
    assert_eq!(stand.count("/"), 1, "{reason}: not again at once, and nowhere else");
    time.advance(60_000);
    sender.check(&headers, &body).await.unwrap();
}

#[tokio::test]
async fn trouble_of_the_key_host_is_no_verdict() {
    for code in [408, 429, 500, 502, 503, 204] {
        check(move |_| status(code), &format!("the key host answered {code}")).await;
    }
    check(|_| Redirect::temporary("/prod/keys/other.pem").into_response(), "the key host answered 307").await;
    check(|_| "x".repeat(1024 * 1024).into_response(), "more than 16384 bytes").await;
    for body in ["", "<html>sign in</html>", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        check(move |_| body.into_response(), "something that is no RSA key").await;
    }
}

#[tokio::test]
async fn a_key_host_that_cannot_be_reached_is_a_reason_to_come_again() {
    let unproven = refusal(&sender("http://127.0.0.1:9", &Time::new()), &signed("event"), &vector("event.body")).await;
    assert!(unproven.is_temporary && unproven.reason.contains("the key host cannot be reached"), "{unproven:?}");
}

#[tokio::test]
async fn one_key_is_enough_while_the_other_cannot_be_had() {
    let stand = Stand::start(|seen, _| if seen.path == FIRST { status(500) } else { keys(seen) }).await;
    let sender = sender(&stand.url, &Time::new());
    sender.check(&signed("event"), &vector("event.body")).await.unwrap();
}

#[tokio::test]
async fn strangers_cannot_make_us_hammer_the_key_host() {
    let stand = Stand::start(|seen, _| keys(seen)).await;
    let time = Time::new();
    let sender = sender(&stand.url, &time);
    let body = vector("event.body");
    sender.check(&one(1, "key-1", FIRST), &body).await.unwrap();
    for number in 0..1_000 {
        refusal(&sender, &one(1, "stranger", &format!("/prod/keys/guess-{number}.pem")), &body).await;
    }
    assert_eq!(stand.count("/"), 30, "downloads in a minute");
    sender.check(&one(1, "key-1", FIRST), &body).await.unwrap();
    let new = refusal(&sender, &one(2, "key-2", SECOND), &body).await;
    assert!(new.is_temporary && new.reason.contains("too many keys"), "the sender's own comes again: {new:?}");
    time.advance(60_000);
    sender.check(&one(2, "key-2", SECOND), &body).await.unwrap();
    assert_eq!((stand.count("/"), stand.count(FIRST)), (31, 1), "a key stays, whatever strangers ask for");
}
