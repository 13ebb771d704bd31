use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::Context;

/// What a runtime action is given: the action's inputs, and over them whatever its caller sends.
pub type Params = Map<String, Value>;

/// An action in the shape of Adobe's runtime: parameters in, a result out. HTTP callers reach it as a web action, others
/// through the runtime API (contract, sections 7.2 and 7.4).
#[async_trait]
pub trait RuntimeAction: Send + Sync + 'static {
    /// The result is an object. For HTTP callers `{"statusCode", "headers", "body"}`; `{"error": ...}` says that the run
    /// failed.
    async fn run(&self, cx: &Context, params: Params) -> Value;
}
