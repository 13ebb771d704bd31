//! Whether the config files make sense, each by itself and together.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use settings::Manifest;

use super::Registration;
use super::declared::{self, Known};
use crate::files::{EVENTS_FILE, Events, PROVIDERS_FILE, Provider, REGISTRATIONS_FILE, Registrations};
use crate::{LoadError, Problem};

/// Entities that the registrations file must have, in the order in which missing ones are named.
const ENTITIES: [&str; 4] = ["product", "customer", "order", "stock"];

/// What one look at a config folder finds wrong.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    folder: &'a Path,
    problems: Vec<Problem>,
}

impl<'a> Checks<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Self { folder, problems: Vec::new() }
    }

    pub(crate) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What was read, unless that was the problem.
    pub(super) fn keep<T>(&mut self, read: Result<T, Vec<Problem>>) -> Option<T> {
        read.map_err(|problems| self.problems.extend(problems)).ok()
    }

    /// `value`, when it was made and nothing is wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, LoadError> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(LoadError::new(self.problems)),
        }
    }

    /// Keys and labels name one provider each.
    pub(super) fn providers(&mut self, providers: &[Provider]) {
        for key in repeated(providers.iter().map(|provider| provider.key.as_str())) {
            self.twice(PROVIDERS_FILE, format!("the key `{key}`"), "in two providers".to_owned());
        }
        for label in repeated(providers.iter().map(|provider| provider.label.as_str())) {
            self.twice(PROVIDERS_FILE, format!("the label `{label}`"), "in two providers".to_owned());
        }
    }

    /// A code stands under one entity of one provider: it is routed by its code alone.
    pub(crate) fn events(&mut self, events: &Events) {
        for entity in repeated(events.names()) {
            self.twice(EVENTS_FILE, format!("the entity `{entity}`"), "in the object of all entities".to_owned());
        }
        for (entity, providers) in events.iter() {
            for key in repeated(providers.names()) {
                self.twice(EVENTS_FILE, format!("the provider `{key}`"), format!("under `{entity}`"));
            }
        }
        let mut seen = HashMap::new();
        for listed in events.listed() {
            let place = format!("under `{}`, `{}`", listed.entity, listed.provider_key);
            if let Some(earlier) = seen.insert(listed.code, place.clone()) {
                self.twice(EVENTS_FILE, format!("the event code `{}`", listed.code), format!("{earlier} and {place}"));
            }
        }
    }

    /// Every entity that the kit knows has one list.
    pub(super) fn registrations(&mut self, registrations: &Registrations) {
        let is_missing = |entity: &&str| registrations.names().all(|name| name != *entity);
        let missing: Vec<&str> = ENTITIES.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            self.add(Problem::MissingRegistrations { file: self.folder.join(REGISTRATIONS_FILE), missing });
        }
        for entity in repeated(registrations.names()) {
            self.twice(REGISTRATIONS_FILE, format!("the entity `{entity}`"), "with two lists".to_owned());
        }
        for (entity, keys) in registrations.iter() {
            for key in repeated(keys.iter().map(String::as_str)) {
                let places = format!("in the list of `{entity}`");
                self.twice(REGISTRATIONS_FILE, format!("the provider `{key}`"), places);
            }
        }
    }

    /// Only known providers are named.
    pub(super) fn keys(
        &mut self,
        providers: &[Provider],
        events: Option<&Events>,
        registrations: Option<&Registrations>,
    ) {
        let in_events = events.into_iter().flat_map(Events::iter);
        let in_events = in_events.flat_map(|(entity, keys)| keys.names().map(move |key| (EVENTS_FILE, entity, key)));
        let in_lists = registrations.into_iter().flat_map(Registrations::iter);
        let in_lists =
            in_lists.flat_map(|(entity, keys)| keys.iter().map(move |key| (REGISTRATIONS_FILE, entity, key.as_str())));
        for (name, entity, key) in in_events.chain(in_lists).filter(|(_, _, key)| !is_known(providers, key)) {
            self.add(Problem::UnknownProvider {
                file: self.folder.join(name),
                entity: entity.to_owned(),
                key: key.to_owned(),
                known: providers.iter().map(|provider| provider.key.clone()).collect(),
            });
        }
    }

    /// Every registration has events; an unknown provider is reported as that and not again here.
    pub(super) fn has_events(&mut self, providers: &[Provider], events: &Events, registrations: &Registrations) {
        for (entity, keys) in registrations.iter() {
            let known = keys.iter().filter(|key| is_known(providers, key));
            for key in known.filter(|key| events.of(entity, key).next().is_none()) {
                let file = self.folder.join(EVENTS_FILE);
                self.add(Problem::NoEvents { file, entity: entity.to_owned(), key: key.clone() });
            }
        }
    }

    /// The registrations of `app.config.yaml`.
    pub(super) fn declared(
        &mut self,
        providers: &[Provider],
        events: &Events,
        registrations: &Registrations,
        manifest: &Manifest,
    ) -> Vec<Registration> {
        let names = registrations.iter().flat_map(|(entity, keys)| {
            let owner = format!("of `{entity}` in {REGISTRATIONS_FILE}");
            keys.iter().map(move |key| (Registration::name_of(key, entity), owner.clone()))
        });
        let known = Known { providers, events, names: names.collect() };
        let mut faults = Vec::new();
        let declared = declared::read(manifest, known, &mut faults);
        self.problems.extend(faults.into_iter().map(|fault| Problem::Placed(Box::new(fault))));
        declared
    }

    fn twice(&mut self, name: &str, what: String, places: String) {
        self.add(Problem::Twice { file: self.folder.join(name), what, places });
    }
}

fn is_known(providers: &[Provider], key: &str) -> bool {
    providers.iter().any(|provider| provider.key == key)
}

/// Names that come again, each time they do.
fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| !seen.insert(*name)).collect()
}
