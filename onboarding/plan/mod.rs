//! What has to change for the observed state to become the desired one.

mod drift;
mod prune;

use std::collections::HashMap;
use std::fmt;

use crate::change::{Change, Kind, Verb};
use crate::desired::{self, Desired};
use crate::observed::Observed;
use crate::record::{Record, RecordedProvider};
use crate::service::{EventOfInterest, FoundProvider, FoundRegistration, Target, WantedRegistration};

/// The way events reach a registration, in the words of the management API.
const WEBHOOK: &str = "webhook";
const JOURNAL: &str = "journal";

/// Begins the instance ids of providers that we make at an events API elsewhere. Key and workspace follow, so that it outlives
/// a renaming of both label and namespace, and another workspace's provider never has it.
const INSTANCE_PREFIX: &str = "commerce-kit";

/// Where registrations send their events.
#[derive(Clone, Copy)]
pub enum Targets<'a> {
    /// To the actions in the process that has the events service.
    Actions,
    /// To the address that belongs to a registration's name.
    Webhooks(&'a dyn Fn(&str) -> String),
    Journals,
}

/// How the desired state is to be understood.
pub struct Rules<'a> {
    /// Whose registrations are ours.
    pub client_id: &'a str,
    pub targets: Targets<'a>,
    /// Whether an action is deployed: an event that nobody handles must be answered as unknown.
    pub is_deployed: &'a dyn Fn(&str) -> bool,
    /// What an earlier run left.
    pub record: Option<&'a Record>,
    /// The workspace at an events API elsewhere; our own service has one only.
    pub workspace_id: Option<&'a str>,
    /// Whether what the files no longer mention goes.
    pub prune: bool,
    /// Follows the names of registrations, so that they stand beside those of another run.
    pub name_suffix: &'a str,
}

impl fmt::Debug for Targets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Actions => "Actions",
            Self::Webhooks(_) => "Webhooks",
            Self::Journals => "Journals",
        })
    }
}

impl fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("targets", &self.targets).field("prune", &self.prune).finish_non_exhaustive()
    }
}

impl Rules<'_> {
    /// Of a provider that we make; our own service chooses itself.
    pub(crate) fn instance_id(&self, key: &str) -> Option<String> {
        let workspace = self.workspace_id?;
        Some(format!("{INSTANCE_PREFIX}-{key}-{workspace}").to_lowercase())
    }
}

/// The way from what is to what is wanted. Providers come before the metadata that names them, then registrations; what goes
/// goes last, in the other order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The wanted providers that are there, by key.
    pub(crate) known: HashMap<String, FoundProvider>,
    /// Registrations that are ours and stay as they are.
    pub(crate) kept: Vec<FoundRegistration>,
    /// Names of registrations that are not created because their action is not deployed.
    pub left_out: Vec<String>,
    /// Names of wanted registrations that another client has.
    pub taken: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub change: Change,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Nothing,
    CreateProvider { wanted: desired::Provider, instance_id: Option<String> },
    UpdateProvider { id: String, wanted: desired::Provider },
    CreateMetadata(desired::EventMetadata),
    UpdateMetadata(desired::EventMetadata),
    CreateRegistration(Draft),
    UpdateRegistration { found: Box<FoundRegistration>, draft: Draft },
    DeleteRegistration { registration_id: String },
    DeleteMetadata { provider_id: String, event_code: String },
    DeleteProvider { id: String },
}

/// A wanted registration whose providers may not be there yet: they go by their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub client_id: String,
    pub name: String,
    pub description: String,
    pub delivery_type: &'static str,
    pub target: Target,
    pub events: Vec<desired::Interest>,
}

impl Draft {
    fn new(wanted: &desired::Registration, rules: &Rules<'_>) -> Self {
        let (delivery_type, target) = match rules.targets {
            Targets::Actions => (WEBHOOK, Target::Action(wanted.runtime_action.clone())),
            Targets::Webhooks(address) => (WEBHOOK, Target::Webhook(address(&wanted.name))),
            Targets::Journals => (JOURNAL, Target::Journal),
        };
        Self {
            client_id: rules.client_id.to_owned(),
            name: format!("{}{}", wanted.name, rules.name_suffix),
            description: wanted.description.clone(),
            delivery_type,
            target,
            events: wanted.events.clone(),
        }
    }

    /// With the ids of its providers; `None` while one of them is not there.
    pub fn resolved(&self, known: &HashMap<String, FoundProvider>) -> Option<WantedRegistration> {
        let interest = |event: &desired::Interest| {
            let provider = known.get(&event.provider_key)?;
            Some(EventOfInterest { provider_id: provider.id.clone(), event_code: event.event_code.clone() })
        };
        Some(WantedRegistration {
            client_id: self.client_id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            delivery_type: self.delivery_type.to_owned(),
            target: self.target.clone(),
            interests: self.events.iter().map(interest).collect::<Option<_>>()?,
        })
    }
}

