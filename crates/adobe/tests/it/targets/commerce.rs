//! Commerce and whatever stands in its place may misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adobe::Bearer;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use sdk::{Fate, Reply, Stop, TargetPort};
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::{commerce, get, post};
use crate::support::{Stand, json};

/// Serves the same answer to everybody; says where.
async fn server(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/rest", listener.local_addr().unwrap());
    let router = Router::new().fallback(move || async move { answer() });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn call(url: &str, token: &str) -> Result<Reply, Stop> {
    commerce(url, Bearer::new(SecretString::from(token.to_owned()))).call(get("products/A")).await
}

#[tokio::test]
async fn a_success_that_is_not_json_comes_from_something_in_between() {
    let url = server(|| "<html>maintenance</html>".into_response()).await;
    let reply = call(&url, "token").await.unwrap();
    assert_eq!(
        (reply.status, reply.error.as_deref()),
        (502, Some("Commerce answered 200 with something that is not JSON"))
    );
}

#[tokio::test]
async fn an_empty_success_is_a_success() {
    let url = server(|| StatusCode::NO_CONTENT.into_response()).await;
    let reply = call(&url, "token").await.unwrap();
    assert!(reply.is_success() && reply.body.is_null());
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let url = server(|| Body::from(vec![b' '; 5 * 1024 * 1024]).into_response()).await;
    let reply = call(&url, "token").await.unwrap();
    assert_eq!(reply.status, 502);
    assert!(reply.error.unwrap().contains("more than 4194304 bytes"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let url = server(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Redirect::temporary("/elsewhere").into_response()
    });
    let reply = call(&url.await, "token").await.unwrap();
    assert_eq!((reply.status, asked.load(Ordering::SeqCst)), (307, 1));
}

#[tokio::test]
async fn nobody_there_is_a_retry_and_tells_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let stop = call(&format!("http://{address}/rest/"), "token").await.unwrap_err();
    assert_eq!(stop.fate(), &Fate::Retry { after: None });
    assert_eq!(stop.to_string(), "Commerce cannot be reached");
}

#[tokio::test]
async fn a_token_that_no_header_carries_parks_and_is_not_told() {
    let stop = call("http://127.0.0.1:1/rest/", "to\nken").await.unwrap_err();
    assert_eq!(stop.fate(), &Fate::Parked);
    assert!(!format!("{stop:?}").contains("ken\""), "{stop:?}");
}

#[tokio::test]
async fn a_broken_connection_leaves_the_effect_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/rest/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let stop = call(&url, "token").await.unwrap_err();
    assert_eq!(stop.fate(), &Fate::Unknown { after: None });
    assert_eq!(stop.to_string(), "Commerce broke off the connection");
}

#[tokio::test]
async fn a_call_carries_its_event_and_its_kind() {
    let stand = Stand::start(|_, _| json(200, "{}")).await;
    let commerce = commerce(&format!("{}/rest", stand.url), Bearer::new(SecretString::from("token")));
    commerce.call(post("products", r#"{"product":{}}"#)).await.unwrap();
    let [seen] = &stand.seen("/rest/V1/products")[..] else { panic!("one call") };
    assert_eq!((seen.method.as_str(), &*seen.body), ("POST", &br#"{"product":{}}"#[..]));
    let headers =
        ["authorization", "accept", "content-type", "x-event-id", "store"].map(|name| seen.header(name).unwrap_or(""));
    assert_eq!(headers, ["Bearer token", "application/json", "application/json", "event-1", ""]);
}

#[tokio::test]
async fn a_deadlock_is_tried_again_whatever_its_number() {
    let message = r#"{"message":"SQLSTATE[40001]: Serialization failure: 1213 Deadlock found"}"#;
    let stand = Stand::start(move |_, _| json(400, message)).await;
    let reply = commerce(&stand.url, Bearer::new(SecretString::from("t"))).call(post("products", "{}")).await.unwrap();
    assert_eq!(reply.status, 503);
    assert!(reply.error.unwrap().starts_with("Commerce answered 400: SQLSTATE[40001]"));
}

#[tokio::test]
async fn a_complaint_that_repeats_the_token_is_told_without_it() {
    let stand =
        Stand::start(|seen, _| json(401, &format!(r#"{{"message":"odd {}"}}"#, seen.header("authorization").unwrap())));
    let reply = call(&stand.await.url, "eyJ-a-token").await.unwrap();
    assert_eq!(reply.error.as_deref(), Some("Commerce answered 401: odd Bearer ***"));
}

#[tokio::test]
async fn credentials_that_do_not_change_are_not_tried_twice() {
    let stand = Stand::start(|_, _| json(401, r#"{"message":"no"}"#)).await;
    let reply = call(&stand.url, "token").await.unwrap();
    assert_eq!((reply.status, stand.count("/")), (401, 1));
}
