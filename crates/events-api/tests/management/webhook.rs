//! A receiver on loopback that is asked whether it wants events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::world::BASE;

/// How a receiver takes the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Echoes,
    /// It answers 200 and something else.
    Ignores,
    Refuses,
}

#[derive(Clone, Debug)]
pub struct Webhook {
    pub url: String,
    asked: Arc<AtomicUsize>,
}

#[derive(Deserialize)]
struct Asked {
    challenge: String,
}

impl Webhook {
    pub async fn new(manner: Manner) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let challenge = move |State(asked): State<Arc<AtomicUsize>>, Query(query): Query<Asked>| async move {
            asked.fetch_add(1, Ordering::SeqCst);
            match manner {
                Manner::Echoes => (StatusCode::OK, query.challenge),
                Manner::Ignores => (StatusCode::OK, "hello".to_owned()),
                Manner::Refuses => (StatusCode::NOT_FOUND, String::new()),
            }
        };
        let router = Router::new().route("/hook", get(challenge).post("ok")).with_state(Arc::clone(&asked));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// One that does not echo, but fetches the validation URL before it answers the request that brought it.
    pub async fn eager(service: Router) -> String {
        let validate = move |Json(body): Json<Value>| async move {
            let url = body["validationUrl"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
            let fetched = service.oneshot(Request::get(url).body(Body::empty()).unwrap()).await.unwrap();
            fetched.status()
        };
        let router = Router::new().route("/hook", get("hello").post(validate));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
