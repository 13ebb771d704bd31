//! The subscriptions that Commerce has.

use sdk::TargetPort;
use serde_json::Value;

use super::file::{Field, Rule};
use crate::commerce::{Module, text_of};
use crate::{Failure, Phase};

pub(super) const SUBSCRIPTIONS: &str = "eventing/getEventSubscriptions";
const REASON: &str =
    "Unexpected error occurred while subscribing to an event in the Adobe I/O Events module in Commerce";

/// One subscription as Commerce tells it. Members that it does not tell are as if they were not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) fields: Vec<Field>,
    pub(super) rules: Vec<Rule>,
    pub(super) destination: Option<String>,
    pub(super) priority: bool,
    pub(super) hipaa_audit_required: bool,
    pub(super) provider_id: Option<String>,
}

impl Observed {
    fn new(value: &Value) -> Option<Self> {
        let text = |value: &Value| Some(text_of(value)).filter(|text| !text.is_empty());
        let items = |name: &str| value[name].as_array().into_iter().flatten();
        let field = |field: &Value| match field {
            Value::String(name) => Some(Field { name: name.clone(), converter: None, source: None }),
            _ => Some(Field {
                name: text(&field["name"])?,
                converter: text(&field["converter"]),
                source: text(&field["source"]),
            }),
        };
        let rule = |rule: &Value| Rule {
            field: text_of(&rule["field"]),
            operator: text_of(&rule["operator"]),
            value: text_of(&rule["value"]),
        };
        Some(Self {
            name: text(&value["name"])?,
            parent: text(&value["parent"]),
            fields: items("fields").filter_map(field).collect(),
            rules: items("rules").map(rule).collect(),
            destination: text(&value["destination"]),
            priority: is_set(&value["priority"]),
            hipaa_audit_required: is_set(&value["hipaa_audit_required"]),
            provider_id: text(&value["provider_id"]),
        })
    }
}

/// Modules differ in how they write a flag.
fn is_set(value: &Value) -> bool {
    matches!(text_of(value).as_str(), "true" | "1")
}

/// All subscriptions.
pub(super) async fn observe(module: &Module<'_>) -> Result<Vec<Observed>, Failure> {
    let reply = module.get(SUBSCRIPTIONS).await?;
    match &reply.body {
        _ if !reply.is_success() => Err(module.refused(&reply)),
        Value::Array(items) => Ok(items.iter().filter_map(Observed::new).collect()),
        _ => Err(module.strange(SUBSCRIPTIONS, "a list of subscriptions")),
    }
}

pub(super) fn module(store: &dyn TargetPort) -> Module<'_> {
    Module { store, phase: Phase::CommerceEventSubscribe, reason: REASON }
}
