//! Commerce and a back office on loopback in one: it answers what it is told and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::case::Target;

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A running server. Dropping it ends it.
pub struct Backend {
    pub address: String,
    calls: Calls,
    server: tokio::task::JoinHandle<()>,
}

type Calls = Arc<Mutex<Vec<Received>>>;

/// One call as it came over the wire.
#[derive(Clone)]
pub struct Received {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Value,
}

impl Received {
    /// A header's value, empty when it did not come.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Below `/rest/` is Commerce, below `/erp/` the back office.
    pub fn is_for_commerce(&self) -> bool {
        self.path.starts_with("/rest/")
    }

    pub fn is_deletion(&self) -> bool {
        self.method == "DELETE"
    }

    /// The call as `sent.json` has it.
    pub fn document(&self) -> Value {
        json!({"method": self.method, "path": self.path, "body": self.body})
    }
}

impl Backend {
    /// Answers the calls in turn; the last answer repeats.
    pub async fn start(targets: &[Target]) -> Self {
        let calls = Calls::default();
        let state = (Arc::clone(&calls), Arc::from(targets));
        let router = Router::new().fallback(answer).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, calls, server }
    }

    pub fn calls(&self) -> Vec<Received> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The answer to the call of this number, from 1 on.
pub fn nth(targets: &[Target], number: usize) -> &Target {
    targets.get(number - 1).or(targets.last()).expect("a case has an answer")
}

async fn answer(State((calls, targets)): State<(Calls, Arc<[Target]>)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let received = Received { method: head.method.to_string(), path, headers: head.headers, body };
    let count = {
        let mut calls = calls.lock().unwrap();
        calls.push(received);
        calls.len()
    };
    let target = nth(&targets, count);
    let text = if target.body.is_null() { String::new() } else { target.body.to_string() };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(target.status).unwrap();
    response
}
