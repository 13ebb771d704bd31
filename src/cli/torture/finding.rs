use std::fmt;

use serde_json::{Value, json};
use uuid::Uuid;

/// What is wrong with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Acknowledged without being stored, or without an effect.
    Lost,
    /// More than one effect.
    Double,
    /// The effects of a business key came in another order than its events were acknowledged.
    Reorder,
    /// Open at the end.
    Stuck,
    /// A state or a count went back.
    Back,
    /// An effect that belongs to no event that was sent.
    Strange,
    /// An answer that a client cannot live with.
    Answer,
    /// The program ended by itself, or did not end.
    Crash,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Double => "double",
            Self::Reorder => "reorder",
            Self::Stuck => "stuck",
            Self::Back => "back",
            Self::Strange => "strange",
            Self::Answer => "answer",
            Self::Crash => "crash",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Finding {
    pub kind: Kind,
    pub event: Option<Uuid>,
    pub uid: Option<String>,
    pub key: Option<String>,
    pub expected: String,
    pub seen: String,
}

impl Finding {
    /// One that is about no single event.
    pub fn of_run(kind: Kind, expected: &str, seen: &str) -> Self {
        Self { kind, event: None, uid: None, key: None, expected: expected.to_owned(), seen: seen.to_owned() }
    }

    pub fn as_json(&self) -> Value {
        json!({
            "kind": self.kind.as_str(),
            "event": self.event.map(|id| id.to_string()),
            "uid": self.uid,
            "key": self.key,
            "expected": self.expected,
            "seen": self.seen,
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.kind.as_str())?;
        if let Some(event) = self.event {
            write!(formatter, " event {event}")?;
        }
        if let Some(uid) = &self.uid {
            write!(formatter, " uid {uid}")?;
        }
        if let Some(key) = &self.key {
            write!(formatter, " key `{key}`")?;
        }
        write!(formatter, ": expected {}; seen {}", self.expected, self.seen)
    }
}
