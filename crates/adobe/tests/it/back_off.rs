use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adobe::{Silence, TokenError};
use axum::response::Response;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio::net::TcpListener;

use crate::support::{Stand, TOKEN_PATH, Time, ims, json, token};

fn throttled(retry_after: &'static str) -> Response {
    let mut response = json(429, "{}");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
    response
}

/// After the answer there is no request for this long, and then one.
async fn check(answer: impl Fn() -> Response + Send + Sync + 'static, milliseconds: u64) {
    let stand = Stand::start(move |_, before| if before == 0 { answer() } else { token(before) }).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    let first = ims.token().await.unwrap_err().to_string();
    time.advance(milliseconds - 1);
    assert_eq!(ims.token().await.unwrap_err().to_string(), first);
    assert_eq!(stand.count(TOKEN_PATH), 1);
    time.advance(1);
    ims.token().await.unwrap();
    assert_eq!(stand.count(TOKEN_PATH), 2);
}

#[tokio::test]
async fn nothing_is_asked_before_the_time_that_ims_names() {
    check(|| throttled("7"), 7_000).await;
    check(|| throttled("Sun, 22 Nov 2026 10:01:30 GMT"), 90_000).await;
    check(|| throttled("0"), 500).await;
}

#[tokio::test]
async fn nothing_is_asked_for_a_pause_when_ims_names_none() {
    check(|| throttled("soon"), 500).await;
    check(|| json(503, "<html>"), 500).await;
    check(|| json(400, r#"{"error":"invalid_scope"}"#), 500).await;
}

#[tokio::test]
async fn pauses_double_and_a_success_ends_them() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let answer = move |before| if up.load(Ordering::SeqCst) { token(before) } else { json(500, "{}") };
    let stand = Stand::start(move |_, before| answer(before)).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    for (asked, pause) in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].into_iter().enumerate() {
        let error = ims.token().await.unwrap_err();
        assert!(matches!(error, TokenError::Unavailable { status: 500, retry_after: None }), "{error}");
        assert_eq!(stand.count(TOKEN_PATH), asked + 1);
        time.advance(pause - 1);
        ims.token().await.unwrap_err();
        assert_eq!(stand.count(TOKEN_PATH), asked + 1, "{pause}");
        time.advance(1);
    }
    is_up.store(true, Ordering::SeqCst);
    ims.token().await.unwrap();
    is_up.store(false, Ordering::SeqCst);
    time.advance(86_400_000);
    ims.token().await.unwrap_err();
    time.advance(500);
    is_up.store(true, Ordering::SeqCst);
    ims.token().await.unwrap();
}

#[tokio::test]
async fn a_token_is_used_to_its_end_when_it_cannot_be_renewed() {
    let stand = Stand::start(|_, before| if before == 0 { token(0) } else { json(503, "") }).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    let first = ims.token().await.unwrap();
    time.advance(86_200_000);
    assert_eq!(ims.token().await.unwrap(), first);
    assert_eq!(ims.token().await.unwrap(), first);
    assert_eq!(stand.count(TOKEN_PATH), 2);
    time.advance(199_000);
    assert!(matches!(ims.token().await, Err(TokenError::Unavailable { status: 503, .. })));
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_is_asked_again_only_after_a_pause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let time = Time::new();
    let ims = ims(&format!("http://{address}"), &time);
    let TokenError::NoAnswer { silence, source } = ims.token().await.unwrap_err() else { panic!("no answer") };
    assert_eq!(silence, Silence::Unreachable);
    assert!(!source.to_string().contains("127.0.0.1"), "{source}");
    let TokenError::NoAnswer { source: second, .. } = ims.token().await.unwrap_err() else { panic!("no answer") };
    assert!(Arc::ptr_eq(&source, &second), "the same failure");
    time.advance(500);
    let TokenError::NoAnswer { source: third, .. } = ims.token().await.unwrap_err() else { panic!("no answer") };
    assert!(!Arc::ptr_eq(&source, &third), "another try");
}

/// The paused runtime lets time limits pass as soon as nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_waited_for_no_longer_than_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let error = ims(&url, &Time::new()).token().await.unwrap_err();
    assert_eq!(error.to_string(), "IMS did not answer in time");
}
