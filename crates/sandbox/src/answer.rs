//! Answers in the shape of Commerce's REST API. A refusal's text has placeholders, `%1` with a list of
//! parameters or `%name` with an object, and both kinds are in use: a client has to render both.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};

const ECHO_CHARS_MAX: usize = 64;

/// One complete answer; a refusal is one too.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    body: Bytes,
    allow: Option<&'static str>,
    retry_after_s: Option<u32>,
}

impl Answer {
    /// `body` is JSON text.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), allow: None, retry_after_s: None }
    }

    pub fn of(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::json(status, body),
            Err(_) => Self::json(StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"Internal error"}"#),
        }
    }

    pub fn allowing(self, allow: &'static str) -> Self {
        Self { allow: Some(allow), ..self }
    }

    /// `parameters` is a list for `%1`, an object for `%name`, or null when the text has no placeholder.
    pub fn refusal(status: StatusCode, message: &str, parameters: &Value) -> Self {
        if parameters.is_null() {
            Self::of(status, &json!({ "message": message }))
        } else {
            Self::of(status, &json!({ "message": message, "parameters": parameters }))
        }
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, to be told within another.
    pub fn into_value(self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn not_authorized() -> Self {
        Self::refusal(
            StatusCode::UNAUTHORIZED,
            "The consumer isn't authorized to access %resources.",
            &json!({ "resources": "Magento_Catalog::products" }),
        )
    }

    pub fn no_route() -> Self {
        Self::refusal(StatusCode::NOT_FOUND, "Request does not match any route.", &Value::Null)
    }

    pub fn no_product() -> Self {
        Self::refusal(
            StatusCode::NOT_FOUND,
            "The product that was requested doesn't exist. Verify the product and try again.",
            &Value::Null,
        )
    }

    pub fn wrong_method(method: &str, allow: &'static str) -> Self {
        let answer = Self::refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "This route does not answer the method %1. It answers: %2.",
            &json!([shortened(method), allow]),
        );
        answer.allowing(allow)
    }

    pub fn body_too_large(bytes_max: usize) -> Self {
        Self::refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is larger than %1 bytes.",
            &json!([bytes_max.to_string()]),
        )
    }

    pub fn unreadable(what: &str) -> Self {
        Self::refusal(StatusCode::BAD_REQUEST, "The request cannot be read: %1.", &json!([what]))
    }

    pub fn missing(member: &str) -> Self {
        Self::refusal(StatusCode::BAD_REQUEST, "A new product needs a value for \"%1\".", &json!([member]))
    }

    pub fn unusable(member: &str, value: &Value) -> Self {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        Self::refusal(
            StatusCode::BAD_REQUEST,
            "%fieldName cannot be \"%fieldValue\".",
            &json!({ "fieldName": member, "fieldValue": shortened(&value) }),
        )
    }

    /// `what` has its article.
    pub fn unknown_member(what: &str, member: &str) -> Self {
        Self::refusal(
            StatusCode::BAD_REQUEST,
            &format!("{what} has no member %fieldName."),
            &json!({ "fieldName": shortened(member) }),
        )
    }

    pub fn store_full(what: &str) -> Self {
        Self::refusal(StatusCode::BAD_REQUEST, "The sandbox keeps no more than %1.", &json!([what]))
    }

    /// The answer of a fault: success has no body, the rest says that it was ordered.
    pub fn fault(status: StatusCode, retry_after_s: Option<u32>) -> Self {
        let answer = if status.is_client_error() || status.is_server_error() {
            Self::refusal(status, "The sandbox was told to answer %1.", &json!([status.as_str()]))
        } else {
            Self::json(status, Bytes::new())
        };
        Self { retry_after_s, ..answer }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = (self.status, Body::from(self.body)).into_response();
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Ends the connection without an answer: the server asks the body for its first bytes before it sends the
/// head, and gives the connection up when that fails.
pub fn broken() -> Response {
    let failure = std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the sandbox was told to cut this answer");
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(failure)])))
}

/// What a stranger sent, short enough to be sent back.
pub fn shortened(text: &str) -> String {
    text.chars().take(ECHO_CHARS_MAX).collect()
}
