//! The actions of these tests: they do what the test says, and tell it what they saw.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::{Denial, Guard};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use sdk::web::{Request, Response, WebAction};
use sdk::{Context, Params, RuntimeAction};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What the actions give, and what they saw. Clones share it.
#[derive(Clone, Debug)]
pub struct Script {
    gives: Arc<Mutex<Value>>,
    seen: Arc<Mutex<Option<Params>>>,
    runs: Arc<AtomicUsize>,
    /// Whether runs may end that wait for the test.
    released: watch::Sender<bool>,
}

impl Script {
    pub fn new() -> Self {
        Self { gives: Arc::default(), seen: Arc::default(), runs: Arc::default(), released: watch::Sender::new(false) }
    }

    pub fn give(&self, result: Value) {
        *self.gives.lock().unwrap_or_else(PoisonError::into_inner) = result;
    }

    /// What the last run saw, once.
    pub fn take_seen(&self) -> Option<Params> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How many runs have begun.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    fn see(&self, params: Params) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(params);
    }

    /// Lets all runs end that wait for it.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    async fn is_released(&self) {
        let _ = self.released.subscribe().wait_for(|released| *released).await;
    }
}

/// Gives what the test says.
#[derive(Debug)]
pub struct Give(pub Script);

#[async_trait]
impl RuntimeAction for Give {
    async fn run(&self, _: &Context, params: Params) -> Value {
        self.0.see(params);
        self.0.gives.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ends when the test says so.
#[derive(Debug)]
pub struct Late(pub Script);

#[async_trait]
impl RuntimeAction for Late {
    async fn run(&self, _: &Context, params: Params) -> Value {
        self.0.see(params);
        self.0.is_released().await;
        json!({"body": "late"})
    }
}

#[derive(Debug)]
pub struct Hang(pub Script);

#[async_trait]
impl RuntimeAction for Hang {
    async fn run(&self, _: &Context, params: Params) -> Value {
        self.0.see(params);
        std::future::pending().await
    }
}

#[derive(Debug)]
pub struct Panic(pub Script);

#[async_trait]
impl RuntimeAction for Panic {
    async fn run(&self, _: &Context, params: Params) -> Value {
        self.0.see(params);
        panic!("this action panics")
    }
}

/// Answers by itself.
#[derive(Debug)]
pub struct Native(pub Script);

#[async_trait]
impl WebAction for Native {
    fn methods(&self) -> &'static [Method] {
        &[Method::GET, Method::POST]
    }

    async fn run(&self, _: &Context, request: Request) -> Response {
        self.0.see(Params::new());
        match request.query.as_deref() {
            Some("panic") => panic!("this request panics"),
            Some("late") => self.0.is_released().await,
            _ => {}
        }
        let (name, value) = (HeaderName::from_static("x-own"), HeaderValue::from_static("b"));
        Response::json(201, &json!({"got": String::from_utf8_lossy(&request.body)})).with_header(name, value)
    }
}

/// Lets in who brings `Bearer good`.
#[derive(Debug)]
pub struct Good;

#[async_trait]
impl Guard for Good {
    async fn check(&self, request: &Request) -> Result<(), Denial> {
        match request.headers.get(AUTHORIZATION) {
            Some(value) if value == "Bearer good" => Ok(()),
            _ => Err(Denial::unproven("no good bearer")),
        }
    }
}
