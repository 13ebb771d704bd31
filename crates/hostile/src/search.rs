use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use sandbox::Sandbox;
use serde_json::Value;

use crate::face::{ask, query};

const TOKEN: &str = "a token of the sandbox";
const PRODUCTS: &str = "/sandbox/commerce/rest/V1/products";

static STORE: LazyLock<Router> = LazyLock::new(|| {
    let router = Sandbox::new(TOKEN.to_owned()).router();
    for (sku, price) in [("plain", "1"), ("has blank", "2.5"), ("ümlaut%", "0"), ("a_b", "3")] {
        let product = format!(r#"{{"product":{{"sku":"{sku}","name":"{sku}","attribute_set_id":4,"price":{price}}}}}"#);
        let request = Request::post(PRODUCTS).header(AUTHORIZATION, format!("Bearer {TOKEN}"));
        let answer = ask(&router, request.body(Body::from(product)).expect("a request"));
        assert!(answer.status.is_success(), "{sku}: {}", answer.status);
    }
    router
});

/// Any query of a list is a search that finds no more than there is, or is refused with a message.
pub fn search(input: &[u8]) {
    let request = Request::get(format!("{PRODUCTS}?{}", query(input))).header(AUTHORIZATION, format!("Bearer {TOKEN}"));
    // Longer than a URL can be.
    let Ok(request) = request.body(Body::empty()) else { return };
    let answer = ask(&STORE, request);
    let said: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    match answer.status {
        StatusCode::OK => {
            let found = said["items"].as_array().map(Vec::len);
            assert!(found.is_some_and(|found| found <= 8), "{said}");
        }
        StatusCode::BAD_REQUEST => assert!(said["message"].is_string(), "{said}"),
        status => panic!("{status}"),
    }
}
