//! What clients write about a registration.

use std::collections::HashSet;

use engine::Filter;
use sdk::Fault;
use serde_json::{Value, json};
use store::{Interest, Registration, RegistrationHealth, SubscriberFilter, Verification};
use uuid::Uuid;

use crate::Options;
use crate::management::fields::{Alphabet, Fields, Text, refusal};
use crate::management::registrations::JOURNAL;
use crate::problem::Problem;

const WORD: Alphabet = Alphabet::new(
    |letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter),
    "letters from A to Z, digits and _ - .",
);
const CLIENT_ID: Text = Text::new(3, 128).of(WORD);
const NAME: Text = Text::new(3, 255);
const DESCRIPTION: Text = Text::new(0, 5_000);
const DELIVERY_TYPE: Text = Text::new(1, 255);
const WEBHOOK_URL: Text = Text::new(0, 4_000);
const RUNTIME_ACTION: Text = Text::new(1, 255);
const PROVIDER_ID: Text = Text::new(1, 38);
const EVENT_CODE: Text = Text::new(1, 255);
const FILTER_NAME: Text = Text::new(3, 80);
const FILTER_DESCRIPTION: Text = Text::new(0, 250);
/// The engine has limits of its own, and names them better.
const FILTER_PATTERN: Text = Text::new(1, 1_048_576);

const DELIVERY_TYPES: [&str; 3] = ["webhook", "webhook_batch", JOURNAL];
const FILTERS_MAX: usize = 1;
/// Adobe names no limit.
const INTERESTS_MAX: usize = 2_000;

/// Where events go.
#[derive(Clone, Debug)]
enum Target {
    Webhook(String),
    Action(String),
    /// Nowhere: the client reads its journal.
    Journal,
}

/// A registration as it is to become. What is left out stays as it is, where the API allows to leave it out.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    name: String,
    description: String,
    delivery_type: String,
    target: Target,
    enabled: Option<bool>,
    events_of_interest: Vec<Interest>,
    filters: Option<Vec<FilterDraft>>,
}

/// A registration that is to be made.
#[derive(Clone, Debug)]
pub(super) struct NewDraft {
    pub(super) client_id: String,
    pub(super) draft: Draft,
}

#[derive(Clone, Debug)]
pub(in crate::management) struct FilterDraft {
    name: String,
    description: String,
    subscriber_filter: String,
}

impl NewDraft {
    pub(super) fn read(document: &Value, options: &Options) -> Result<Self, Problem> {
        let mut fields = Fields::new(document)?;
        let client_id = fields.required("client_id", &CLIENT_ID).to_owned();
        let draft = Draft::of(&mut fields, options);
        fields.finish(Self { client_id, draft })
    }
}

impl Draft {
    pub(super) fn read(document: &Value, options: &Options) -> Result<Self, Problem> {
        let mut fields = Fields::new(document)?;
        let draft = Self::of(&mut fields, options);
        fields.finish(draft)
    }

    fn of(fields: &mut Fields<'_>, options: &Options) -> Self {
        let delivery_type = delivery_type(fields);
        Self {
            name: fields.required("name", &NAME).to_owned(),
            description: fields.text("description", &DESCRIPTION).unwrap_or_default().to_owned(),
            target: target(fields, &delivery_type, options),
            enabled: fields.flag("enabled"),
            events_of_interest: interests(fields),
            filters: filters(fields),
            delivery_type,
        }
    }

