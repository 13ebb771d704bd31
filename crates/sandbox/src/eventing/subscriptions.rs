//! Which events somebody wants: what `eventSubscribe` takes, keeps and gives back.
//!
//! Guesses, because Commerce's answers to them are not documented: a second subscription of one name is refused,
//! a rule may stand in a subscription without `parent`, and a provider has to be known.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::{Field, SEGMENTS_MAX};
use super::names::{Happening, NAME_CHARS_MAX, is_known, is_well_formed};
use super::rules::{Operator, Rule, pattern};
use crate::answer::{Answer, shortened};
use crate::collection::{Collection, Limits};
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, flag, line, list, object, required};

pub const LIMITS: Limits = Limits { name: "event subscriptions", count_max: 200, bytes_max: 4 * 1024 * 1024 };
const KIND: &str = "commerce.event_subscription";
const FIELDS_MAX: usize = 500;
const RULES_MAX: usize = 50;
const DESTINATION: &str = "default";

/// One subscription as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    pub name: String,
    /// The event that this one is an alias of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    pub fields: Vec<Field>,
    pub rules: Vec<Rule>,
    pub destination: String,
    /// Sent at once, not with the next batch.
    pub priority: bool,
    pub hipaa_audit_required: bool,
    /// The default provider when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

#[derive(Debug)]
pub struct Subscriptions {
    collection: Collection<Subscription>,
}

/// What a client wants a subscription to be; what it leaves out is as it was.
#[derive(Debug)]
pub struct Draft {
    name: Option<String>,
    parent: Option<String>,
    fields: Option<Vec<Field>>,
    rules: Option<Vec<Rule>>,
    destination: Option<String>,
    priority: Option<u8>,
    hipaa_audit_required: Option<u8>,
    provider_id: Option<String>,
    /// The name need not be known.
    is_forced: bool,
}

impl Subscriptions {
    pub fn load(keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        Ok(Self { collection: Collection::load(KIND, LIMITS, keeper)?.aside() })
    }

    pub fn all(&self) -> impl Iterator<Item = &Subscription> {
        self.collection.all().map(|(_, subscription)| subscription)
    }

    /// POST. `is_provider` knows the providers.
    pub fn create(&mut self, draft: Draft, is_provider: impl Fn(&str) -> bool) -> Result<(), Answer> {
        let name = draft.name.clone().ok_or_else(|| required("name"))?;
        if self.find(&name).is_some() {
            return Err(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "The event \"%1\" is subscribed already. PUT changes its subscription.",
                &json!([shortened(&name)]),
            ));
        }
        if draft.fields.as_ref().is_none_or(Vec::is_empty) {
            return Err(required("fields"));
        }
        let blank = Subscription {
            name,
            parent: None,
            fields: Vec::new(),
            rules: Vec::new(),
            destination: DESTINATION.to_owned(),
            priority: false,
            hipaa_audit_required: false,
            provider_id: None,
        };
        self.put(self.collection.next_id(), blank.merged(draft, is_provider)?)
    }

    /// PUT: the name of the path wins over that of the body.
    pub fn update(&mut self, name: &str, draft: Draft, is_provider: impl Fn(&str) -> bool) -> Result<(), Answer> {
        let id = self.find(name).ok_or_else(|| no_subscription(name))?;
        let known = self.collection.get(id).cloned().ok_or_else(|| no_subscription(name))?;
        self.put(id, known.merged(draft, is_provider)?)
    }

    pub fn remove(&mut self, name: &str) -> Result<(), Answer> {
        let id = self.find(name).ok_or_else(|| no_subscription(name))?;
        self.collection.remove(id);
        Ok(())
    }

    fn put(&mut self, id: u64, subscription: Subscription) -> Result<(), Answer> {
        self.collection.put(id, subscription).map(|_| ())
    }

    fn find(&self, name: &str) -> Option<u64> {
        self.collection.all().find(|(_, subscription)| subscription.name == name).map(|(id, _)| id)
    }
}

impl Subscription {
    /// Whether it is about this, by its own name or as an alias.
    pub fn is_about(&self, happening: Happening) -> bool {
        happening.is_called(self.parent.as_deref().unwrap_or(&self.name))
    }

