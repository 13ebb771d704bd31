//! The world as it is recorded.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sdk::record::{CallSpan, Text};
use sdk::web::{Request, Verdict};
use sdk::{
    Actions, Answer, Call, Context, Echo, Echoes, Event, Ports, Publication, Published, Publisher, Refusal, Reply,
    Senders, State, Stop, TargetPort, Targets,
};
use serde_json::Value;
use uuid::Uuid;

use super::{CallAgain, Compared, Stage};

/// The ports of a run that is recorded under this id.
pub(super) fn ports(stage: Arc<Stage>, script: &Arc<Script>, recorded: Option<Uuid>, was_suppressed: bool) -> Ports {
    let target = |name| -> Arc<dyn TargetPort> { Arc::new(Recorded { name, script: Arc::clone(script) }) };
    Ports {
        targets: Targets { commerce: target("commerce"), graphql: target("graphql"), backoffice: target("backoffice") },
        echoes: Arc::new(KnownEcho(was_suppressed)),
        state: Arc::new(Nothing),
        actions: Arc::new(Again { stage, recorded }),
        publisher: Arc::new(Nothing),
        senders: Arc::new(Nothing),
    }
}

/// What targets had answered to one run.
pub(super) struct Script(Mutex<Lines>);

struct Lines {
    left: Vec<CallSpan>,
    made: Vec<CallAgain>,
}

impl Script {
    pub(super) fn new(calls: Vec<CallSpan>) -> Self {
        Self(Mutex::new(Lines { left: calls, made: Vec::new() }))
    }

    /// The calls that were made now, and those that were not.
    pub(super) fn end(&self) -> (Vec<CallAgain>, Vec<String>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing =
            lines.left.drain(..).map(|call| format!("{} {} {}", call.target, call.method, call.path)).collect();
        (std::mem::take(&mut lines.made), missing)
    }

    /// The first recorded answer to such a call that was not given yet.
    fn answer(&self, target: &'static str, call: &Call) -> Result<Reply, Stop> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &CallSpan| {
            known.target == target && known.method == call.method.as_str() && known.path == call.path
        };
        let known = lines.left.iter().position(is_it).map(|place| lines.left.remove(place));
        let request = call.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
        let compared = match &known {
            None => Compared::New,
            Some(known) if is_same(known.request.as_ref(), request.as_deref()) => Compared::Same,
            Some(_) => Compared::Changed,
        };
        let (status, error) = known.as_ref().map_or((None, None), |known| {
            let stop = known.answer.stop.as_ref().map(|stop| stop.message.clone());
            (known.answer.status, known.answer.error.clone().or(stop))
        });
        let (method, path) = (call.method.to_string(), call.path.clone());
        let what = format!("{method} {path}");
        lines.made.push(CallAgain { target, method, path, request, compared, status, error });
        let unknown = || Stop::park(format!("no answer of {target} to {what} is recorded, so the run ends here"));
        known.and_then(|known| known.answer.again()).unwrap_or_else(|| Err(unknown()))
    }
}

/// Whether a body is the recorded one, as far as that was kept. The order of members does not count.
fn is_same(known: Option<&Text>, now: Option<&str>) -> bool {
    // What is secret was left out of the record.
    let told = now.map(|now| redaction::process().json(now).into_owned());
    match (known, told.as_deref()) {
        (None, None) => true,
        (Some(Text::Whole(known)), Some(now)) => {
            let value = |text: &str| serde_json::from_str::<Value>(text).ok();
            known == now || (value(known).is_some() && value(known) == value(now))
        }
        (Some(Text::Cut { begin, bytes }), Some(now)) => now.len() == *bytes && now.starts_with(begin.as_str()),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

struct Recorded {
    name: &'static str,
    script: Arc<Script>,
}

#[async_trait]
impl TargetPort for Recorded {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        self.script.answer(self.name, &call)
    }
}

/// An echo is one again, and news is news.
struct KnownEcho(bool);

#[async_trait]
impl Echoes for KnownEcho {
    async fn is_echo(&self, _: &Echo) -> Result<bool, Stop> {
        Ok(self.0)
    }

    async fn remember(&self, _: &Echo) -> Result<(), Stop> {
        Ok(())
    }
}

/// Runs other actions in the same way.
struct Again {
    stage: Arc<Stage>,
    recorded: Option<Uuid>,
}

#[async_trait]
impl Actions for Again {
    async fn invoke(&self, action: &str, event: &Event, _: &Context) -> Answer {
        Stage::run(&self.stage, action, event, self.recorded).await
    }
}

/// Keeps and takes nothing.
struct Nothing;

#[async_trait]
impl State for Nothing {
    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Stop> {
        Ok(None)
    }

    async fn put(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<(), Stop> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), Stop> {
        Ok(())
    }
}

#[async_trait]
impl Publisher for Nothing {
    async fn publish(&self, _: Publication) -> Result<Published, Refusal> {
        Err(Refusal::Unavailable { retry_after: Duration::ZERO })
    }
}

#[async_trait]
impl Senders for Nothing {
    async fn check(&self, _: &Request) -> Verdict {
        Verdict::Undecided { reason: "nobody sends anything in a run again".to_owned(), retry_after: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(path: &str, body: &Value) -> Call {
        let body = Some(body.to_string().into_bytes());
        Call {
            method: http::Method::POST,
            path: path.to_owned(),
            body,
            event_id: None,
            trace: None,
            changes: Vec::new(),
        }
    }

    /// What is recorded of a run that posted `{"a":1,"b":2}` to `known`.
    fn script() -> Script {
        let known = json!({
            "target": "commerce", "method": "POST", "path": "known", "start_us": 0, "us": 5,
            "request": r#"{"a":1,"b":2}"#, "status": 400, "error": "the price is wrong",
        });
        Script::new(vec![serde_json::from_value(known).unwrap()])
    }

    #[track_caller]
    fn check(call: &Call, compared: Compared, status: Option<u16>) {
        let script = script();
        let answer = script.answer("commerce", call);
        assert_eq!(answer.as_ref().ok().map(|reply| reply.status), status, "{answer:?}");
        assert_eq!(script.end().0[0].compared, compared);
    }

    #[test]
    fn a_call_is_held_against_the_recorded_one() {
        check(&call("known", &json!({"b": 2, "a": 1})), Compared::Same, Some(400));
        check(&call("known", &json!({"a": 1, "b": 3})), Compared::Changed, Some(400));
        check(&call("other", &json!({})), Compared::New, None);
    }

    #[test]
    fn an_answer_is_given_once_and_what_is_not_asked_for_is_told() {
        let script = script();
        assert_eq!(script.end().1, ["commerce POST known"]);
        let script = self::script();
        let known = call("known", &json!({}));
        assert!(script.answer("commerce", &known).is_ok());
        let stop = script.answer("commerce", &known).unwrap_err();
        assert!(stop.to_string().contains("no answer of commerce to POST known is recorded"), "{stop}");
        assert!(script.answer("backoffice", &known).is_err(), "another target's answer is none");
    }
}
