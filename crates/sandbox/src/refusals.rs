//! Refusals that several kinds of documents share, in Commerce's words where its answers are documented.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, shortened};

/// Why the sandbox does not do what its own process asks for.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox refuses this: {0}")]
pub struct Refused(String);

impl From<Answer> for Refused {
    fn from(answer: Answer) -> Self {
        let refusal = answer.into_value();
        let message = refusal["message"].as_str().unwrap_or_default();
        let reason = refusal.pointer("/parameters/0").and_then(Value::as_str).unwrap_or_default();
        Self(message.trim_end_matches('.').replace("%1", reason))
    }
}

impl Answer {
    /// One refusal with several causes; each has the members of a refusal.
    pub fn refusals(message: &str, errors: &[Value]) -> Self {
        Self::of(StatusCode::BAD_REQUEST, &json!({ "message": message, "errors": errors }))
    }

    pub fn no_entity(field: &str, value: u64) -> Self {
        Self::refusal(
            StatusCode::NOT_FOUND,
            "No such entity with %fieldName = %fieldValue",
            &json!({ "fieldName": field, "fieldValue": value }),
        )
    }

    /// As Commerce says it of orders and shipments, without a name.
    pub fn no_sale() -> Self {
        Self::refusal(
            StatusCode::NOT_FOUND,
            "The entity that was requested doesn't exist. Verify the entity and try again.",
            &Value::Null,
        )
    }

    pub fn wrong_type(value: &str, expected: &str) -> Self {
        Self::refusal(
            StatusCode::BAD_REQUEST,
            "The \"%value\" value's type is invalid. The \"%type\" type was expected. Verify and try again.",
            &json!({ "value": shortened(value), "type": expected }),
        )
    }

    pub fn invalid(field: &str, value: &str) -> Self {
        Self::refusal(
            StatusCode::BAD_REQUEST,
            "Invalid value of \"%value\" provided for the %fieldName field.",
            &json!({ "fieldName": field, "value": shortened(value) }),
        )
    }

    pub fn plain(message: &str) -> Self {
        Self::refusal(StatusCode::BAD_REQUEST, message, &Value::Null)
    }
}