/// Those of the wanted providers that are known, as they are remembered.
pub(crate) fn recorded(known: &HashMap<String, FoundProvider>, desired: &Desired) -> Vec<RecordedProvider> {
    let recorded = desired.providers.iter().filter_map(|wanted| {
        let found = known.get(&wanted.key)?;
        Some(RecordedProvider {
            key: wanted.key.clone(),
            id: found.id.clone(),
            instance_id: found.instance_id.clone(),
            label: wanted.label.clone(),
        })
    });
    recorded.collect()
}

impl Plan {
    /// Compares; asks nobody and changes nothing.
    pub fn new(desired: &Desired, observed: &Observed, rules: &Rules<'_>) -> Self {
        let mut plan = Self::default();
        for provider in &desired.providers {
            plan.add_provider(provider, observed, rules);
        }
        for metadata in &desired.metadata {
            plan.add_metadata(metadata, observed);
        }
        for registration in &desired.registrations {
            plan.add_registration(registration, observed, rules);
        }
        if rules.prune {
            plan.prune(desired, observed, rules);
        }
        plan
    }

    /// What is done to each thing, in order; what is left is among it.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().map(|step| &step.change)
    }

    /// The wanted providers that are there.
    pub fn providers(&self, desired: &Desired) -> Vec<RecordedProvider> {
        recorded(&self.known, desired)
    }

    /// Whether everything is as it should be.
    pub fn is_empty(&self) -> bool {
        self.changes().all(|change| change.verb == Verb::Leave)
    }

    fn add_provider(&mut self, wanted: &desired::Provider, observed: &Observed, rules: &Rules<'_>) {
        let Some(found) = observed.find(wanted, rules) else {
            let is_elsewhere = observed.providers.iter().any(|other| other.label == wanted.label);
            let why =
                if is_elsewhere { vec!["another workspace has one of this label".to_owned()] } else { Vec::new() };
            let act = Act::CreateProvider { wanted: wanted.clone(), instance_id: rules.instance_id(&wanted.key) };
            return self.step(Verb::Create, Kind::Provider, &wanted.label, why, act);
        };
        self.known.insert(wanted.key.clone(), found.clone());
        let act = Act::UpdateProvider { id: found.id.clone(), wanted: wanted.clone() };
        self.update_or_leave(Kind::Provider, &wanted.label, drift::of_provider(wanted, found), act);
    }

    fn add_metadata(&mut self, wanted: &desired::EventMetadata, observed: &Observed) {
        let known = self.known.get(&wanted.provider_key).and_then(|provider| observed.metadata.get(&provider.id));
        let found = known.and_then(|metadata| metadata.iter().find(|found| found.event_code == wanted.event_code));
        match found {
            None => {
                let act = Act::CreateMetadata(wanted.clone());
                self.step(Verb::Create, Kind::EventMetadata, &wanted.event_code, Vec::new(), act);
            }
            Some(found) => {
                let act = Act::UpdateMetadata(wanted.clone());
                self.update_or_leave(Kind::EventMetadata, &wanted.event_code, drift::of_metadata(wanted, found), act);
            }
        }
    }

    fn add_registration(&mut self, wanted: &desired::Registration, observed: &Observed, rules: &Rules<'_>) {
        let draft = Draft::new(wanted, rules);
        let name = draft.name.clone();
        let found = observed.registrations.iter().find(|found| found.name == name);
        match (found, (rules.is_deployed)(&wanted.runtime_action)) {
            (None, false) => self.left_out.push(name),
            (None, true) => {
                let act = Act::CreateRegistration(draft);
                self.step(Verb::Create, Kind::Registration, &name, Vec::new(), act);
            }
            // A client that has registered under this name has a purpose of its own.
            (Some(found), _) if found.client_id != rules.client_id => {
                let why = vec![format!("it belongs to the client `{}`", found.client_id)];
                self.taken.push(name.clone());
                self.step(Verb::Leave, Kind::Registration, &name, why, Act::Nothing);
            }
            (Some(found), false) => {
                self.kept.push(found.clone());
                self.step(
                    Verb::Leave,
                    Kind::Registration,
                    &name,
                    vec!["its action is not deployed".to_owned()],
                    Act::Nothing,
                );
            }
            (Some(found), true) => {
                let why = drift::of_registration(&draft, draft.resolved(&self.known).as_ref(), found);
                if why.is_empty() {
                    self.kept.push(found.clone());
                }
                let act = Act::UpdateRegistration { found: Box::new(found.clone()), draft };
                self.update_or_leave(Kind::Registration, &name, why, act);
            }
        }
    }

    fn update_or_leave(&mut self, kind: Kind, name: &str, why: Vec<String>, act: Act) {
        if why.is_empty() {
            self.step(Verb::Leave, kind, name, why, Act::Nothing);
        } else {
            self.step(Verb::Update, kind, name, why, act);
        }
    }

    fn step(&mut self, verb: Verb, kind: Kind, name: &str, why: Vec<String>, act: Act) {
        self.steps.push(Step { change: Change { verb, kind, name: name.to_owned(), why }, act });
    }
}
