//! What the events service is to have, as the config files say it.

mod checks;
mod declared;
#[cfg(test)]
mod declared_tests;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::value::RawValue;
use settings::Manifest;

use crate::files::{self, EVENTS_FILE, Events, PROVIDERS_FILE, REGISTRATIONS_FILE, Registrations};
use crate::{LoadError, Problem};
pub(crate) use checks::Checks;

/// The provider of Commerce's events in `providers.json`.
pub(crate) const COMMERCE_KEY: &str = "commerce";
const BACKOFFICE_KEY: &str = "backoffice";
const COMMERCE_METADATA: &str = "dx_commerce_events";
const CUSTOM_METADATA: &str = "3rd_party_custom_events";

/// The desired state. Providers that no entity names are not part of it. The default wants nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    pub providers: Vec<Provider>,
    pub metadata: Vec<EventMetadata>,
    pub registrations: Vec<Registration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the config files.
    pub key: String,
    /// With the suffix of the namespace; what the provider is found by.
    pub label: String,
    pub description: String,
    pub docs_url: Option<String>,
    pub provider_metadata: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMetadata {
    pub provider_key: String,
    pub event_code: String,
    pub label: String,
    pub description: String,
    /// The sample's JSON without blanks, when it is an object or an array.
    pub sample_event_template: Option<String>,
}

/// Events bound to one action: one provider's of one entity, or what `app.config.yaml` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// What the registration is found by.
    pub name: String,
    pub description: String,
    pub events: Vec<Interest>,
    /// `package/action`.
    pub runtime_action: String,
}

/// An event that a registration wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Its provider's name in the config files.
    pub provider_key: String,
    pub event_code: String,
}

impl Desired {
    /// Reads the config folder; `namespace` gives the labels of the providers their suffix.
    ///
    /// # Errors
    /// Everything that is wrong with the files, not only the first thing.
    pub fn load(folder: &Path, namespace: &str) -> Result<Self, LoadError> {
        Self::load_with(folder, namespace, &Manifest::default())
    }

    /// As `load`, with the registrations that `app.config.yaml` declares.
    ///
    /// # Errors
    /// Everything that is wrong with the files and with these registrations.
    pub fn load_with(folder: &Path, namespace: &str, manifest: &Manifest) -> Result<Self, LoadError> {
        let mut checks = Checks::new(folder);
        let providers: Option<Vec<files::Provider>> = checks.keep(files::read(folder, PROVIDERS_FILE));
        let events: Option<Events> = checks.keep(files::read(folder, EVENTS_FILE));
        let registrations: Option<Registrations> = checks.keep(files::read(folder, REGISTRATIONS_FILE));
        let suffix = checks.keep(suffix(folder, namespace).map_err(|problem| vec![problem]));

        if let Some(events) = &events {
            checks.events(events);
        }
        if let Some(registrations) = &registrations {
            checks.registrations(registrations);
        }
        if let Some(providers) = &providers {
            checks.providers(providers);
            checks.keys(providers, events.as_ref(), registrations.as_ref());
        }
        let (Some(providers), Some(events), Some(registrations)) = (providers, events, registrations) else {
            return checks.finish(None);
        };
        checks.has_events(&providers, &events, &registrations);
        let declared = checks.declared(&providers, &events, &registrations, manifest);
        checks.finish(suffix.map(|suffix| {
            let mut desired = Self { providers: Vec::new(), metadata: Vec::new(), registrations: declared };
            desired.fill(providers, &events, &registrations, suffix);
            desired
        }))
    }

    /// Adds what the entities' lists want, and what declared registrations need besides.
    fn fill(&mut self, providers: Vec<files::Provider>, events: &Events, registrations: &Registrations, suffix: &str) {
        let declared = std::mem::take(&mut self.registrations);
        for provider in providers {
            let names = |keys: &[String]| keys.contains(&provider.key);
            let entities: Vec<&str> =
                registrations.iter().filter(|(_, keys)| names(keys)).map(|(entity, _)| entity).collect();
            let is_declared = |listed: &files::Listed<'_>| {
                let mut wanted = declared.iter().flat_map(|registration| &registration.events);
                wanted.any(|event| event.provider_key == listed.provider_key && event.event_code == listed.code)
            };
            let of_provider = events.listed().filter(|listed| listed.provider_key == provider.key);
            let wanted: Vec<files::Listed<'_>> =
                of_provider.filter(|listed| entities.contains(&listed.entity) || is_declared(listed)).collect();
            if wanted.is_empty() && entities.is_empty() {
                continue;
            }
            for entity in entities {
                let codes = events.of(entity, &provider.key).map(|listed| listed.code.to_owned());
                self.registrations.push(Registration::new(&provider.key, entity, codes));
            }
            self.metadata.extend(wanted.into_iter().map(EventMetadata::new));
            self.providers.push(Provider::new(provider, suffix));
        }
        self.registrations.extend(declared);
    }
}

impl Provider {
    fn new(provider: files::Provider, suffix: &str) -> Self {
        let provider_metadata = if provider.key == COMMERCE_KEY { COMMERCE_METADATA } else { CUSTOM_METADATA };
        Self {
            label: format!("{} - {suffix}", provider.label),
            key: provider.key,
            description: provider.description,
            docs_url: provider.docs_url,
            provider_metadata: provider_metadata.to_owned(),
        }
    }
}

impl EventMetadata {
    fn new(listed: files::Listed<'_>) -> Self {
        Self {
            provider_key: listed.provider_key.to_owned(),
            event_code: listed.code.to_owned(),
            label: listed.code.to_owned(),
            description: listed.code.to_owned(),
            sample_event_template: listed.event.sample.as_deref().and_then(template),
        }
    }
}

impl Registration {
    fn new(provider_key: &str, entity: &str, event_codes: impl Iterator<Item = String>) -> Self {
        let name = Self::name_of(provider_key, entity);
        let interest = |event_code| Interest { provider_key: provider_key.to_owned(), event_code };
        Self {
            description: name.clone(),
            name,
            events: event_codes.map(interest).collect(),
            runtime_action: format!("{entity}-{provider_key}/consumer"),
        }
    }

    /// What the registration of an entity's events is called.
    fn name_of(provider_key: &str, entity: &str) -> String {
        format!("{} {} Sync", capitalized(provider_key), capitalized(entity))
    }
}

/// The namespace after its first `-`, or the whole of it.
fn suffix<'a>(folder: &Path, namespace: &'a str) -> Result<&'a str, Problem> {
    match namespace.split_once('-').map_or(namespace, |(_, suffix)| suffix) {
        "" => Err(Problem::NoSuffix { file: folder.join(PROVIDERS_FILE), namespace: namespace.to_owned() }),
        suffix => Ok(suffix),
    }
}

/// The sample's text in a form in which a file that was only formatted anew changes nothing. The management API takes objects and arrays only.
fn template(sample: &RawValue) -> Option<String> {
    sample.get().starts_with(['{', '[']).then(|| compact(sample))
}

/// JSON without blanks between its tokens, in its own order.
pub(crate) fn compact(json: &RawValue) -> String {
    let mut is_string = false;
    let mut is_escaped = false;
    let is_kept = |letter: &char| {
        let is_quote = *letter == '"' && !is_escaped;
        is_escaped = is_string && *letter == '\\' && !is_escaped;
        is_string ^= is_quote;
        is_string || !letter.is_ascii_whitespace()
    };
    json.get().chars().filter(is_kept).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
