//! The Commerce client against servers that misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adobe::{Bearer, Commerce, Pool};
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, StatusCode};
use sdk::{Call, Fate, Reply, Stop, TargetPort};
use secrecy::SecretString;
use tokio::net::TcpListener;

/// Serves the same answer to everybody; says where.
async fn server(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/rest", listener.local_addr().unwrap());
    let router = Router::new().fallback(move || async move { answer() });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn call(url: &str, token: &str) -> Result<Reply, Stop> {
    let authorize = Arc::new(Bearer::new(SecretString::from(token.to_owned())));
    let commerce = Commerce::new(Pool::new().unwrap(), url, authorize);
    commerce
        .call(Call {
            method: Method::GET,
            path: "products/A".to_owned(),
            body: None,
            event_id: None,
            changes: Vec::new(),
        })
        .await
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