    /// The registration with this draft. Its verification is of the old address.
    pub(super) fn applied(self, old: &Registration) -> Registration {
        let (webhook_url, runtime_action) = match self.target {
            Target::Webhook(url) => (Some(url), None),
            Target::Action(action) => (None, Some(action)),
            Target::Journal => (None, None),
        };
        let verification = if webhook_url.is_some() { old.verification.clone() } else { Verification::Verified };
        let filters = self
            .filters
            .map(|filters| filters.into_iter().map(|filter| filter.applied(old.subscriber_filters.first())).collect());
        Registration {
            name: self.name,
            description: self.description,
            delivery_type: self.delivery_type,
            runtime_action,
            webhook_url,
            verification,
            enabled: self.enabled.unwrap_or(old.enabled),
            // Whoever switches it on gives it a new start.
            health: if self.enabled == Some(true) && !old.enabled { RegistrationHealth::Active } else { old.health },
            events_of_interest: self.events_of_interest,
            subscriber_filters: filters.unwrap_or_else(|| old.subscriber_filters.clone()),
            ..old.clone()
        }
    }
}

impl FilterDraft {
    /// A filter that is a document of its own.
    pub(in crate::management) fn read(document: &Value) -> Result<Self, Problem> {
        checked_filter(document, String::new()).map_err(|faults| refusal(&faults))
    }

    /// A filter whose pattern may be none.
    pub(in crate::management) fn shape(item: &Value, path: String) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::at(item, path).map_err(|fault| vec![fault])?;
        let draft = Self {
            name: fields.required("name", &FILTER_NAME).to_owned(),
            description: fields.text("description", &FILTER_DESCRIPTION).unwrap_or_default().to_owned(),
            subscriber_filter: fields.required("subscriber_filter", &FILTER_PATTERN).to_owned(),
        };
        fields.end(draft)
    }

    /// The filter with this draft; a registration has one at the most, so it keeps its id whatever it says.
    pub(in crate::management) fn applied(self, old: Option<&SubscriberFilter>) -> SubscriberFilter {
        let Self { name, description, subscriber_filter } = self;
        let id = old.map_or_else(|| Uuid::new_v4().to_string(), |old| old.id.clone());
        SubscriberFilter { id, name, description, subscriber_filter }
    }

    pub(in crate::management) fn pattern(&self) -> &str {
        &self.subscriber_filter
    }
}

/// What may be changed, as patches see it.
pub(super) fn document(registration: &Registration) -> Value {
    let Registration { name, description, delivery_type, runtime_action, webhook_url, enabled, .. } = registration;
    json!({
        "name": name,
        "description": description,
        "delivery_type": delivery_type,
        "runtime_action": runtime_action,
        "webhook_url": webhook_url,
        "enabled": enabled,
        "events_of_interest": registration.events_of_interest,
        "subscriber_filters": registration.subscriber_filters,
        // Adobe's clients set it; it says nothing that `runtime_action` does not.
        "runtimeWebhook": runtime_action.is_some(),
    })
}

fn delivery_type(fields: &mut Fields<'_>) -> String {
    let delivery_type = fields.required("delivery_type", &DELIVERY_TYPE).to_ascii_lowercase();
    let known = format!("`{}`", DELIVERY_TYPES.join("`, `"));
    match delivery_type.as_str() {
        "" => {}
        "aws_eventbridge" => {
            let message = format!("is refused: aws_eventbridge is not available here; there are {known}");
            fields.fault("delivery_type", message);
        }
        other if !DELIVERY_TYPES.contains(&other) => fields.fault("delivery_type", format!("must be one of {known}")),
        _ => {}
    }
    delivery_type
}

fn target(fields: &mut Fields<'_>, delivery_type: &str, options: &Options) -> Target {
    let has_action = fields.has("runtime_action");
    // Answers show where events come in for an action; whoever sends an answer back does not ask for both.
    let own = format!("{}/webhooks/", options.base_url);
    let is_own = fields.get("webhook_url").and_then(Value::as_str).is_some_and(|url| url.starts_with(&own));
    let has_url = fields.has("webhook_url") && !(has_action && is_own);
    let action = action(fields);
    let url = if has_url { webhook_url(fields, options) } else { None };
    match (delivery_type, has_url, has_action) {
        // That is wrong already; what else it would need nobody can say.
        (unknown, ..) if !DELIVERY_TYPES.contains(&unknown) => {}
        (JOURNAL, ..) => {
            let unwanted = [("webhook_url", has_url), ("runtime_action", has_action)];
            for (name, _) in unwanted.into_iter().filter(|(_, is_there)| *is_there) {
                fields.fault(name, "must be left out where `/delivery_type` is `journal`");
            }
        }
        (_, true, true) => fields.fault("webhook_url", "excludes `/runtime_action`; leave one of them out"),
        (_, false, false) => fields.fault("webhook_url", "or `/runtime_action` is required, except for a `journal`"),
        (_, true, false) | (_, false, true) => {}
    }
    match (has_url, has_action) {
        (true, _) => Target::Webhook(url.unwrap_or_default()),
        (false, true) => Target::Action(action.unwrap_or_default()),
        (false, false) => Target::Journal,
    }
}

