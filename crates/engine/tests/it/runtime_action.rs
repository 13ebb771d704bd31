//! The one runtime action of these tests: it does what its parameters say.

use async_trait::async_trait;
use sdk::{Context, Params, RuntimeAction};
use serde_json::{Value, json};
use tracing::{debug, info};

#[derive(Debug)]
pub struct Told;

#[async_trait]
impl RuntimeAction for Told {
    async fn run(&self, _: &Context, params: Params) -> Value {
        let of = params.get("name").and_then(Value::as_str).unwrap_or_default();
        for count in 0..params.get("lines").and_then(Value::as_u64).unwrap_or(0) {
            info!(of, "line {count}");
            if params.contains_key("debug") {
                debug!(of, "detail {count}");
            }
            if params.contains_key("yields") {
                tokio::task::yield_now().await;
            }
        }
        match params.get("do").and_then(Value::as_str) {
            Some("hang") => std::future::pending().await,
            Some("panic") => panic!("this run panics"),
            Some("garbage") => json!("no result"),
            Some("list") => json!([1, 2]),
            Some("large") => json!({"text": "x".repeat(2 << 20)}),
            Some("fail") => json!({"error": "as asked"}),
            Some("echo") => Value::Object(params),
            _ => json!({}),
        }
    }
}
