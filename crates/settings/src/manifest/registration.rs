//! Event registrations that `app.config.yaml` declares, in App Builder's form: names, what they want, which action they run.

use crate::manifest::node::{self, Content, Node};
use crate::manifest::tree::Scalar;
use crate::{Fault, Location, suggestion};

const KEYS: [&str; 3] = ["description", "events_of_interest", "runtime_action"];
const INTEREST_KEYS: [&str; 3] = ["provider_metadata", "provider", "event_codes"];
/// What the events API takes as a name.
const NAME_LETTERS: std::ops::RangeInclusive<usize> = 3..=255;
const ACTION_HINT: &str = "write `runtime_action: package/action`, as the packages above name it";
const EVENTS_HINT: &str = "write a list of `- provider_metadata: dx_commerce_events`, each with its `event_codes`";

/// One registration as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRegistration {
    pub name: String,
    pub description: Option<String>,
    pub events_of_interest: Vec<EventsOfInterest>,
    /// `package/action`.
    pub runtime_action: String,
    pub at: Location,
}

/// Events of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsOfInterest {
    /// The kind of provider, such as `dx_commerce_events`.
    pub provider_metadata: Option<String>,
    /// The provider's key in `providers.json`, where the kind does not tell.
    pub provider: Option<String>,
    pub event_codes: Vec<String>,
    pub at: Location,
}

impl EventRegistration {
    /// The key of a fault in one of its members.
    pub fn key(&self, member: &str) -> String {
        format!("application.events.registrations.{}.{member}", self.name)
    }
}

/// Those below `application.events.registrations`; a registration with a fault is not among them.
pub(super) fn read(application: &Node, faults: &mut Vec<Fault>) -> Vec<EventRegistration> {
    let Content::Map(entries) = &application.content else { return Vec::new() };
    let Some(events) = node::find(entries, "events") else { return Vec::new() };
    let entries = events.entries(faults);
    for entry in entries.iter().filter(|entry| entry.name != "registrations") {
        faults.push(entry.fault("expected a key of `events`", suggestion::hint(&entry.name, &["registrations"])));
    }
    let Some(registrations) = node::find(entries, "registrations") else { return Vec::new() };
    registrations.entries(faults).iter().filter_map(|node| registration(node, faults)).collect()
}

fn registration(node: &Node, faults: &mut Vec<Fault>) -> Option<EventRegistration> {
    let before = faults.len();
    if !NAME_LETTERS.contains(&node.name.chars().count()) {
        faults.push(node.fault("expected a name of 3 to 255 letters", "rename it, for example to `Price Sync`"));
    }
    let entries = keys(node, &KEYS, "a registration", faults);
    let description = node::find(entries, "description").and_then(|description| text(description, faults));
    let action = node::find(entries, "runtime_action");
    let runtime_action = action.and_then(|action| text(action, faults));
    if action.is_none() && node.is_map() {
        faults.push(node.missing(
            "runtime_action",
            "expected the action that gets the events, it is missing",
            ACTION_HINT,
        ));
    }
    let events_of_interest = match node::find(entries, "events_of_interest") {
        Some(events) => items(events, EVENTS_HINT, faults).iter().filter_map(|item| interest(item, faults)).collect(),
        None => Vec::new(),
    };
    if node.is_map() && node::find(entries, "events_of_interest").is_none() {
        faults.push(node.missing("events_of_interest", "expected a list of events, it is missing", EVENTS_HINT));
    }
    (faults.len() == before).then(|| EventRegistration {
        name: node.name.clone(),
        description,
        events_of_interest,
        runtime_action: runtime_action.unwrap_or_default(),
        at: node.location(),
    })
}

fn interest(node: &Node, faults: &mut Vec<Fault>) -> Option<EventsOfInterest> {
    let before = faults.len();
    let entries = keys(node, &INTEREST_KEYS, "events of interest", faults);
    let find = |name| node::find(entries, name);
    let provider_metadata = find("provider_metadata").and_then(|metadata| text(metadata, faults));
    let provider = find("provider").and_then(|provider| text(provider, faults));
    if node.is_map() && find("provider_metadata").or(find("provider")).is_none() {
        let hint = "write `dx_commerce_events` for Commerce's events, `3rd_party_custom_events` for the back office's";
        faults.push(node.missing("provider_metadata", "expected a kind of provider, it is missing", hint));
    }
    let hint = "write them as `event_codes: [be-observer.catalog_product_create]`";
    let event_codes = find("event_codes").map_or_else(Vec::new, |codes| {
        items(codes, hint, faults).iter().filter_map(|code| text(code, faults)).collect()
    });
    if node.is_map() && find("event_codes").is_none() {
        faults.push(node.missing("event_codes", "expected a list of event codes, it is missing", hint));
    }
    (faults.len() == before).then(|| EventsOfInterest { provider_metadata, provider, event_codes, at: node.location() })
}

/// The members of a map, all of which are known.
fn keys<'a>(node: &'a Node, known: &[&str], of: &str, faults: &mut Vec<Fault>) -> &'a [Node] {
    let entries = node.entries(faults);
    for entry in entries.iter().filter(|entry| !known.contains(&entry.name.as_str())) {
        faults.push(entry.fault(format!("expected a key of {of}"), suggestion::hint(&entry.name, known)));
    }
    entries
}

/// The items of a list that is not empty.
fn items<'a>(node: &'a Node, hint: &str, faults: &mut Vec<Fault>) -> &'a [Node] {
    match &node.content {
        Content::List(items) if !items.is_empty() => items,
        Content::Unreadable => &[],
        Content::List(_) | Content::Scalar(_) | Content::Map(_) => {
            faults.push(node.fault("expected a list that is not empty", hint));
            &[]
        }
    }
}

/// A text that says something.
fn text(node: &Node, faults: &mut Vec<Fault>) -> Option<String> {
    match &node.content {
        Content::Scalar(Scalar::Text(text)) if !text.trim().is_empty() => Some(text.clone()),
        Content::Unreadable => None,
        Content::Scalar(_) | Content::List(_) | Content::Map(_) => {
            faults.push(
                node.fault("expected a text that is not empty", "write it in quotes where it looks like a number"),
            );
            None
        }
    }
}
