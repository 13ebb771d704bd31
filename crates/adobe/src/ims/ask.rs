use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::error::TokenError;
use crate::clock::Clock;
use crate::pool::{BodyError, Pool, read};
use crate::retry_after::retry_after;

/// A token is about 2 KiB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const CONTENT_TYPE_CHARACTERS_MAX: usize = 100;

/// What IMS answered, when it was neither throttling nor broken.
pub(super) struct Answer {
    pub code: StatusCode,
    content_type: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Result<Value, TokenError> {
        let content_type = || self.content_type.clone();
        serde_json::from_slice(&self.body)
            .map_err(|_| TokenError::NotJson { status: self.code.as_u16(), content_type: content_type() })
    }
}

/// One request.
pub(super) async fn ask(pool: &Pool, clock: &Clock, request: reqwest::Request) -> Result<Answer, TokenError> {
    let mut response = pool.execute(request).await.map_err(TokenError::no_answer)?;
    let code = response.status();
    let status = code.as_u16();
    if code == StatusCode::TOO_MANY_REQUESTS || code.is_server_error() {
        return Err(TokenError::Unavailable { status, retry_after: retry_after(response.headers(), clock.now()) });
    }
    let body = read(&mut response, ANSWER_BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => TokenError::TooLarge { status, bytes_max: ANSWER_BYTES_MAX },
        BodyError::Broken(error) => TokenError::no_answer(error),
    })?;
    Ok(Answer { code, content_type: content_type(response.headers()), body })
}

fn content_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    text.map_or_else(
        || "no content type".to_owned(),
        |text| format!("`{}`", text.chars().take(CONTENT_TYPE_CHARACTERS_MAX).collect::<String>()),
    )
}
