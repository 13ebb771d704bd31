use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

/// How long a usual token lives, in milliseconds.
pub const DAY: i64 = 86_400_000;

/// What the stand-in does with a question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Vouches,
    /// Every token is of somebody else.
    KnowsOthers,
    Refuses,
    Fails,
    /// Never answers.
    Hangs,
    /// Answers with more than anybody would read.
    Floods,
}

/// A stand-in for Adobe's IMS on loopback that counts its calls.
pub struct StandIn {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    paths: Vec<String>,
}

impl StandIn {
    pub async fn start(mood: Mood) -> Self {
        let state = Arc::new(Mutex::new(State { mood, paths: Vec::new() }));
        let shared = Arc::clone(&state);
        let router = Router::new().fallback(move |request: Request| {
            let path = request.uri().path().to_owned();
            let mood = {
                let mut state = shared.lock().unwrap();
                state.paths.push(path.clone());
                state.mood
            };
            answer(mood, path)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ims/token/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub fn becomes(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The paths of all calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().paths.clone()
    }
}

async fn answer(mood: Mood, path: String) -> Response {
    let is_validation = path == "/ims/validate_token/v1";
    let organization = |ident: &str| json!([{"orgName": "A", "orgRef": {"ident": ident, "authSrc": "AdobeOrg"}}]);
    let (status, body): (StatusCode, Value) = match mood {
        Mood::Vouches if path == "/ims/token/v3" => {
            (StatusCode::OK, json!({"access_token": of_ims(1, DAY), "token_type": "bearer", "expires_in": 86_399}))
        }
        Mood::Vouches | Mood::KnowsOthers if is_validation => (StatusCode::OK, json!({"valid": true})),
        Mood::Vouches => (StatusCode::OK, organization("0123456789ABCDEF01234567")),
        Mood::KnowsOthers => (StatusCode::OK, organization("89ABCDEF0123456701234567")),
        Mood::Refuses => (StatusCode::OK, json!({"valid": false, "reason": "revoked"})),
        Mood::Fails => (StatusCode::SERVICE_UNAVAILABLE, json!({})),
        Mood::Floods => (StatusCode::OK, json!({"valid": true, "padding": "x".repeat(1 << 20)})),
        Mood::Hangs => std::future::pending().await,
    };
    (status, axum::Json(body)).into_response()
}

/// A token as IMS gives it, which begins now and lives for so many milliseconds.
pub fn of_ims(number: u32, milliseconds: i64) -> String {
    let payload = json!({
        "type": "access_token", "client_id": "shop", "number": number,
        "created_at": Timestamp::now().as_millisecond().to_string(), "expires_in": milliseconds.to_string(),
    });
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload.to_string()))
}
