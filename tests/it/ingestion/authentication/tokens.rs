//! Bearer tokens of issuers that are asked for their keys.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{assert_unproven, body, headers, project};
use crate::adobe_auth::{client, token};
use crate::support::{Answer, Project, Server};

const ISSUER: &str = "https://issuer.example.com/";

/// An issuer on loopback that says its keys.
struct Issuer {
    url: String,
    state: Arc<Mutex<Said>>,
}

#[derive(Default)]
struct Said {
    keys: Vec<Value>,
    asked: usize,
    /// Answers 503.
    is_down: bool,
}

impl Issuer {
    async fn start() -> Self {
        let state = Arc::new(Mutex::new(Said::default()));
        let router = Router::new().route("/jwks.json", get(keys)).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    fn says(&self, keys: &[&Key]) {
        self.state.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    fn is_down(&self, is_down: bool) {
        self.state.lock().unwrap().is_down = is_down;
    }

    fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

async fn keys(State(state): State<Arc<Mutex<Said>>>) -> Result<String, StatusCode> {
    let mut state = state.lock().unwrap();
    state.asked += 1;
    if state.is_down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(json!({ "keys": state.keys }).to_string())
}

struct Key {
    id: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    fn new(id: &'static str) -> Self {
        Self { id, pair: Ed25519KeyPair::generate().unwrap() }
    }

    fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.id, "x": x})
    }

    fn token(&self, claims: &Value) -> String {
        let head = json!({"alg": "EdDSA", "kid": self.id});
        let part = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", part(&head), part(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "kit", "exp": Timestamp::now().as_second() + 600})
}

fn with_issuer(issuer: &Issuer) -> Project {
    let variables = [
        ("KIT_INGESTION_JWT_ISSUER", ISSUER),
        ("KIT_INGESTION_JWT_AUDIENCE", "kit"),
        ("KIT_INGESTION_JWT_JWKS_URL", &issuer.url),
    ];
    project("jwt", &variables)
}

impl Server {
    async fn post_as(&self, token: &str, uid: &str) -> Answer {
        self.post_with(headers(&[("authorization", &format!("Bearer {token}"))]), body(uid)).await
    }
}

#[tokio::test]
async fn a_token_is_checked_with_the_keys_of_its_issuer() {
    let (issuer, key) = (Issuer::start().await, Key::new("a"));
    issuer.says(&[&key]);
    let project = with_issuer(&issuer);
    let kit = project.start(&["dev"]);
    kit.post_as(&key.token(&claims()), "A").await.assert_new();
    kit.post_as(&key.token(&claims()), "B").await.assert_new();
    assert_eq!(issuer.asked(), 1);
    let other = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        key.token(&claims)
    };
    let (now, text) = (Timestamp::now().as_second(), "jwt: the token's `");
    assert_unproven(&project, &kit.post_as(&other("aud", json!(["x"])), "C").await, &format!("{text}aud` is missing"));
    assert_unproven(&project, &kit.post_as(&other("iss", json!("x")), "C").await, &format!("{text}iss` is missing"));
    assert_unproven(&project, &kit.post_as(&other("exp", json!(now - 100)), "C").await, "jwt: the token expired 10");
    assert_unproven(&project, &kit.post_as(&other("exp", Value::Null), "C").await, "does not say in `exp`");
    assert_unproven(&project, &kit.post_as("a.b.c", "C").await, "jwt: the token is no JSON Web Token");
    let missing = kit.post_with(HeaderMap::new(), body("C")).await;
    assert_unproven(&project, &missing, "jwt: the header `authorization` is missing");
    assert_eq!(issuer.asked(), 1, "none of these is a matter of keys");
}

#[tokio::test]
async fn a_new_key_is_found_with_one_download_whoever_makes_up_others() {
    let (issuer, old, new) = (Issuer::start().await, Key::new("old"), Key::new("new"));
    issuer.says(&[&old]);
    let project = with_issuer(&issuer);
    let kit = project.start(&["dev"]);
    kit.post_as(&old.token(&claims()), "A").await.assert_new();
    issuer.says(&[&old, &new]);
    kit.post_as(&new.token(&claims()), "B").await.assert_new();
    kit.post_as(&new.token(&claims()), "C").await.assert_new();
    assert_eq!(issuer.asked(), 2);
    for id in ["x", "y", "z"] {
        let made_up = kit.post_as(&Key::new(id).token(&claims()), "D").await;
        assert_unproven(&project, &made_up, &format!("jwt: none of 2 key(s) is called \"{id}\", as the token's is"));
    }
    assert_eq!(issuer.asked(), 2, "strangers cannot have the issuer asked more often than once a minute");
    // A name that is known does not make the key known.
    let forged = kit.post_as(&Key::new("old").token(&claims()), "D").await;
    assert_unproven(&project, &forged, "jwt: the token's signature fits none of 1 key(s)");
}

#[tokio::test]
async fn while_the_issuer_is_silent_nobody_is_refused_for_good() {
    let (issuer, key) = (Issuer::start().await, Key::new("a"));
    issuer.says(&[&key]);
    issuer.is_down(true);
    let project = with_issuer(&issuer);
    let kit = project.start(&["dev"]);
    let unknown = kit.post_as(&key.token(&claims()), "A").await;
    assert_eq!((unknown.status, unknown.header("retry-after").is_some()), (503, true), "{unknown:?}");
    let record = project.run(&["activation", "get", unknown.activation(), "--json"]);
    let record = String::from_utf8(record.stdout).unwrap();
    assert!(record.contains("jwt: the issuer's keys cannot be had: it answered 503"), "{record}");
    let nonsense = kit.post_as("a.b.c", "A").await;
    assert_unproven(&project, &nonsense, "jwt: the token is no JSON Web Token");
    issuer.is_down(false);
    let token = key.token(&claims());
    let accepted = kit
        .until("a token being taken", || async {
            let answer = kit.post_as(&token, "A").await;
            (answer.status != 503).then_some(answer)
        })
        .await;
    accepted.assert_new();
}

#[tokio::test]
async fn tokens_of_our_own_events_service_are_those_of_the_scheme_ims() {
    let project = project("ims", &[]);
    let kit = project.start(&["dev"]);
    let client = client(&project);
    let token = token(&kit, &client, "openid,read_organizations").await;
    kit.post_as(&token, "A").await.assert_new();
    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = kit.post_as(&format!("{message}.AAAA"), "B").await;
    assert_unproven(&project, &forged, "ims: ");
    let missing = kit.post_with(HeaderMap::new(), body("B")).await;
    assert_unproven(&project, &missing, "ims: the header `authorization` is missing");
}
