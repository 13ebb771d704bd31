use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Method};
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;

use crate::address::Base;
use crate::authorize::NoCredentials;
use crate::caller::Caller;
use crate::governor::Governor;
use crate::pool::Pool;
use crate::reply::{cut, is_success, parse, sentence};

const WHO: &str = "Commerce";

/// Errors of these categories are the query's own; again would not help.
const REFUSALS: [&str; 2] = ["graphql-input", "graphql-no-such-entity"];

/// The GraphQL API of one Adobe Commerce store, as anybody may ask it: without credentials.
#[derive(Debug)]
pub struct Graphql {
    caller: Caller,
    base: Base,
}

impl Graphql {
    /// `url` as in `COMMERCE_GRAPHQL_ENDPOINT`.
    pub fn new(pool: Pool, url: &str, governor: Arc<Governor>) -> Self {
        let (headers, authorize) = (HeaderMap::new(), Arc::new(NoCredentials));
        Self { caller: Caller { pool, who: WHO, headers, authorize, governor, judge }, base: Base::new(url.to_owned()) }
    }
}

#[async_trait]
impl TargetPort for Graphql {
    /// The body is `{"query": ..., "variables": {...}}`.
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        if !call.path.is_empty() || call.method != Method::POST {
            return Err(Stop::park("a GraphQL query is posted to an empty path"));
        }
        let url = self.base.below("", WHO)?;
        self.caller.call(url, call).await
    }
}

/// GraphQL's errors come with 200, and in a success there is none.
fn judge(status: u16, bytes: &[u8]) -> Reply {
    let body = parse(bytes).filter(|body| !body.is_null());
    if let Some(first) = body.as_ref().and_then(|body| body["errors"].get(0)) {
        let message = cut(first["message"].as_str().unwrap_or_default());
        let error = format!("GraphQL query failed: \"{message}\"");
        return Reply { status: failure(status, first), error: Some(error), ..Reply::default() };
    }
    match body {
        Some(body) if is_success(status) => Reply::new(status, body),
        None if is_success(status) => {
            let error = format!("{WHO} answered {status} with something that is not JSON");
            Reply { status: 502, error: Some(error), ..Reply::default() }
        }
        _ => Reply { error: Some(sentence(WHO, status, "")), ..Reply::new(status, Value::Null) },
    }
}

fn failure(status: u16, error: &Value) -> u16 {
    let category = error.pointer("/extensions/category").and_then(Value::as_str).unwrap_or_default();
    match status {
        200..=299 if REFUSALS.contains(&category) => 400,
        200..=299 => 502,
        _ => status,
    }
}
