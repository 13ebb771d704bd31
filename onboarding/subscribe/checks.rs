//! Whether what Commerce is to send is what the actions need, before anything is sent.

use std::collections::HashSet;

use serde_json::Value;
use settings::{Fault, Location, nearest};

use super::file::{Subscription, Subscriptions};
use crate::{COMMERCE_KEY, Desired, LoadError, Problem, REGISTRATIONS_FILE, Record};

/// Stands before Commerce's own name of an event.
const PREFIX: &str = "com.adobe.commerce.";
/// What Commerce adds to every event that asks for it.
const ADDED: [&str; 2] = ["_isNew", "_origData"];

/// What an action does with the events of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// There is no such action.
    NotDeployed,
    /// It would refuse them as unknown.
    NoRoute,
    /// It takes them, and refuses one without these members.
    Needs(Vec<String>),
}

impl Subscriptions {
    /// Holds the file against the registrations: `taking` says of an action, `package/action`, and an event code what happens.
    /// A provider that an entry names has to be in the record.
    ///
    /// # Errors
    /// Everything that is wrong, with its line.
    pub fn check(
        &self,
        desired: &Desired,
        record: Option<&Record>,
        taking: &dyn Fn(&str, &str) -> Taking,
    ) -> Result<(), LoadError> {
        let mut checks = Checks { of: self, desired, taking, faults: Vec::new() };
        let mut names = HashSet::new();
        for (index, subscription) in self.entries.iter().enumerate() {
            let place = format!("/{index}/event");
            if !names.insert(&subscription.name) {
                let problem = format!("`{}` stands in the file twice", subscription.name);
                checks.add(
                    format!("{place}/name"),
                    problem,
                    "remove one of the two, or give it an alias and a `parent`",
                );
            }
            if checks.provider(&place, subscription, record) {
                checks.event(&place, subscription);
            }
        }
        if checks.faults.is_empty() {
            return Ok(());
        }
        Err(checks.faults.into_iter().map(|fault| Problem::Placed(Box::new(fault))).collect::<Vec<_>>().into())
    }
}

impl Subscription {
    pub(super) fn provider_key(&self) -> &str {
        self.provider.as_deref().unwrap_or(COMMERCE_KEY)
    }

    /// As the events API knows the event.
    pub(super) fn code(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

struct Checks<'a> {
    of: &'a Subscriptions,
    desired: &'a Desired,
    taking: &'a dyn Fn(&str, &str) -> Taking,
    faults: Vec<Fault>,
}

impl Checks<'_> {
    fn add(&mut self, pointer: String, problem: impl Into<String>, hint: impl Into<String>) {
        let at = Location { file: self.of.file.clone(), line: self.of.places.line(&pointer) };
        self.faults.push(Fault { at: Some(at), key: pointer, problem: problem.into(), hint: hint.into() });
    }

