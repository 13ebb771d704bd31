use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use sdk::{Call, Reply, Stop, TargetPort};

use crate::address::Base;
use crate::authorize::Authorize;
use crate::caller::Caller;
use crate::governor::Governor;
use crate::pool::Pool;
use crate::reply::{is_success, parse, sentence};

const WHO: &str = "The back office";
const PLACE: &str = "the back office";

/// Where APIs tend to say what is wrong; the first that says something counts.
const EXPLANATIONS: [&str; 4] = ["error", "message", "detail", "title"];

/// The REST API of an ERP, or of whatever stands behind it.
#[derive(Debug)]
pub struct Backoffice {
    caller: Caller,
    /// Without `/` at its end.
    base: Base,
}

impl Backoffice {
    /// `headers` go along with every call. They may replace `accept` and `content-type`, but neither the event's id nor
    /// what belongs to the connection; their values are taken for secrets.
    pub fn new(
        pool: Pool,
        base_url: &str,
        mut headers: HeaderMap,
        authorize: Arc<dyn Authorize>,
        governor: Arc<Governor>,
    ) -> Self {
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        let base = Base::new(base_url.trim_end_matches('/').to_owned());
        Self { caller: Caller { pool, who: WHO, headers, authorize, governor, judge }, base }
    }
}

#[async_trait]
impl TargetPort for Backoffice {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        // The slash keeps a path from becoming part of the host's name.
        let path = match call.path.as_str() {
            path if path.is_empty() || path.starts_with(['/', '?']) => path.to_owned(),
            path => format!("/{path}"),
        };
        let url = self.base.below(&path, PLACE)?;
        self.caller.call(url, call).await
    }
}

/// A success need not be JSON: an ERP may answer `OK`.
fn judge(status: u16, bytes: &[u8]) -> Reply {
    let body = parse(bytes).unwrap_or_default();
    if is_success(status) {
        return Reply::new(status, body);
    }
    let mut said = EXPLANATIONS.iter().filter_map(|member| body.get(member)?.as_str()).map(str::trim);
    let said = said.find(|said| !said.is_empty()).unwrap_or_default();
    Reply { error: Some(sentence(WHO, status, said)), ..Reply::new(status, body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, error: Option<&str>) {
        let reply = judge(status, body.as_bytes());
        assert_eq!((reply.status, reply.error.as_deref()), (status, error), "{body}");
    }

    #[test]
    fn the_first_explanation_counts() {
        check(409, r#"{"error":"taken"}"#, Some("The back office answered 409: taken"));
        check(409, r#"{"message":"b","error":{"code":1}}"#, Some("The back office answered 409: b"));
        check(409, r#"{"title":"d","detail":"c","error":" "}"#, Some("The back office answered 409: c"));
        check(409, r#"{"title":"d"}"#, Some("The back office answered 409: d"));
        check(409, r#"["error"]"#, Some("The back office answered 409"));
        check(500, "<html>", Some("The back office answered 500"));
        check(500, "", Some("The back office answered 500"));
    }

    #[test]
    fn explanations_are_cut() {
        let body = serde_json::json!({"error": "ü".repeat(5_000)}).to_string();
        let error = judge(400, body.as_bytes()).error.unwrap();
        assert_eq!(error, format!("The back office answered 400: {}", "ü".repeat(1_000)));
    }

    #[test]
    fn a_success_may_say_anything() {
        for body in ["OK", "", "  ", "<html>"] {
            check(200, body, None);
            assert!(judge(200, body.as_bytes()).body.is_null());
        }
        assert_eq!(judge(201, br#"{"id":7}"#).body["id"], 7);
    }
}
