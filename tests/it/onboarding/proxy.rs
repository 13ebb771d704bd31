//! Stands between a command and the events service: counts and keeps the calls, makes pages, answers in the service's place,
//! and holds an answer back while the command is killed.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What answers in the place of the service.
pub type StandIn = Box<dyn Fn(&Call) -> Option<Response> + Send + Sync>;

#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// With its query.
    pub path: String,
}

impl Call {
    /// Whether it changes something; tokens are no such thing.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET && !self.path.starts_with("/ims/")
    }
}

#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    state: Mutex<Inner>,
    held: Notify,
}

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    /// The answer to the call with this number is held back for good.
    hold: Option<usize>,
    page_items: Option<usize>,
    stand_in: Option<StandIn>,
}

impl Proxy {
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = target.trim_end_matches('/').to_owned();
        let shared = Shared { target, client: reqwest::Client::new(), state: Mutex::default(), held: Notify::new() };
        let proxy = Self { url, shared: Arc::new(shared) };
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    fn state(&self) -> MutexGuard<'_, Inner> {
        self.shared.state.lock().unwrap()
    }

    /// The calls since the last time.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// Forgets the calls, and lets the one with this number, from 1, have its effect and no answer.
    pub fn hold(&self, number: Option<usize>) {
        let mut state = self.state();
        state.calls.clear();
        state.hold = number;
    }

    /// Until that answer is held back.
    pub async fn held(&self) {
        self.shared.held.notified().await;
    }

    /// Lists come in pages of so many items.
    pub fn page(&self, items: usize) {
        self.state().page_items = Some(items);
    }

    pub fn stand_in(&self, answer: impl Fn(&Call) -> Option<Response> + Send + Sync + 'static) {
        self.state().stand_in = Some(Box::new(answer));
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let call = Call { method: parts.method.clone(), path: path.clone() };
    let (is_held, page_items) = {
        let mut state = proxy.state();
        state.calls.push(call.clone());
        if let Some(answer) = state.stand_in.as_ref().and_then(|stand_in| stand_in(&call)) {
            return answer;
        }
        (state.hold == Some(state.calls.len()), state.page_items)
    };
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    let url = format!("{}{path}", proxy.shared.target);
    let sent = proxy.shared.client.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (sent.status(), sent.headers().clone());
    let bytes = sent.bytes().await.unwrap();
    if is_held {
        proxy.shared.held.notify_one();
        std::future::pending::<()>().await;
    }
    let bytes = page_items.map_or_else(|| bytes.clone(), |items| paged(&bytes, &path, items));
    let mut response = (status, Body::from(bytes)).into_response();
    for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length" && *name != "transfer-encoding") {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// The page that the query asks for, with the link to the next.
fn paged(bytes: &Bytes, path: &str, items: usize) -> Bytes {
    let Ok(mut document) = serde_json::from_slice::<Value>(bytes) else { return bytes.clone() };
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let page: usize = query.strip_prefix("page=").map_or(0, |page| page.parse().unwrap());
    let Some(embedded) = document.get_mut("_embedded").and_then(Value::as_object_mut) else { return bytes.clone() };
    let Some(list) = embedded.values_mut().find_map(Value::as_array_mut) else { return bytes.clone() };
    let rest = list.split_off((page * items).min(list.len()));
    let has_next = rest.len() > items;
    *list = rest.into_iter().take(items).collect();
    if has_next {
        document["_links"]["next"] = json!({"href": format!("{place}?page={}", page + 1)});
    }
    Bytes::from(document.to_string())
}

/// A page such as a proxy or a login shows.
pub fn html(status: StatusCode) -> Response {
    (status, [("content-type", "text/html")], "<html><title>Sign in</title></html>").into_response()
}

pub fn problem(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"reason": null, "message": message}))).into_response()
}