    /// Whether the provider is one that can be named.
    fn provider(&mut self, place: &str, subscription: &Subscription, record: Option<&Record>) -> bool {
        let Some(key) = &subscription.provider else { return true };
        let pointer = format!("{place}/provider");
        let known: Vec<&str> = self.desired.providers.iter().map(|provider| provider.key.as_str()).collect();
        if !known.contains(&key.as_str()) {
            let hint = nearest(key, &known).map_or_else(
                || format!("known are `{}`", known.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            self.add(pointer, format!("`{key}` is no provider that events are wanted of"), hint);
            return false;
        }
        if record.is_none_or(|record| record.provider(key).is_none()) {
            let problem = format!("nobody knows the id of the provider `{key}` yet");
            self.add(pointer, problem, "run `kit onboard` first, with the settings of this kit");
            return false;
        }
        true
    }

    fn event(&mut self, place: &str, subscription: &Subscription) {
        let code = subscription.code();
        let key = subscription.provider_key();
        let wanted = self.desired.registrations.iter().filter(|registration| {
            registration.events.iter().any(|event| event.provider_key == key && event.event_code == code)
        });
        let actions: Vec<&str> = wanted.map(|registration| registration.runtime_action.as_str()).collect();
        let mut needs: Vec<(&str, String)> = Vec::new();
        let mut faulty = Vec::new();
        for action in actions.iter().copied() {
            match (self.taking)(action, &code) {
                Taking::Needs(names) => needs.extend(names.into_iter().map(|name| (action, name))),
                Taking::NotDeployed => faulty.push(format!("`{action}`, which gets it, is not deployed")),
                Taking::NoRoute => faulty.push(format!("`{action}`, which gets it, has no route for `{code}`")),
            }
        }
        let pointer = format!("{place}/name");
        if actions.is_empty() {
            let (problem, hint) = self.unwanted(key, &code);
            self.add(pointer, problem, hint);
        } else if faulty.len() == actions.len() {
            let hint = "declare the action in app.config.yaml, give it a route for the event, or take the subscription out of this \
                        file";
            self.add(pointer, faulty.join("; "), hint);
        }
        self.fields(place, subscription, &needs, &self.known(key, &code));
    }

    /// No registration is for such events.
    fn unwanted(&self, key: &str, code: &str) -> (String, String) {
        let events = self.desired.registrations.iter().flat_map(|registration| &registration.events);
        let of_provider = events.filter(|event| event.provider_key == key);
        let known: Vec<&str> = of_provider.filter_map(|event| event.event_code.strip_prefix(PREFIX)).collect();
        let name = code.strip_prefix(PREFIX).unwrap_or(code);
        let hint = nearest(name, &known).map_or_else(
            || {
                format!(
                    "add the event to events.json below an entity whose list in {REGISTRATIONS_FILE} has `{key}`, or to a \
                     registration in app.config.yaml"
                )
            },
            |near| format!("did you mean `{near}`? A new event goes into events.json, too"),
        );
        (format!("no registration wants `{code}` of the provider `{key}`"), hint)
    }

    /// The members that the event's sample shows.
    fn known(&self, key: &str, code: &str) -> Vec<String> {
        let is_meant = |metadata: &&crate::EventMetadata| metadata.provider_key == key && metadata.event_code == code;
        let sample = self.desired.metadata.iter().find(is_meant).and_then(|it| it.sample_event_template.as_deref());
        let sample: Value = sample.and_then(|sample| serde_json::from_str(sample).ok()).unwrap_or_default();
        sample["value"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    fn fields(&mut self, place: &str, subscription: &Subscription, needs: &[(&str, String)], known: &[String]) {
        let names: Vec<&str> = subscription.fields.iter().map(|field| field.name.as_str()).collect();
        // What is needed comes first: of two names that are as near it is the one that is meant.
        let known: Vec<&str> =
            needs.iter().map(|(_, name)| name.as_str()).chain(known.iter().map(String::as_str)).collect();
        let absent: Vec<&str> = known.iter().copied().filter(|name| !has(&names, name)).collect();
        let mut meant = HashSet::new();
        for (index, name) in names.iter().copied().enumerate() {
            let pointer = format!("{place}/fields/{index}/name");
            if names[..index].contains(&name) {
                self.add(pointer, format!("the field `{name}` stands there twice"), "remove one of the two");
            } else if let Some(slip) = slip(name, &known, &absent) {
                let hint = match slip {
                    Slip::Of(near) => {
                        meant.insert(near);
                        format!(
                            "did you mean `{near}`? A field that Commerce has besides goes into the sample in events.json, too"
                        )
                    }
                    Slip::NoName => {
                        "letters, digits and `_`, with `.` before members of members; `*` is everything".to_owned()
                    }
                };
                self.add(pointer, format!("`{name}` is no field that this event is known to have"), hint);
            }
        }
        let mut told = HashSet::new();
        for (action, need) in needs.iter().filter(|(_, need)| !has(&names, need) && !meant.contains(need.as_str())) {
            if told.insert(need) {
                let problem = format!("`{action}` needs the field `{need}`, and refuses events without it");
                self.add(format!("{place}/fields"), problem, format!("add {{\"name\": \"{need}\"}}"));
            }
        }
    }
}

/// Whether the fields bring this member.
fn has(fields: &[&str], name: &str) -> bool {
    let is_all = fields.contains(&"*") && !name.starts_with('_');
    is_all || fields.iter().any(|field| field.split(['.', '[']).next() == Some(name))
}

/// Why a field cannot be meant.
enum Slip<'a> {
    /// This one probably is.
    Of(&'a str),
    NoName,
}

fn slip<'a>(name: &str, known: &[&str], absent: &[&'a str]) -> Option<Slip<'a>> {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "_.[]-".contains(letter);
    let first = name.split(['.', '[']).next().unwrap_or(name);
    if name == "*" || ADDED.contains(&first) || known.contains(&first) {
        return None;
    }
    if !name.chars().all(is_sign) {
        return Some(nearest(name, absent).map_or(Slip::NoName, Slip::Of));
    }
    // Stores have fields of their own: only what is one slip away from a name that is not there cannot be meant.
    absent.iter().copied().find(|absent| absent.len() > 2 && is_one_slip(first, absent)).map(Slip::Of)
}

/// One letter more, less or other, or two letters swapped.
fn is_one_slip(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
    let same = short.iter().zip(long.iter()).take_while(|(left, right)| left == right).count();
    let (short, long) = (&short[same..], &long[same..]);
    match long.len() - short.len() {
        0 => {
            let is_swapped = short.len() > 1 && short[0] == long[1] && short[1] == long[0] && short[2..] == long[2..];
            !short.is_empty() && (short[1..] == long[1..] || is_swapped)
        }
        1 => *short == long[1..],
        _ => false,
    }
}
