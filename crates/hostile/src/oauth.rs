use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Request, StatusCode};
use sandbox::{Integration, Options, Sandbox};

use crate::face::{ask, query};
use crate::first_line;

static STORE: LazyLock<Router> = LazyLock::new(|| {
    let integration = Integration {
        consumer_key: "a-consumer-key".to_owned(),
        consumer_secret: "a secret that is not in any seed".to_owned(),
        access_token: "an-access-token".to_owned(),
        access_token_secret: "another that is not in any seed".to_owned(),
    };
    let options = Options {
        token: "a token that is not in any seed".to_owned(),
        integration: Some(integration),
        ..Options::default()
    };
    Sandbox::open(options).expect("a store that keeps nothing").router()
});

/// Any `Authorization` is read, and none lets in: the fuzzer has no secret. The first line is the header, the rest the
/// query, which OAuth 1.0a signs too.
pub fn oauth(input: &[u8]) {
    let (header, rest) = first_line(input);
    let Ok(header) = HeaderValue::from_bytes(header) else { return };
    let request = Request::get(format!("/sandbox/commerce/rest/V1/products?{}", query(rest)));
    let request = request.header(HOST, "commerce.example.com").header(AUTHORIZATION, header);
    let Ok(request) = request.body(Body::empty()) else { return };
    let answer = ask(&STORE, request);
    assert!(matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST), "{}", answer.status);
}
