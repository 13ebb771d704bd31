//! The file of subscriptions as it is written.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::files::{self, SUBSCRIPTIONS_FILE};
use crate::schema::Places;
use crate::{Failure, LoadError, Phase, Problem, WORKSPACE_FILE};

/// What Commerce is asked to send of one event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Without `com.adobe.commerce.`; with a parent, an alias.
    pub name: String,
    pub parent: Option<String>,
    pub fields: Vec<Field>,
    /// None: whatever the store has. The same holds for all that follow.
    pub rules: Option<Vec<Rule>>,
    pub priority: Option<bool>,
    pub destination: Option<String>,
    pub hipaa_audit_required: Option<bool>,
    /// The provider's key in `providers.json`.
    pub provider: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub field: String,
    pub operator: String,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    event: Subscription,
}

/// What is wrong with the files that only `kit subscribe` and `kit onboard` need. One that is not there is not wrong.
///
/// # Errors
/// What is no JSON, or breaks its schema.
pub fn check_files_of_commands(folder: &Path) -> Result<(), LoadError> {
    let subscriptions = files::read::<Vec<Entry>>(folder, SUBSCRIPTIONS_FILE).map(drop);
    let workspace = files::read::<IgnoredAny>(folder, WORKSPACE_FILE).map(drop);
    let problems = [subscriptions, workspace].into_iter().filter_map(Result::err).flatten();
    let is_there = |problem: &Problem| !matches!(problem, Problem::Unreadable { error, .. } if error.kind() == ErrorKind::NotFound);
    let problems: Vec<Problem> = problems.filter(is_there).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// All subscriptions of the file, in its order.
#[derive(Debug)]
pub struct Subscriptions {
    pub(super) entries: Vec<Subscription>,
    pub(super) file: PathBuf,
    pub(super) places: Places,
}

/// The file cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// It is not there, or no JSON.
    Failed(Failure),
    /// Everything that is wrong in it.
    Faulty(LoadError),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Faulty(faults) => faults.fmt(f),
        }
    }
}

impl std::error::Error for Unusable {}

impl Subscriptions {
    /// Reads the file of the config folder.
    ///
    /// # Errors
    /// It is not there, no JSON, or breaks its schema.
    pub fn read(folder: &Path) -> Result<Self, Unusable> {
        let (entries, text) = files::read_with_text::<Vec<Entry>>(folder, SUBSCRIPTIONS_FILE).map_err(Unusable::new)?;
        Ok(Self {
            entries: entries.into_iter().map(|entry| entry.event).collect(),
            file: folder.join(SUBSCRIPTIONS_FILE),
            places: Places::of(&text),
        })
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Subscription> {
        self.entries.iter()
    }
}

impl<'a> IntoIterator for &'a Subscriptions {
    type Item = &'a Subscription;
    type IntoIter = std::slice::Iter<'a, Subscription>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Unusable {
    fn new(problems: Vec<Problem>) -> Self {
        let failure = |label: &'static str, reason: &str, problem: &Problem| {
            let text = problem.to_string();
            let (detail, hint) = text.split_once("\n  hint: ").unwrap_or((&text, ""));
            Self::Failed(Failure::new(Phase::CommerceEventSubscribe, label, reason).detail(detail).hint(hint))
        };
        match &problems[..] {
            [problem @ Problem::Unreadable { error, .. }] if error.kind() == ErrorKind::NotFound => {
                failure("MISSING_EVENT_SPEC_FILE", "The file with the event subscriptions was not found.", problem)
            }
            [problem @ Problem::Malformed { .. }] => {
                failure("INVALID_JSON_FILE", "The file with the event subscriptions is not valid JSON.", problem)
            }
            _ => Self::Faulty(problems.into()),
        }
    }
}

impl Subscription {
    /// What of it is sent; `provider_id` where the provider is said.
    pub(super) fn payload(&self, provider_id: Option<&str>) -> Value {
        let mut event = json!({"name": self.name, "fields": self.fields});
        let members = [
            ("parent", self.parent.as_ref().map(|parent| json!(parent))),
            ("rules", self.rules.as_ref().map(|rules| json!(rules))),
            ("priority", self.priority.map(Value::Bool)),
            ("destination", self.destination.as_ref().map(|destination| json!(destination))),
            ("hipaa_audit_required", self.hipaa_audit_required.map(Value::Bool)),
            ("provider_id", provider_id.map(Value::from)),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                event[name] = value;
            }
        }
        json!({"event": event})
    }
}
