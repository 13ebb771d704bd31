//! Activations in OpenWhisk's words: the record, its short form in lists, its logs and its result.

use serde_json::{Map, Value, json};
use store::{Activation, Status};

use crate::registry::{ActionLimits, Deployed};

/// Every action has this version: what is deployed is the program.
pub const VERSION: &str = "0.0.1";

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function that was compiled in.
    Rust,
    /// Other actions, one after another.
    Sequence,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Sequence => "sequence",
        }
    }
}

/// What a record tells beside what the store keeps of the run.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    pub namespace: &'a str,
    pub kind: Kind,
    /// None: the action is not deployed any more, or never was.
    pub limits: Option<&'a ActionLimits>,
    /// Whether it ran as a part of a sequence.
    pub in_sequence: bool,
}

impl<'a> About<'a> {
    /// Of a run of this action, if it is still deployed.
    pub fn of(namespace: &'a str, deployed: Option<&'a Deployed>) -> Self {
        let kind = deployed.map_or(Kind::Rust, Deployed::kind);
        Self { namespace, kind, limits: deployed.map(|deployed| &deployed.limits), in_sequence: false }
    }
}

/// The whole record.
pub fn record(activation: &Activation, about: &About<'_>) -> Value {
    let mut record = common(activation, about);
    record.insert("subject".to_owned(), about.namespace.into());
    record.insert("response".to_owned(), response(activation));
    record.insert("logs".to_owned(), lines(activation).collect());
    record.into()
}

/// The record as lists have it.
pub fn summary(activation: &Activation, about: &About<'_>) -> Value {
    let mut summary = common(activation, about);
    summary.insert("statusCode".to_owned(), status_code(activation.status).into());
    summary.into()
}

/// `{"result", "success", "status", "size"}`.
pub fn response(activation: &Activation) -> Value {
    json!({
        "result": result(activation),
        "success": is_success(activation.status),
        "status": status(activation.status),
        "size": activation.result.len(),
    })
}

/// What the action returned.
pub fn result(activation: &Activation) -> Value {
    serde_json::from_str(&activation.result).unwrap_or_default()
}

/// `{"logs": [...]}`: lines of a function, ids of the activations of a sequence.
pub fn logs(activation: &Activation) -> Value {
    json!({"logs": lines(activation).collect::<Value>()})
}

fn lines(activation: &Activation) -> impl Iterator<Item = Value> {
    activation.logs.as_deref().unwrap_or_default().lines().map(Value::from)
}

fn common(activation: &Activation, about: &About<'_>) -> Map<String, Value> {
    let mut common = Map::new();
    let mut set = |name: &str, value: Value| common.insert(name.to_owned(), value);
    let (start, end) = (activation.start.as_millisecond(), activation.end.as_millisecond());
    set("namespace", about.namespace.into());
    set("name", activation.action.rsplit('/').next().into());
    set("version", VERSION.into());
    set("activationId", activation.id.simple().to_string().into());
    if let Some(cause) = activation.cause {
        set("cause", cause.simple().to_string().into());
    }
    set("start", start.into());
    set("end", end.into());
    set("duration", (end - start).max(0).into());
    set("annotations", annotations(activation, about));
    set("publish", false.into());
    common
}

fn annotations(activation: &Activation, about: &About<'_>) -> Value {
    let mut annotations = Vec::new();
    let mut add = |key: &str, value: Value| annotations.push(json!({"key": key, "value": value}));
    add("path", format!("{}/{}", about.namespace, activation.action).into());
    add("kind", about.kind.as_str().into());
    add("waitTime", activation.wait_ms.into());
    if let Some(limits) = about.limits {
        add("limits", told(limits));
    }
    add("timeout", (activation.status == Status::TimedOut).into());
    if about.kind == Kind::Sequence {
        add("topmost", activation.cause.is_none().into());
    }
    if about.in_sequence {
        add("causedBy", Kind::Sequence.as_str().into());
    }
    if let Some(event) = activation.event {
        add("event", event.hyphenated().to_string().into());
    }
    if activation.attempt > 0 {
        add("attempt", activation.attempt.into());
    }
    annotations.into()
}

/// Limits as records of actions and activations have them: milliseconds and megabytes.
pub fn told(limits: &ActionLimits) -> Value {
    json!({
        "timeout": u64::try_from(limits.timeout.as_millis()).unwrap_or(u64::MAX),
        "memory": limits.memory_mb,
        "logs": megabytes(limits.logs_bytes),
        "concurrency": limits.concurrency,
        "payload": megabytes(limits.payload_bytes),
        "result": megabytes(limits.result_bytes),
    })
}

fn megabytes(bytes: usize) -> usize {
    bytes >> 20
}

/// Whether a run ended well; an echo that was held back did.
pub fn is_success(status: Status) -> bool {
    status_code(status) == 0
}

