use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adobe::Issuer;
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::join_all;
use http::StatusCode;

use crate::support::{Stand, Time, pool};

const PATH: &str = "/jwks.json";
type Answer = fn() -> Response;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// A set of so many keys of the kind that is shortest.
fn set(count: usize) -> String {
    let key = |number: usize| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{number}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#)
    };
    format!(r#"{{"keys":[{}]}}"#, (0..count).map(key).collect::<Vec<_>>().join(","))
}

/// An issuer that answers so, and what keeps its keys.
async fn start(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> (Stand, Issuer, Time) {
    let (stand, time) = (Stand::start(move |_, before| answer(before)).await, Time::new());
    let issuer = Issuer::new(pool(), &format!("{}{PATH}", stand.url), time.clock()).unwrap();
    (stand, issuer, time)
}

#[tokio::test]
async fn all_who_wait_share_one_download() {
    let (stand, issuer, _) = start(|_| set(1).into_response()).await;
    let keys = join_all((0..100).map(|_| issuer.keys())).await;
    assert!(keys.iter().all(|keys| keys.as_ref().unwrap().keys.count() == 1));
    assert_eq!(stand.count(PATH), 1);
}

#[tokio::test]
async fn keys_are_renewed_each_hour_and_kept_for_a_day_while_the_issuer_is_silent() {
    let down =
        |before: usize| if before == 0 { set(1).into_response() } else { StatusCode::BAD_GATEWAY.into_response() };
    let (stand, issuer, time) = start(down).await;
    issuer.keys().await.unwrap();
    time.advance(HOUR - 1);
    issuer.keys().await.unwrap();
    assert_eq!(stand.count(PATH), 1);
    time.advance(1);
    issuer.keys().await.unwrap();
    assert_eq!(stand.count(PATH), 2);
    time.advance(23 * HOUR - 1);
    issuer.keys().await.unwrap();
    time.advance(1);
    let error = issuer.keys().await.unwrap_err();
    assert_eq!(error.to_string(), "the issuer's keys cannot be had: it answered 502");
}

#[tokio::test]
async fn newer_keys_are_looked_for_once_a_minute_and_used_by_all() {
    let (stand, issuer, time) = start(|before| set(before + 1).into_response()).await;
    let known = issuer.keys().await.unwrap();
    let found = join_all((0..100).map(|_| issuer.newer(&known))).await;
    assert!(found.iter().all(|found| found.keys.count() == 2));
    assert_eq!(issuer.keys().await.unwrap().keys.count(), 2);
    time.advance(MINUTE - 1);
    let known = issuer.keys().await.unwrap();
    assert_eq!(issuer.newer(&known).await.keys.count(), 2);
    assert_eq!(stand.count(PATH), 2);
    time.advance(1);
    assert_eq!(issuer.newer(&known).await.keys.count(), 3);
    assert_eq!(issuer.keys().await.unwrap().keys.count(), 3);
    assert_eq!(stand.count(PATH), 3);
}

#[tokio::test]
async fn a_look_for_newer_keys_that_fails_leaves_those_at_hand() {
    let down = |before: usize| if before == 0 { set(1).into_response() } else { StatusCode::NOT_FOUND.into_response() };
    let (stand, issuer, time) = start(down).await;
    let known = issuer.keys().await.unwrap();
    for _ in 0..3 {
        assert_eq!(issuer.newer(&known).await.keys.count(), 1);
    }
    assert_eq!(stand.count(PATH), 2);
    assert_eq!(issuer.keys().await.unwrap().keys.count(), 1);
    time.advance(MINUTE);
    issuer.newer(&known).await;
    assert_eq!(stand.count(PATH), 3);
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_refused() {
    let answers: [(Answer, &str); 5] = [
        (|| "{}".into_response(), "cannot be read: expected a JSON Web Key Set"),
        (|| set(65).into_response(), "cannot be read: expected at most 64 keys"),
        (|| " ".repeat(300 * 1024).into_response(), "it answered with more than 262144 bytes"),
        (|| Redirect::to("http://127.0.0.1:9/").into_response(), "it answered 303"),
        (|| StatusCode::NO_CONTENT.into_response(), "it answered 204"),
    ];
    for (answer, expected) in answers {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let (_stand, issuer, _) = start(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            answer()
        })
        .await;
        let error = issuer.keys().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(issuer.keys().await.unwrap_err().to_string(), error, "a failure is remembered for a pause");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    let silent = Issuer::new(pool(), "http://127.0.0.1:9/", Time::new().clock()).unwrap();
    assert!(silent.keys().await.unwrap_err().to_string().contains("it cannot be reached"));
    assert!(Issuer::new(pool(), "ftp://issuer", Time::new().clock()).is_err());
}