fn action(fields: &mut Fields<'_>) -> Option<String> {
    let action = fields.filled("runtime_action", &RUNTIME_ACTION)?;
    let is_name =
        |part: &str| !part.is_empty() && !part.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let parts: Vec<&str> = action.split('/').collect();
    if parts.len() == 2 && parts.into_iter().all(is_name) {
        return Some(action.to_owned());
    }
    fields.fault("runtime_action", "must be `package/action`");
    None
}

fn webhook_url(fields: &mut Fields<'_>, options: &Options) -> Option<String> {
    let url = fields.url("webhook_url", &WEBHOOK_URL)?;
    let is_plain = !url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if is_plain && !options.takes_plain_http {
        fields.fault("webhook_url", "must begin with `https://`");
        return None;
    }
    Some(url.to_owned())
}

fn interests(fields: &mut Fields<'_>) -> Vec<Interest> {
    if fields.get("events_of_interest").is_none() {
        fields.fault("events_of_interest", "is required");
    }
    let items = fields.items("events_of_interest").unwrap_or_default();
    if items.len() > INTERESTS_MAX {
        fields.fault("events_of_interest", format!("may hold at most {INTERESTS_MAX} events"));
        return Vec::new();
    }
    let mut interests: Vec<Interest> = Vec::new();
    let mut known = HashSet::new();
    for (path, item) in items {
        match interest(item, path.clone()) {
            Err(faults) => fields.add(faults),
            Ok(interest) if known.insert((interest.provider_id.clone(), interest.event_code.clone())) => {
                interests.push(interest);
            }
            Ok(_) => fields.add(vec![Fault::new(path, "is there twice; each event may be named once")]),
        }
    }
    interests
}

fn interest(item: &Value, path: String) -> Result<Interest, Vec<Fault>> {
    let mut fields = Fields::at(item, path).map_err(|fault| vec![fault])?;
    // Older clients know the id by another name.
    let name = if fields.get("provider_id").is_none() && fields.get("provider").is_some() {
        "provider"
    } else {
        "provider_id"
    };
    let provider_id = fields.required(name, &PROVIDER_ID).to_owned();
    let event_code = fields.required("event_code", &EVENT_CODE).to_owned();
    fields.end(Interest { provider_id, event_code })
}

fn filters(fields: &mut Fields<'_>) -> Option<Vec<FilterDraft>> {
    let items = fields.items("subscriber_filters")?;
    if items.len() > FILTERS_MAX {
        fields.fault("subscriber_filters", format!("may hold at most {FILTERS_MAX} filter"));
        return None;
    }
    let mut filters = Vec::new();
    for (path, item) in items {
        match checked_filter(item, path) {
            Ok(filter) => filters.push(filter),
            Err(faults) => fields.add(faults),
        }
    }
    Some(filters)
}

fn checked_filter(item: &Value, path: String) -> Result<FilterDraft, Vec<Fault>> {
    let place = format!("{path}/subscriber_filter");
    let draft = FilterDraft::shape(item, path)?;
    match Filter::parse(&draft.subscriber_filter) {
        Ok(_) => Ok(draft),
        Err(error) => Err(vec![Fault::new(place, format!("is no filter: {error}"))]),
    }
}
