use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::Sandbox;

mod arbitrary;
mod calls;
mod connection;
mod customers;
mod erp;
mod eventing;
mod faults;
mod gate;
mod graphql;
mod groups;
mod kept;
mod oauth;
mod orders;
mod products;
mod refusals;
mod samples;
mod search;
mod shipments;
mod stock;
mod witness;

const TOKEN: &str = "store-token";
const V1: &str = "/sandbox/commerce/rest/V1/";

/// A sandbox with a client that knows its token.
struct Store {
    sandbox: Sandbox,
}

impl Store {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(TOKEN.to_owned()) }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.sandbox.router().oneshot(request).await.expect("a router has no errors")
    }

    /// `path` is below `V1/`; a null body is none.
    async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.send(request(method, &format!("{V1}{path}"), &body)).await).await
    }

    async fn create(&self, sku: &str) -> Value {
        let (status, product) = self.call("POST", "products", minimal(sku)).await;
        assert_eq!(status, StatusCode::OK, "{product}");
        product
    }

    /// Orders a fault and gives it back as the sandbox understood it.
    async fn order(&self, fault: Value) -> Value {
        let (status, fault) = answer(self.send(request("POST", "/sandbox/faults", &fault)).await).await;
        assert_eq!(status, StatusCode::CREATED, "{fault}");
        fault
    }

    async fn listed(&self, query: &str) -> Vec<Value> {
        let uri = format!("/sandbox/commerce/calls{query}");
        let (status, calls) = answer(self.send(request("GET", &uri, &Value::Null)).await).await;
        assert_eq!(status, StatusCode::OK);
        calls.as_array().expect("calls are a list").clone()
    }
}

fn request(method: &str, uri: &str, body: &Value) -> Request<Body> {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(body)
        .expect("a test sends a valid request")
}

async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a complete answer");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("an answer is JSON") };
    (status, body)
}

fn minimal(sku: &str) -> Value {
    json!({ "product": { "sku": sku, "name": "Mug", "attribute_set_id": 4 } })
}
