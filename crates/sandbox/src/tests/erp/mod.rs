use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{Store, answer, request};

mod arbitrary;
mod bounds;
mod calls;
mod documents;
mod kept;
mod once;

pub const ERP: &str = "/sandbox/erp/";

impl Store {
    /// `path` is below the ERP's root; a null body is none. No token goes along.
    pub async fn erp(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = request(method, &format!("{ERP}{path}"), &body);
        request.headers_mut().remove(header::AUTHORIZATION);
        answer(self.send(request).await).await
    }

    async fn erp_raw(&self, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
        let request = request(method, &format!("{ERP}{path}"), &Value::Null).map(|_| Body::from(body));
        answer(self.send(request).await).await
    }
}

fn is_error(answer: &Value) -> bool {
    answer.as_object().is_some_and(|members| members.len() == 1 && members["error"].is_string())
}

fn none() -> Value {
    json!([])
}
