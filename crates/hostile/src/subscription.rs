use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use sandbox::{Eventing, Options, Sandbox};
use serde_json::{Value, json};

use crate::face::ask;

const TOKEN: &str = "a token of the sandbox";
const V1: &str = "/sandbox/commerce/rest/V1/";

/// Nothing is sent: nobody asks the store to.
static STORE: LazyLock<Router> = LazyLock::new(|| {
    let eventing = Eventing {
        ingress_url: "http://127.0.0.1:1/".to_owned(),
        token_url: "http://127.0.0.1:1/".to_owned(),
        interval: std::time::Duration::from_mins(1),
        seal: None,
    };
    let options = Options { token: TOKEN.to_owned(), eventing: Some(eventing), ..Options::default() };
    let sandbox = Sandbox::open(options).expect("a store that keeps nothing");
    let configuration = json!({"config": {"enabled": true, "provider_id": "p"}});
    let configured = sandbox.manage_events(&Method::PUT, "eventing/updateConfiguration", &configuration);
    configured.expect("a configuration that makes sense");
    sandbox.router()
});

/// Any subscription is taken or refused with a message, and then any product is saved or refused: fields and rules take
/// what there is. The first line is the subscription, the rest the product.
pub fn subscription(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (wanted, product) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let subscribed = call("POST", "eventing/eventSubscribe", wanted);
    call("POST", "products", product);
    if subscribed == StatusCode::OK {
        let wanted: Value = serde_json::from_slice(wanted).expect("what was taken is JSON");
        let name = wanted["event"]["name"].as_str().expect("what was taken has a name");
        let removed = call("POST", &format!("eventing/eventUnsubscribe/{name}"), b"");
        assert_eq!(removed, StatusCode::OK, "what was taken is there, under its name");
    }
}

fn call(method: &str, path: &str, body: &[u8]) -> StatusCode {
    let request = Request::builder().method(method).uri(format!("{V1}{path}"));
    let request = request.header(AUTHORIZATION, format!("Bearer {TOKEN}")).body(Body::from(body.to_vec()));
    let answer = ask(&STORE, request.expect("a request"));
    let said: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    match answer.status {
        StatusCode::OK => {}
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => assert!(said["message"].is_string(), "{said}"),
        status => panic!("{path}: {status}"),
    }
    answer.status
}
