//! What a plan does to one thing, as people and programs are told.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Delete,
    /// It is as it should be.
    Leave,
}

impl Verb {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Leave => "leave",
        }
    }
}

/// What is changed, in Adobe's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Provider,
    EventMetadata,
    Registration,
    /// The configuration of Commerce's eventing module.
    EventingConfiguration,
    /// A provider as Commerce knows it.
    EventProvider,
    /// What Commerce sends.
    EventSubscription,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::EventMetadata => "event metadata",
            Self::Registration => "registration",
            Self::EventingConfiguration => "eventing configuration",
            Self::EventProvider => "event provider",
            Self::EventSubscription => "event subscription",
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    #[serde(rename = "action")]
    pub verb: Verb,
    pub kind: Kind,
    /// Label, event code or name.
    pub name: String,
    /// Of an update, the members that differ; else why, where that is not plain.
    pub why: Vec<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<6}  {:<22}  {}", self.verb.as_str(), self.kind.as_str(), self.name)?;
        if !self.why.is_empty() {
            write!(f, "  ({})", self.why.join(", "))?;
        }
        Ok(())
    }
}
