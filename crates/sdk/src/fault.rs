use std::fmt;

use serde::Serialize;

use crate::json::member;

/// One thing wrong with a document: where, as a JSON pointer, and which rule it breaks.
///
/// Neither text ever holds a value of the document; answers and logs may show both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub path: String,
    pub message: String,
}

impl Fault {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The fault as seen from a document that holds this one at `prefix`.
    #[must_use]
    pub fn below(self, prefix: &str) -> Self {
        Self { path: format!("{prefix}{}", self.path), ..self }
    }

    /// Turns a failed decoding into pointer and rule. serde's own text quotes the value, so only the part after
    /// "expected" is kept.
    pub(crate) fn from_decoding(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().iter().fold(String::new(), |path, segment| {
            use serde_path_to_error::Segment;
            match segment {
                Segment::Seq { index } => format!("{path}/{index}"),
                Segment::Map { key } => member(&path, key),
                Segment::Enum { .. } | Segment::Unknown => path,
            }
        });
        let text = error.inner().to_string();
        if let Some(field) = quoted_after(&text, "missing field `") {
            return Self::new(member(&path, field), "is required");
        }
        if text.starts_with("unknown field `") {
            return Self::new(path, "is not allowed here");
        }
        let Some((_, expected)) = text.rsplit_once("expected ") else {
            return Self::new(path, "does not fit");
        };
        let expected = expected.split(" at line ").next().unwrap_or(expected);
        // The name of a type here means nothing to the sender.
        let expected = if expected.starts_with("struct ") { "an object" } else { expected };
        Self::new(path, format!("must be {expected}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(formatter, "`{path}` {}", self.message)
    }
}

fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.split('`').next()
}
