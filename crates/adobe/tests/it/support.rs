use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adobe::{Clock, EventsApi, EventsSettings, Ims, ImsSettings, Pool};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use egress::{Allowance, Gate};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use sdk::Event;
use secrecy::SecretString;
use serde_json::value::RawValue;
use tokio::net::TcpListener;

pub const TOKEN_PATH: &str = "/ims/token/v3";
pub const SECRETS: [&str; 2] = ["p8e-old-secret", "p8e-new-secret"];
pub const PAYLOAD: &str = "payload-of-a-person";

/// Every token of the stand-in begins with this.
pub const TOKEN: &str = "eyJ-token-";

/// A request as the stand-in got it.
#[derive(Clone)]
pub struct Seen {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn form(&self) -> HashMap<String, String> {
        let url = format!("http://x/?{}", String::from_utf8(self.body.to_vec()).unwrap());
        reqwest::Url::parse(&url).unwrap().query_pairs().into_owned().collect()
    }
}

/// A server that records requests and answers as the test says.
pub struct Stand {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stand {
    /// `answer` also gets how many requests came to the same path before.
    pub async fn start(answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, record) = (Arc::new(answer), Arc::clone(&seen));
        let router = Router::new().fallback(move |request: Request| {
            let (answer, record) = (Arc::clone(&answer), Arc::clone(&record));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let path = parts.uri.path_and_query().unwrap().to_string();
                let new = Seen { method: parts.method, path, headers: parts.headers, body };
                let before = {
                    let mut seen = record.lock().unwrap();
                    let before = seen.iter().filter(|seen| seen.path == new.path).count();
                    seen.push(new.clone());
                    before
                };
                answer(&new, before)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    /// All requests to paths that begin so.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path.starts_with(path)).cloned().collect()
    }

    pub fn count(&self, path: &str) -> usize {
        self.seen(path).len()
    }
}

/// A clock moved by hand.
#[derive(Clone)]
pub struct Time(Arc<Mutex<Timestamp>>);

impl Time {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())))
    }

    pub fn advance(&self, milliseconds: u64) {
        *self.0.lock().unwrap() += Duration::from_millis(milliseconds);
    }

    pub fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Clock::new(move || *time.lock().unwrap())
    }
}

pub fn ims_settings(url: &str) -> ImsSettings {
    ImsSettings {
        token_url: format!("{url}{TOKEN_PATH}"),
        client_id: "client".to_owned(),
        client_secrets: SECRETS.map(SecretString::from).to_vec(),
        org_id: Some("24HEX@AdobeOrg".to_owned()),
        scopes: vec!["openid".to_owned(), "adobeio_api".to_owned()],
    }
}

/// Connections to this machine.
pub fn pool() -> Pool {
    Pool::new(&Gate::new(Allowance::of_loopback())).unwrap()
}

pub fn ims(url: &str, time: &Time) -> Arc<Ims> {
    Arc::new(Ims::new(pool(), ims_settings(url), time.clock()).unwrap())
}

pub fn events_settings(url: &str) -> EventsSettings {
    EventsSettings {
        ingress_url: url.to_owned(),
        management_url: format!("{url}/events/"),
        consumer_id: "11".to_owned(),
        project_id: "22".to_owned(),
        workspace_id: "33".to_owned(),
        org_id: "24HEX@AdobeOrg".to_owned(),
        client_id: "client".to_owned(),
    }
}

/// The client with tokens from `token_url` and everything else at `url`.
pub fn api_with_tokens_of(token_url: &str, url: &str, time: &Time) -> EventsApi {
    EventsApi::new(&events_settings(url), pool(), ims(token_url, time)).unwrap()
}

pub fn api(url: &str, time: &Time) -> EventsApi {
    api_with_tokens_of(url, url, time)
}

/// A stand-in that gives a numbered token to everybody, and for the rest does as told.
pub async fn stand(answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Stand {
    Stand::start(move |seen, before| if seen.path == TOKEN_PATH { token(before) } else { answer(seen, before) }).await
}

pub fn token(number: usize) -> Response {
    let body = format!(r#"{{"access_token":"{TOKEN}{number}","token_type":"bearer","expires_in":86399}}"#);
    json(200, &body)
}

pub fn json(status: u16, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

pub fn event() -> Event {
    Event {
        id: "01a200bf-5507-7193-887c-ac776645718e".to_owned(),
        source: "urn:uuid:4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55".to_owned(),
        code: "be-observer.catalog_product_create".to_owned(),
        time: "2026-11-22T00:54:28.872Z".parse().unwrap(),
        trace: None,
        data: RawValue::from_string(format!(r#"{{"name":"{PAYLOAD}"}}"#)).unwrap().into(),
    }
}

/// Neither secrets nor tokens nor payload.
pub fn assert_discreet(thing: &(impl Debug + ?Sized)) {
    let text = format!("{thing:?} {thing:#?}");
    for secret in SECRETS.into_iter().chain([TOKEN, PAYLOAD]) {
        assert!(!text.contains(secret), "{text}");
    }
}
