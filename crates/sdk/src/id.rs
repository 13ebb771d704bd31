use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Names one run of one action: 32 hex digits, as Adobe I/O Runtime prints them.
///
/// Ids made later sort later (UUID version 7), so a store can append them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActivationId(Uuid);

impl ActivationId {
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The event that this run published carries the same id in CloudEvents' usual form, with hyphens.
    pub fn event_id(self) -> String {
        self.0.hyphenated().to_string()
    }
}

impl fmt::Display for ActivationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(formatter)
    }
}

/// The text is not 32 hex digits (hyphens are allowed).
#[derive(Debug)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an activation id has 32 hex digits")
    }
}

impl std::error::Error for NotAnId {}

impl FromStr for ActivationId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
    }
}
