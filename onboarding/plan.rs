//! What has to change for the observed state to become the desired one.

use std::collections::HashSet;

use jiff::Timestamp;
use store::{Catalogue, Interest, RegistrationHealth};
use uuid::Uuid;

use crate::desired::{self, Desired};

/// What seeding changes. Providers come before the metadata that names them, registrations last.
///
/// What the files no longer mention is in no list: it stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub create: Vec<Object>,
    pub update: Vec<Object>,
    pub leave: Vec<Object>,
    /// Names of registrations that are not created because their action is not deployed: an event nobody handles must
    /// be answered as unknown.
    pub left_out: Vec<String>,
}

/// Something the events service knows, as it is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    Provider(store::Provider),
    Metadata(store::EventMetadata),
    Registration(store::Registration),
}

impl Object {
    /// What people call it: label, event code or name.
    pub fn name(&self) -> &str {
        match self {
            Self::Provider(provider) => &provider.label,
            Self::Metadata(metadata) => &metadata.event_code,
            Self::Registration(registration) => &registration.name,
        }
    }
}

impl From<store::Provider> for Object {
    fn from(provider: store::Provider) -> Self {
        Self::Provider(provider)
    }
}

impl From<store::EventMetadata> for Object {
    fn from(metadata: store::EventMetadata) -> Self {
        Self::Metadata(metadata)
    }
}

impl From<store::Registration> for Object {
    fn from(registration: store::Registration) -> Self {
        Self::Registration(registration)
    }
}

impl Plan {
    /// Compares; touches nothing. Only the ids of new objects are left to chance.
    pub fn new(desired: &Desired, observed: &Catalogue, is_deployed: &dyn Fn(&str) -> bool, now: Timestamp) -> Self {
        let mut plan = Self::default();
        let providers: Vec<(&str, String)> = desired
            .providers
            .iter()
            .map(|provider| (provider.key.as_str(), plan.add_provider(provider, observed)))
            .collect();
        for (key, provider_id) in &providers {
            for metadata in desired.metadata.iter().filter(|metadata| metadata.provider_key == *key) {
                plan.add_metadata(metadata, provider_id, observed);
            }
        }
        for wanted in &desired.registrations {
            let found = observed.registrations.iter().find(|found| found.name == wanted.name);
            match (found, is_deployed(&wanted.runtime_action)) {
                // A client that has registered under this name has a purpose of its own.
                (Some(found), true) if found.client_id == store::Registration::OWN_CLIENT => {
                    plan.add_registration(found, wanted, &providers, now);
                }
                (Some(found), _) => plan.leave.push(found.clone().into()),
                (None, true) => plan.create.push(new_registration(wanted, &providers, now).into()),
                (None, false) => plan.left_out.push(wanted.name.clone()),
            }
        }
        plan
    }

    /// The id of the provider, old or new.
    fn add_provider(&mut self, wanted: &desired::Provider, observed: &Catalogue) -> String {
        let found = observed.providers.iter().find(|found| found.label == wanted.label);
        let (id, instance_id) = found.map_or_else(
            || (Uuid::new_v4().to_string(), Uuid::new_v4().to_string()),
            |found| (found.id.clone(), found.instance_id.clone()),
        );
        let provider = store::Provider {
            id: id.clone(),
            label: wanted.label.clone(),
            description: wanted.description.clone(),
            docs_url: wanted.docs_url.clone(),
            provider_metadata: wanted.provider_metadata.clone(),
            instance_id,
            data_residency_region: store::Provider::REGION.to_owned(),
        };
        self.add(found, provider);
        id
    }

    fn add_metadata(&mut self, wanted: &desired::EventMetadata, provider_id: &str, observed: &Catalogue) {
        let is_same =
            |found: &&store::EventMetadata| found.provider_id == provider_id && found.event_code == wanted.event_code;
        let metadata = store::EventMetadata {
            provider_id: provider_id.to_owned(),
            event_code: wanted.event_code.clone(),
            label: wanted.label.clone(),
            description: wanted.description.clone(),
            sample_event_template: wanted.sample_event_template.clone(),
        };
        self.add(observed.metadata.iter().find(is_same), metadata);
    }

    /// Keeps what is not ours to say: ids, the client, and whether somebody switched the registration off.
    fn add_registration(
        &mut self,
        found: &store::Registration,
        wanted: &desired::Registration,
        providers: &[(&str, String)],
        now: Timestamp,
    ) {
        let mut registration = store::Registration {
            description: wanted.description.clone(),
            delivery_type: wanted.delivery_type.clone(),
            runtime_action: Some(wanted.runtime_action.clone()),
            webhook_url: None,
            verification: store::Verification::Verified,
            events_of_interest: interests(wanted, providers),
            ..found.clone()
        };
        if is_same_set(&registration.events_of_interest, &found.events_of_interest) {
            registration.events_of_interest.clone_from(&found.events_of_interest);
        }
        if registration != *found {
            registration.updated_date = now;
        }
        self.add(Some(found), registration);
    }

    fn add<T: PartialEq + Into<Object>>(&mut self, found: Option<&T>, wanted: T) {
        let list = match found {
            None => &mut self.create,
            Some(found) if *found == wanted => &mut self.leave,
            Some(_) => &mut self.update,
        };
        list.push(wanted.into());
    }
}

fn new_registration(
    wanted: &desired::Registration,
    providers: &[(&str, String)],
    now: Timestamp,
) -> store::Registration {
    store::Registration {
        id: 0,
        registration_id: Uuid::new_v4().to_string(),
        client_id: store::Registration::OWN_CLIENT.to_owned(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        delivery_type: wanted.delivery_type.clone(),
        runtime_action: Some(wanted.runtime_action.clone()),
        webhook_url: None,
        verification: store::Verification::Verified,
        subscriber_filters: Vec::new(),
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: interests(wanted, providers),
        created_date: now,
        updated_date: now,
    }
}

/// `providers` are pairs of key and id.
fn interests(wanted: &desired::Registration, providers: &[(&str, String)]) -> Vec<Interest> {
    let interest = |event: &desired::Interest| {
        let (_, provider_id) = providers.iter().find(|(key, _)| *key == event.provider_key)?;
        Some(Interest { provider_id: provider_id.clone(), event_code: event.event_code.clone() })
    };
    wanted.events.iter().filter_map(interest).collect()
}

/// The order of the events says nothing.
fn is_same_set(left: &[Interest], right: &[Interest]) -> bool {
    let set = |interests: &[Interest]| -> HashSet<(String, String)> {
        interests.iter().map(|interest| (interest.provider_id.clone(), interest.event_code.clone())).collect()
    };
    set(left) == set(right)
}
