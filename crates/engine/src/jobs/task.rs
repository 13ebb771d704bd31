use jiff::Timestamp;
use serde::Deserialize;
use store::{DeliveryFilter, Drawer, Order, State};

use crate::routes::{PUBLISH, Routes};

/// What stands for the number of publications among the names of registrations.
const PUBLICATION: &str = "publication";

/// What a job asks for: the JSON text that a command line writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Task {
    Replay(Replay),
    Forget(Forget),
    Enable(Enable),
}

/// Deliveries that are to run again: those of some events, or those that a filter lets through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    /// Events by their ids, or the uids that their senders gave them.
    #[serde(default)]
    pub(super) ids: Vec<String>,
    #[serde(default)]
    pub(super) filter: Option<Filter>,
    /// How many begin in one second at the most.
    #[serde(default = "rate")]
    pub(super) rate_per_second: u32,
    /// Also when their effect is on record.
    #[serde(default)]
    pub(super) repeats_effect: bool,
}

fn rate() -> u32 {
    50
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    code: Option<String>,
    /// By name, slug or id.
    registration: Option<String>,
    #[serde(default)]
    states: Vec<String>,
    drawer: Option<String>,
}

/// All events of one thing are to be removed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forget {
    pub(super) entity: String,
    pub(super) key: String,
}

/// A registration is to get its events again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enable {
    /// By name, slug or id.
    pub(super) registration: String,
}

impl Task {
    pub(super) fn read(document: &str) -> Result<Self, String> {
        // serde's text would quote what somebody is looked for by.
        let unknown = |_| "what the job asks for cannot be read: this version knows no such job".to_owned();
        serde_json::from_str(document).map_err(unknown)
    }
}

impl Task {
    /// What is kept of a task that is over: whose events were removed is forgotten with them.
    pub(super) fn kept(document: String) -> String {
        match serde_json::from_str(&document) {
            Ok(Self::Forget(Forget { entity, .. })) => {
                serde_json::json!({"forget": {"entity": entity, "key": "(forgotten)"}}).to_string()
            }
            Ok(Self::Replay(_) | Self::Enable(_)) | Err(_) => document,
        }
    }
}

impl Filter {
    /// As the store has it, oldest first. What was accepted after the job was asked for is not meant.
    pub(super) fn resolve(&self, routes: &Routes, created: Timestamp) -> Result<DeliveryFilter, String> {
        let states = self.states.iter().map(|name| one_of("state", name, &State::ALL, State::as_str));
        let drawer = self.drawer.as_deref().map(|name| one_of("drawer", name, &Drawer::ALL, Drawer::as_str));
        Ok(DeliveryFilter {
            states: states.collect::<Result<_, _>>()?,
            drawer: drawer.transpose()?,
            registration: self.registration.as_deref().map(|name| registration(routes, name)).transpose()?,
            code: self.code.clone(),
            since: self.since,
            until: Some(self.until.map_or(created, |until| until.min(created))),
            order: Order::OldestFirst,
            ..DeliveryFilter::default()
        })
    }
}

/// The number of a registration by name, slug or id.
pub(super) fn registration(routes: &Routes, wanted: &str) -> Result<i64, String> {
    let registrations = &routes.catalogue().registrations;
    let by_name = registrations.iter().find(|registration| registration.name == wanted);
    match by_name.or_else(|| routes.registration_called(wanted)) {
        Some(registration) => Ok(registration.id),
        None if wanted == PUBLICATION => Ok(PUBLISH),
        None => Err(format!("there is no registration `{wanted}`")),
    }
}

fn one_of<T: Copy>(what: &str, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|known| name(*known) == text);
    found.ok_or_else(|| format!("there is no {what} `{text}`"))
}
