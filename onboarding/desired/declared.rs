//! Registrations that `app.config.yaml` declares, besides those that follow from the lists of the entities.

use settings::{EventRegistration, EventsOfInterest, Fault, Location, Manifest, nearest};
use store::slug;

use super::{BACKOFFICE_KEY, COMMERCE_KEY, COMMERCE_METADATA, CUSTOM_METADATA, Interest, Registration};
use crate::files::{EVENTS_FILE, Events, PROVIDERS_FILE, Provider};

/// What the declared registrations are held against.
pub(super) struct Known<'a> {
    pub(super) providers: &'a [Provider],
    pub(super) events: &'a Events,
    /// Names that are taken, and by whom.
    pub(super) names: Vec<(String, String)>,
}

/// The registrations of the manifest as they are wanted; one with a fault is not among them.
pub(super) fn read(manifest: &Manifest, mut known: Known<'_>, faults: &mut Vec<Fault>) -> Vec<Registration> {
    let mut wanted = Vec::new();
    for registration in &manifest.registrations {
        let before = faults.len();
        known.name(registration, faults);
        action(manifest, registration, faults);
        let mut events = Vec::new();
        for (index, interest) in registration.events_of_interest.iter().enumerate() {
            let key = registration.key(&format!("events_of_interest.{index}"));
            known.events(&key, interest, &mut events, faults);
        }
        if faults.len() == before {
            wanted.push(Registration {
                name: registration.name.clone(),
                description: registration.description.clone().unwrap_or_else(|| registration.name.clone()),
                events,
                runtime_action: registration.runtime_action.clone(),
            });
        }
    }
    wanted
}

impl Known<'_> {
    /// Registrations are addressed by name and by slug.
    fn name(&mut self, registration: &EventRegistration, faults: &mut Vec<Fault>) {
        let name = &registration.name;
        if slug(name).is_empty() {
            let problem = "expected a name with a letter or a digit: its address is made from these";
            let key = format!("application.events.registrations.{name}");
            faults.push(fault(&registration.at, key, problem, "rename it, for example to `Price Sync`"));
        } else if let Some((taken, owner)) = self.names.iter().find(|(taken, _)| slug(taken) == slug(name)) {
            let problem =
                format!("expected a name of its own; `{taken}`, {owner}, has the address `{}`, too", slug(name));
            let key = format!("application.events.registrations.{name}");
            faults.push(fault(&registration.at, key, problem, "rename one of the two"));
        }
        self.names.push((name.clone(), format!("in {}", registration.at)));
    }

    /// Adds the events of one provider.
    fn events(&self, key: &str, interest: &EventsOfInterest, events: &mut Vec<Interest>, faults: &mut Vec<Fault>) {
        let provider_key = match self.provider(interest) {
            Ok(provider_key) => provider_key,
            Err((member, problem, hint)) => {
                faults.push(fault(&interest.at, format!("{key}.{member}"), problem, hint));
                return;
            }
        };
        for (index, code) in interest.event_codes.iter().enumerate() {
            let key = format!("{key}.event_codes.{index}");
            let wanted = Interest { provider_key: provider_key.to_owned(), event_code: code.clone() };
            if events.contains(&wanted) {
                let problem = format!("`{code}` stands in this registration twice");
                faults.push(fault(&interest.at, key, problem, "remove one of the two"));
            } else if let Some((problem, hint)) = self.unknown_code(provider_key, code) {
                faults.push(fault(&interest.at, key, problem, hint));
            } else {
                events.push(wanted);
            }
        }
    }

    /// The key of the provider that is meant; else the member that is wrong, why, and what to do.
    fn provider<'a>(&self, interest: &'a EventsOfInterest) -> Result<&'a str, (&'static str, String, String)> {
        let metadata = interest.provider_metadata.as_deref();
        let kinds = [COMMERCE_METADATA, CUSTOM_METADATA];
        if let Some(metadata) = metadata.filter(|metadata| !kinds.contains(metadata)) {
            let hint = nearest(metadata, &kinds).map_or_else(
                || "of another kind of provider this kit has no events".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let problem = format!("expected `{COMMERCE_METADATA}` or `{CUSTOM_METADATA}`");
            return Err(("provider_metadata", problem, hint));
        }
        let by_kind = if metadata == Some(COMMERCE_METADATA) { COMMERCE_KEY } else { BACKOFFICE_KEY };
        let (member, key) = match &interest.provider {
            Some(key) => ("provider", key.as_str()),
            None => ("provider_metadata", by_kind),
        };
        let known: Vec<&str> = self.providers.iter().map(|provider| provider.key.as_str()).collect();
        if !known.contains(&key) {
            let problem = format!("names the provider `{key}`, which nobody described");
            let hint = format!("known are `{}`; a new one goes into {PROVIDERS_FILE}", known.join("`, `"));
            return Err((member, problem, hint));
        }
        let kind = if key == COMMERCE_KEY { COMMERCE_METADATA } else { CUSTOM_METADATA };
        match metadata {
            Some(metadata) if metadata != kind => {
                let problem = format!("`{key}` is a provider of the kind `{kind}`, not `{metadata}`");
                Err(("provider_metadata", problem, format!("write `provider_metadata: {kind}`, or another provider")))
            }
            _ => Ok(key),
        }
    }

    /// What is wrong with a code that the provider does not send, and what to do.
    fn unknown_code(&self, provider_key: &str, code: &str) -> Option<(String, String)> {
        let of_provider: Vec<&str> = self
            .events
            .listed()
            .filter(|listed| listed.provider_key == provider_key)
            .map(|listed| listed.code)
            .collect();
        if of_provider.contains(&code) {
            return None;
        }
        let problem = format!("`{code}` is no event of the provider `{provider_key}` in {EVENTS_FILE}");
        let elsewhere = self.events.listed().find(|listed| listed.code == code);
        let hint = match (elsewhere, nearest(code, &of_provider)) {
            (Some(other), _) => format!("it is one of `{}`", other.provider_key),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("add it to {EVENTS_FILE}, below an entity and `{provider_key}`"),
        };
        Some((problem, hint))
    }
}

/// Whoever declares no action at all has a fault for that already.
fn action(manifest: &Manifest, registration: &EventRegistration, faults: &mut Vec<Fault>) {
    let names: Vec<String> = manifest.actions.iter().map(settings::Action::full_name).collect();
    let wanted = &registration.runtime_action;
    if manifest.actions.iter().any(|action| action.is_sequence() && action.full_name() == *wanted) {
        let problem = format!("`{wanted}` is a sequence, which no event is delivered to");
        let hint = "name an action whose function runs on events";
        faults.push(fault(&registration.at, registration.key("runtime_action"), problem, hint));
        return;
    }
    if names.is_empty() || names.contains(wanted) {
        return;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = nearest(wanted, &names).map_or_else(
        || "declare it below `runtimeManifest.packages`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let problem = format!("the action `{wanted}` is not declared");
    faults.push(fault(&registration.at, registration.key("runtime_action"), problem, hint));
}

fn fault(at: &Location, key: String, problem: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { at: Some(at.clone()), key, problem: problem.into(), hint: hint.into() }
}