/// OpenWhisk has no word for an echo that was held back: nothing went wrong.
fn status(status: Status) -> &'static str {
    match status {
        Status::Suppressed => Status::Success.as_str(),
        Status::Success
        | Status::ApplicationError
        | Status::DeveloperError
        | Status::TimedOut
        | Status::InternalError => status.as_str(),
    }
}

fn status_code(status: Status) -> u8 {
    match status {
        Status::Success | Status::Suppressed => 0,
        Status::ApplicationError => 1,
        Status::DeveloperError | Status::TimedOut => 2,
        Status::InternalError => 3,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn activation(status: Status) -> Activation {
        let start = Timestamp::from_millisecond(1_769_853_600_000).unwrap();
        Activation {
            id: Uuid::from_u128(0x2a),
            cause: None,
            action: "stock-backoffice/updated".to_owned(),
            start,
            end: start + Duration::from_millis(123),
            status,
            result: r#"{"a":1}"#.to_owned(),
            event: None,
            attempt: 0,
            wait_ms: 5,
            logs: Some("2026-01-31T10:00:00Z stdout: one\n2026-01-31T10:00:00Z stderr: two\n".into()),
            detail: None,
        }
    }

    #[test]
    fn a_record_has_openwhisks_shape() {
        let limits = ActionLimits::default();
        let about = About { namespace: "ns", kind: Kind::Rust, limits: Some(&limits), in_sequence: false };
        let expected = json!({
            "namespace": "ns",
            "name": "updated",
            "version": "0.0.1",
            "subject": "ns",
            "activationId": "0000000000000000000000000000002a",
            "start": 1_769_853_600_000_i64,
            "end": 1_769_853_600_123_i64,
            "duration": 123,
            "response": {"status": "success", "success": true, "result": {"a": 1}, "size": 7},
            "logs": ["2026-01-31T10:00:00Z stdout: one", "2026-01-31T10:00:00Z stderr: two"],
            "annotations": [
                {"key": "path", "value": "ns/stock-backoffice/updated"},
                {"key": "kind", "value": "rust"},
                {"key": "waitTime", "value": 5},
                {"key": "limits", "value": {"timeout": 60_000, "memory": 256, "logs": 10, "concurrency": 200, "payload": 1, "result": 1}},
                {"key": "timeout", "value": false},
            ],
            "publish": false,
        });
        assert_eq!(record(&activation(Status::Success), &about), expected);
        let short = summary(&activation(Status::Success), &about);
        assert_eq!((&short["statusCode"], short.get("response"), short.get("logs")), (&json!(0), None, None));
        let kept = logs(&activation(Status::Success));
        assert_eq!(kept, json!({"logs": expected["logs"]}));
    }

    #[test]
    fn what_belongs_together_is_annotated() {
        let about = About { namespace: "ns", kind: Kind::Sequence, limits: None, in_sequence: true };
        let part = Activation {
            cause: Some(Uuid::from_u128(7)),
            event: Some(Uuid::from_u128(8)),
            attempt: 3,
            ..activation(Status::Success)
        };
        let record = record(&part, &about);
        assert_eq!(record["cause"], "00000000000000000000000000000007");
        let pairs = record["annotations"].as_array().unwrap().iter();
        let pairs: Map<String, Value> =
            pairs.map(|pair| (pair["key"].as_str().unwrap().to_owned(), pair["value"].clone())).collect();
        assert_eq!((&pairs["topmost"], &pairs["causedBy"]), (&json!(false), &json!("sequence")));
        assert_eq!(pairs["event"], "00000000-0000-0000-0000-000000000008");
        assert_eq!((&pairs["attempt"], pairs.get("limits")), (&json!(3), None));
    }

    #[test]
    fn every_status_has_its_word_and_number() {
        #[track_caller]
        fn check(status: Status, word: &str, number: u8, is_timeout: bool) {
            let about = About { namespace: "ns", kind: Kind::Rust, limits: None, in_sequence: false };
            let activation = activation(status);
            let record = record(&activation, &about);
            assert_eq!(
                (&record["response"]["status"], &record["response"]["success"]),
                (&json!(word), &json!(number == 0))
            );
            assert_eq!(summary(&activation, &about)["statusCode"], number);
            let timeout = record["annotations"].as_array().unwrap().iter().find(|pair| pair["key"] == "timeout");
            assert_eq!(timeout.unwrap()["value"], is_timeout);
        }
        check(Status::Success, "success", 0, false);
        check(Status::Suppressed, "success", 0, false);
        check(Status::ApplicationError, "application error", 1, false);
        check(Status::DeveloperError, "action developer error", 2, false);
        check(Status::TimedOut, "action developer error", 2, true);
        check(Status::InternalError, "whisk internal error", 3, false);
    }
}