    /// Fields are merged by their name, the others replaced.
    fn merged(self, draft: Draft, is_provider: impl Fn(&str) -> bool) -> Result<Self, Answer> {
        let parent = draft.parent.or(self.parent);
        let original = parent.as_deref().unwrap_or(&self.name);
        if !draft.is_forced && !is_known(original) {
            return Err(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "The event \"%1\" is not one that Commerce has. Give `name` as `observer.<event>`, or `parent` beside an alias.",
                &json!([shortened(original)]),
            ));
        }
        if let Some(provider_id) = draft.provider_id.as_deref().filter(|id| !id.is_empty() && !is_provider(id)) {
            return Err(Answer::invalid("provider_id", provider_id));
        }
        let mut fields = self.fields;
        for field in draft.fields.into_iter().flatten() {
            match fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field,
                None => fields.push(field),
            }
        }
        if fields.len() > FIELDS_MAX {
            return Err(Answer::store_full(&format!("{FIELDS_MAX} fields of an event subscription")));
        }
        Ok(Self {
            parent,
            fields,
            rules: draft.rules.unwrap_or(self.rules),
            destination: draft.destination.unwrap_or(self.destination),
            priority: draft.priority.map_or(self.priority, |set| set == 1),
            hipaa_audit_required: draft.hipaa_audit_required.map_or(self.hipaa_audit_required, |set| set == 1),
            // An empty one goes back to the default provider.
            provider_id: draft.provider_id.or(self.provider_id).filter(|id| !id.is_empty()),
            name: self.name,
        })
    }
}

impl Draft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        let event = request.need("event", object)?;
        let is_forced = request.take("force", flag)? == Some(1);
        request.finish(&[])?;
        let mut members = Members::of("An event subscription", Value::Object(event))?;
        let draft = Self {
            name: members.take("name", name)?,
            parent: members.take("parent", optional_name)?.flatten(),
            fields: members.take("fields", list)?.map(fields).transpose()?,
            rules: members.take("rules", list)?.map(rules).transpose()?,
            destination: members.take("destination", line)?.filter(|destination| !destination.is_empty()),
            priority: members.take("priority", flag)?,
            hipaa_audit_required: members.take("hipaa_audit_required", flag)?,
            provider_id: members.take("provider_id", line)?,
            is_forced,
        };
        members.finish(&[])?;
        Ok(draft)
    }
}

fn name(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) if is_well_formed(&text) => Ok(text),
        other => Err(other),
    }
}

fn optional_name(value: Value) -> Result<Option<String>, Value> {
    if value == "" { Ok(None) } else { name(value).map(Some) }
}

fn fields(items: Vec<Value>) -> Result<Vec<Field>, Answer> {
    if items.len() > FIELDS_MAX {
        return Err(Answer::store_full(&format!("{FIELDS_MAX} fields of an event subscription")));
    }
    let mut fields = Vec::new();
    for item in items {
        let mut members = Members::of("A field", item)?;
        let field = Field {
            name: filled(&mut members, "name", "fields.name")?,
            converter: members.take("converter", line)?.filter(|text| !text.is_empty()),
            source: members.take("source", line)?.filter(|text| !text.is_empty()),
        };
        members.finish(&[])?;
        fields.push(field);
    }
    Ok(fields)
}

fn rules(items: Vec<Value>) -> Result<Vec<Rule>, Answer> {
    if items.len() > RULES_MAX {
        return Err(Answer::store_full(&format!("{RULES_MAX} rules of an event subscription")));
    }
    let mut rules = Vec::new();
    for item in items {
        let mut members = Members::of("A rule", item)?;
        let field = filled(&mut members, "field", "rules.field")?;
        let operator = members.take("operator", |value| Ok(Operator::read(value)))?;
        let operator = operator.ok_or_else(|| required("rules.operator"))?;
        let operator = operator.map_err(|value| Answer::unusable("rules.operator", &value))?;
        let value = members.take("value", rule_value)?;
        members.finish(&[])?;
        let value = match (operator, value) {
            (Operator::OnChange, value) => value.unwrap_or_default(),
            (_, Some(value)) => value,
            (_, None) => return Err(required("rules.value")),
        };
        if operator == Operator::Regex && pattern(&value).is_none() {
            return Err(Answer::unusable("rules.value", &value.into()));
        }
        rules.push(Rule { field, operator, value });
    }
    Ok(rules)
}

/// A name of data, which is not empty and not deeper than data are looked at.
fn filled(members: &mut Members, member: &'static str, shown: &'static str) -> Result<String, Answer> {
    let name = members.take(member, line)?.filter(|name| !name.trim().is_empty()).ok_or_else(|| required(shown))?;
    let is_deep = name.split('.').count() > SEGMENTS_MAX || name.chars().count() > NAME_CHARS_MAX;
    if is_deep { Err(Answer::unusable(shown, &name.into())) } else { Ok(name) }
}

fn rule_value(value: Value) -> Result<String, Value> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        other => line(other),
    }
}

fn no_subscription(name: &str) -> Answer {
    Answer::refusal(
        StatusCode::NOT_FOUND,
        "No such entity with %fieldName = %fieldValue",
        &json!({ "fieldName": "name", "fieldValue": shortened(name) }),
    )
}
