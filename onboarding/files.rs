//! The config files as they are written.

use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Problem, schema};

pub const PROVIDERS_FILE: &str = "providers.json";
pub const EVENTS_FILE: &str = "events.json";
pub const REGISTRATIONS_FILE: &str = "starter-kit-registrations.json";
pub const SUBSCRIPTIONS_FILE: &str = "commerce-event-subscribe.json";

/// Reads one file of the folder.
pub(crate) fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, Vec<Problem>> {
    read_with_text(folder, name).map(|(read, _)| read)
}

/// As `read`, with the text for whoever looks for more in it.
///
/// What breaks the file's schema is told with all its places; types only say what a schema cannot.
pub(crate) fn read_with_text<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<(T, String), Vec<Problem>> {
    let file = folder.join(name);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => return Err(vec![Problem::Unreadable { file, error }]),
    };
    let malformed = |error: &serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        // The place stands before the text already.
        let fault = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
        vec![Problem::Malformed { file: file.clone(), line, column, fault }]
    };
    serde_json::from_str::<IgnoredAny>(&text).map_err(|error| malformed(&error))?;
    let faults = schema::faults(&file, &text);
    if !faults.is_empty() {
        return Err(faults.into_iter().map(|fault| Problem::Placed(Box::new(fault))).collect());
    }
    let read = serde_json::from_str(&text).map_err(|error| malformed(&error))?;
    Ok((read, text))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) docs_url: Option<String>,
}

/// Entity to the keys of its providers.
pub(crate) type Registrations = Entries<Vec<String>>;

/// Entity, provider key, event code.
pub(crate) type Events = Entries<Entries<Entries<Event>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(rename = "sampleEventTemplate")]
    pub(crate) sample: Option<Box<RawValue>>,
}

/// An event with the names it stands under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) entity: &'a str,
    pub(crate) provider_key: &'a str,
    pub(crate) code: &'a str,
    pub(crate) event: &'a Event,
}

impl Events {
    /// Every event, in the order of the file.
    pub(crate) fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.iter().flat_map(|(entity, providers)| {
            providers.iter().flat_map(move |(provider_key, events)| {
                events.iter().map(move |(code, event)| Listed { entity, provider_key, code, event })
            })
        })
    }

    /// The events that an entity has from a provider.
    pub(crate) fn of<'a>(&'a self, entity: &'a str, provider_key: &'a str) -> impl Iterator<Item = Listed<'a>> {
        self.listed().filter(move |listed| listed.entity == entity && listed.provider_key == provider_key)
    }
}

/// The members of a JSON object in the order of the file, repeated ones included: the order is that in which samples
/// are sent, and a repeated name is a mistake that a map would hide.
#[derive(Debug)]
pub(crate) struct Entries<T>(Vec<(String, T)>);

impl<T> Entries<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
