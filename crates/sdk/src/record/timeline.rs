//! The stages of one run and the calls that it made.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::begin_of;
use crate::{Call, Fate, Reply, Stop};

/// Bodies of calls are kept up to here, as the tracing API shows them (contract, section 6).
const BODY_BYTES_MAX: usize = 64 << 10;

/// Bodies of a run that went well are kept up to here: they are rarely looked at, and every event would leave them.
const BODY_OF_SUCCESS_BYTES_MAX: usize = 2 << 10;

/// Calls of one run that are told one by one, and their bodies together.
const CALLS_MAX: usize = 100;
const BODIES_BYTES_MAX: usize = 256 << 10;

/// What happened when, in microseconds since the run began.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Timeline {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSpan>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallSpan>,
    /// An earlier attempt may have had its effect, so the run looked for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// Calls beyond those that are told.
    #[serde(skip_serializing_if = "is_zero")]
    pub calls_left_out: usize,
    #[serde(skip)]
    bodies_bytes: usize,
}

/// One stage of a handler: `decode`, `validate`, `transform`, `pre`, `send` or `post`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StageSpan {
    pub name: Cow<'static, str>,
    pub start_us: u64,
    pub us: u64,
    /// The run went no further: it was stopped here, or cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
}

/// One call to another system, with what came back.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallSpan {
    /// `commerce`, `graphql` or `backoffice`.
    pub target: Cow<'static, str>,
    pub method: String,
    /// Below the target's base.
    pub path: String,
    pub start_us: u64,
    pub us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Text>,
    #[serde(flatten)]
    pub answer: Answered,
}

/// A body, or the begin of one that is too long to keep.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Text {
    Whole(String),
    Cut { begin: String, bytes: usize },
}

impl Text {
    fn shorten(&mut self, bytes_max: usize) {
        let (text, bytes) = match self {
            Self::Whole(text) => (&*text, text.len()),
            Self::Cut { begin, bytes } => (&*begin, *bytes),
        };
        if text.len() > bytes_max {
            *self = Self::Cut { begin: begin_of(text, bytes_max).to_owned(), bytes };
        }
    }
}

/// What came back: a reply, a stop, or neither before the run was cut off.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Text>,
    /// The target's own words about a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Why there was no reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stopped>,
}

/// A stop as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stopped {
    /// What was to follow: [`Fate::as_str`].
    pub fate: Cow<'static, str>,
    pub status: u16,
    pub message: String,
}

impl Timeline {
    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty() && self.calls.is_empty()
    }

    /// Leaves the rest of long bodies out: the run went well.
    pub(super) fn shorten(&mut self) {
        let bodies = self.calls.iter_mut().flat_map(|call| [&mut call.request, &mut call.answer.response]);
        for body in bodies.flatten() {
            body.shorten(BODY_OF_SUCCESS_BYTES_MAX);
        }
    }

    /// Where the new stage stands.
    pub(super) fn begin_stage(&mut self, name: &'static str, start: Duration) -> usize {
        self.stages.push(StageSpan { name: name.into(), start_us: micros(start), us: 0, stopped: true });
        self.stages.len() - 1
    }

    /// Where the new call stands; `None` when there are too many.
    pub(super) fn begin_call(&mut self, target: &'static str, call: &Call, start: Duration) -> Option<usize> {
        if self.calls.len() == CALLS_MAX {
            self.calls_left_out += 1;
            return None;
        }
        let request = call.body.as_deref().map(|body| self.kept(&String::from_utf8_lossy(body)));
        self.calls.push(CallSpan {
            target: target.into(),
            method: call.method.to_string(),
            path: call.path.clone(),
            start_us: micros(start),
            us: 0,
            request,
            answer: Answered::default(),
        });
        Some(self.calls.len() - 1)
    }

    pub(super) fn answer(&mut self, index: usize, answer: &Result<Reply, Stop>) {
        let answer = match answer {
            Ok(reply) => Answered {
                status: Some(reply.status),
                response: (!reply.body.is_null()).then(|| self.kept(&reply.body.to_string())),
                error: reply.error.clone(),
                note: reply.note.clone(),
                retry_after_ms: reply.retry_after.map(millis),
                stop: None,
            },
            Err(stop) => Answered {
                retry_after_ms: stop.fate().after().map(millis),
                stop: Some(Stopped {
                    fate: stop.fate().as_str().into(),
                    status: stop.status(),
                    message: stop.to_string(),
                }),
                ..Answered::default()
            },
        };
        if let Some(call) = self.calls.get_mut(index) {
            call.answer = answer;
        }
    }

    /// As much of a body as is kept.
    fn kept(&mut self, body: &str) -> Text {
        let left = BODIES_BYTES_MAX.saturating_sub(self.bodies_bytes);
        let begin = begin_of(body, BODY_BYTES_MAX.min(left));
        self.bodies_bytes += begin.len();
        if begin.len() == body.len() {
            Text::Whole(begin.to_owned())
        } else {
            Text::Cut { begin: begin.to_owned(), bytes: body.len() }
        }
    }
}

impl Answered {
    /// What the target answered, or why it did not; `None` when only a part of it was kept, or the run was cut off
    /// before.
    pub fn again(&self) -> Option<Result<Reply, Stop>> {
        let after = self.retry_after_ms.map(Duration::from_millis);
        if let Some(stopped) = &self.stop {
            let fate = Fate::named(&stopped.fate, after)?;
            return Some(Err(Stop::of(fate, stopped.status, stopped.message.clone())));
        }
        let body = match &self.response {
            None => serde_json::Value::Null,
            Some(Text::Whole(text)) => serde_json::from_str(text).ok()?,
            Some(Text::Cut { .. }) => return None,
        };
        let (error, note) = (self.error.clone(), self.note.clone());
        Some(Ok(Reply { status: self.status?, body, error, retry_after: after, note }))
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
