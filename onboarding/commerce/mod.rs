//! Commerce's side of onboarding: what its eventing module is told, and what it sends.

mod eventing;
mod removal;
#[cfg(test)]
mod tests;
mod workspace;

use std::error::Error;

use http::Method;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;

use crate::{Failure, Phase};
pub(crate) use eventing::known;
pub use eventing::{Configuration, EventingPlan, plan_eventing};
pub use removal::{EventingRemoval, plan_eventing_removal};
pub use workspace::{WORKSPACE_FILE, WorkspaceFile};

const AUTHENTICATION: &str = "check `COMMERCE_BASE_URL` and the variables of its authentication (`COMMERCE_CONSUMER_KEY` and the other three, or \
     `OAUTH_*`); the integration needs the resource `Adobe I/O Events`";
const MODULE: &str = "install or update the module Adobe I/O Events for Commerce: \
     https://developer.adobe.com/commerce/extensibility/events/installation/";
const ADMIN: &str = "where the module cannot be updated, configure it in the Admin: \
     https://developer.adobe.com/commerce/extensibility/events/configure-commerce/";
const BETWEEN: &str = "something between here and Commerce may have answered, a proxy or a login page: open `COMMERCE_BASE_URL` in a browser";

/// A store's eventing module, and what a step says when it fails.
#[derive(Clone, Copy)]
pub(crate) struct Module<'a> {
    pub(crate) store: &'a dyn TargetPort,
    pub(crate) phase: Phase,
    /// What Adobe's kit says of every failure of this step.
    pub(crate) reason: &'static str,
}

impl Module<'_> {
    /// Reads; a reply of any status is one.
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Writes; the reply is a success.
    pub(crate) async fn write(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, Failure> {
        let reply = self.send(method, path, body).await?;
        if reply.is_success() { Ok(reply) } else { Err(self.refused(&reply)) }
    }

    /// Writes; a reply of any status is one.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, Failure> {
        let body = body.map(|body| body.to_string().into_bytes());
        self.call(method, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Reply, Failure> {
        let call = Call { method, path: path.to_owned(), body, event_id: None, trace: None, changes: Vec::new() };
        self.store.call(call).await.map_err(|stop| self.unanswered(&stop))
    }

    /// A reply that is no success.
    pub(crate) fn refused(&self, reply: &Reply) -> Failure {
        let said = reply.error.clone().unwrap_or_else(|| format!("Commerce answered {}", reply.status));
        let failure = self.failure(said);
        match reply.status {
            404 => failure.hint(MODULE).hint(ADMIN).hint(AUTHENTICATION),
            300..=399 | 502..=504 => failure.hint(BETWEEN).hint(AUTHENTICATION),
            _ => failure.hint(AUTHENTICATION),
        }
    }

    /// An answer that is JSON, but not what the module answers.
    pub(crate) fn strange(&self, path: &str, expected: &str) -> Failure {
        self.failure(format!("Commerce answered `{path}` with something else than {expected}"))
            .hint(BETWEEN)
            .hint(MODULE)
    }

    fn unanswered(&self, stop: &Stop) -> Failure {
        let mut failure = self.failure(stop.to_string());
        let mut cause = stop.source();
        while let Some(error) = cause {
            failure = failure.detail(format!("because: {error}"));
            cause = error.source();
        }
        failure.hint(AUTHENTICATION)
    }

    fn failure(&self, detail: String) -> Failure {
        Failure::new(self.phase, "UNEXPECTED_ERROR", self.reason).detail(detail)
    }
}

/// A value of Commerce as a text: numbers and texts say the same, `null` and nothing say nothing.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
