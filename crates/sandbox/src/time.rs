//! Instants as Commerce writes them: in UTC, to the second, without a zone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When a document was saved last. Any two are equal, so that documents are when they say the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Saved(String);

impl Saved {
    pub fn at(now: Timestamp) -> Self {
        Self(second(now))
    }
}

impl From<String> for Saved {
    fn from(second: String) -> Self {
        Self(second)
    }
}

impl PartialEq for Saved {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// RFC 3339, UTC, with milliseconds.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

pub fn second(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
