//! What is kept of runs and told of them, without secrets. What goes on to handlers and receivers is not touched.

use std::borrow::Cow;

use sdk::web::Response;
use serde_json::Value;
use store::Activation;

/// A run as it is written down: its result without the secrets of this process, and without members whose names say that
/// they are secret.
pub(crate) fn record(activation: Activation) -> Activation {
    let redactor = redaction::process();
    let Activation { result, detail, logs, .. } = &activation;
    let result = owned(redactor.json(result));
    let detail = detail.as_deref().and_then(|detail| owned(redactor.json(detail)));
    let logs = logs.as_deref().and_then(|logs| owned(redactor.text(logs)));
    if result.is_none() && detail.is_none() && logs.is_none() {
        return activation;
    }
    Activation {
        result: result.unwrap_or(activation.result),
        detail: detail.map(Into::into).or(activation.detail),
        logs: logs.map(Into::into).or(activation.logs),
        ..activation
    }
}

/// The text when it was changed.
fn owned(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

/// The part of a result that its sender is told, the same now and from the record.
pub(crate) fn result(result: &Value, part: impl Fn(&Value) -> Value) -> Value {
    match redaction::process().json(&result.to_string()) {
        Cow::Borrowed(_) => part(result),
        Cow::Owned(redacted) => part(&serde_json::from_str(&redacted).unwrap_or_default()),
    }
}

/// The answer of a web action. An error tells none of our secrets; what succeeds may hand somebody his own.
pub(crate) fn response(response: Response) -> Response {
    let redacted = match std::str::from_utf8(&response.body) {
        Ok(body) if response.status >= 400 => redaction::process().text(body),
        _ => return response,
    };
    match redacted {
        Cow::Borrowed(_) => response,
        Cow::Owned(body) => Response { body: body.into(), ..response },
    }
}

/// Why something failed.
pub(crate) fn reason(reason: &str) -> String {
    redaction::process().text(reason).into_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;
    use store::Status;
    use uuid::Uuid;

    use super::*;

    const SECRET: &str = "secret-that-a-target-repeats";

    #[track_caller]
    fn check(result: &Value, told: &Value) {
        redaction::process().learn(SECRET);
        let activation = Activation {
            id: Uuid::nil(),
            cause: None,
            action: "a/b".to_owned(),
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            status: Status::ApplicationError,
            result: result.to_string(),
            event: None,
            attempt: 1,
            wait_ms: 0,
            detail: None,
            logs: None,
        };
        assert_eq!(serde_json::from_str::<Value>(&record(activation).result).unwrap(), *told);
        let body = |result: &Value| result["body"].clone();
        assert_eq!(super::result(result, body), body(told), "the first answer is the one of the record");
    }

    #[test]
    fn a_run_is_told_without_secrets_and_otherwise_as_it_was() {
        let reason = "the key `kid-7` is not known; body of 256 bytes, signed 312 s ago";
        check(&json!({"body": {"error": reason}}), &json!({"body": {"error": reason}}));
        let quoted = json!({"body": {"error": format!("the target said: {SECRET}"), "password": "guessed"}});
        check(&quoted, &json!({"body": {"error": "the target said: [redacted]", "password": "[redacted]"}}));
    }

    #[test]
    fn an_error_tells_none_of_our_secrets_and_success_what_it_is_asked_for() {
        redaction::process().learn(SECRET);
        let answer = |status: u16| response(Response { body: SECRET.into(), ..Response::error(status, "") });
        assert_eq!(answer(502).body, "[redacted]");
        assert_eq!(answer(200).body, SECRET);
        assert_eq!(reason(SECRET), "[redacted]");
    }
}
