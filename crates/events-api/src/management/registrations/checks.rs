//! What the rest of the catalogue says to a registration.

use std::collections::HashSet;

use sdk::Fault;
use store::{Catalogue, Interest, Registration};

use crate::Service;
use crate::access::Caller;
use crate::management::fields::refusal;
use crate::problem::Problem;

/// Registrations of the organisation.
const REGISTRATIONS_MAX: usize = 2_500;
/// Registrations of one client.
const CLIENT_REGISTRATIONS_MAX: usize = 30;

/// The client is one that may call: the caller itself, or a credential that is alive.
pub(super) async fn client(service: &Service, caller: &Caller, client_id: &str) -> Result<(), Problem> {
    if caller.client_id == client_id {
        return Ok(());
    }
    let now = service.0.clock.now();
    let credentials = service.0.store.credentials().await?;
    let mut alive = credentials.iter().filter(|credential| credential.revoked.is_none_or(|revoked| now < revoked));
    if alive.any(|credential| credential.client_id == client_id) {
        return Ok(());
    }
    let message = format!("is `{client_id}`, which is no client of this service or was revoked");
    Err(refusal(&[Fault::new("/client_id", message)]))
}

/// Every event that the registration did not have before is one that its provider has.
pub(super) fn interests(catalogue: &Catalogue, new: &Registration, old: &Registration) -> Result<(), Problem> {
    let providers: HashSet<&str> = catalogue.providers.iter().map(|provider| provider.id.as_str()).collect();
    let codes: HashSet<(&str, &str)> = catalogue
        .metadata
        .iter()
        .map(|metadata| (metadata.provider_id.as_str(), metadata.event_code.as_str()))
        .collect();
    let had: HashSet<(&str, &str)> = old.events_of_interest.iter().map(pair).collect();
    let mut faults = Vec::new();
    for (index, interest) in new.events_of_interest.iter().enumerate() {
        // What was registered for stays, so that a registration can still be switched off when its event is gone.
        if had.contains(&pair(interest)) {
            continue;
        }
        let place = format!("/events_of_interest/{index}");
        if !providers.contains(interest.provider_id.as_str()) {
            faults.push(Fault::new(format!("{place}/provider_id"), "is the id of no provider"));
        } else if !codes.contains(&pair(interest)) {
            faults.push(Fault::new(format!("{place}/event_code"), "is no event of this provider"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(refusal(&faults)) }
}

fn pair(interest: &Interest) -> (&str, &str) {
    (&interest.provider_id, &interest.event_code)
}

pub(super) fn name(catalogue: &Catalogue, registration: &Registration) -> Result<(), Problem> {
    let is_same = |other: &&Registration| {
        other.name == registration.name && other.registration_id != registration.registration_id
    };
    match catalogue.registrations.iter().find(is_same) {
        None => Ok(()),
        Some(other) => Err(Problem::conflict("another registration has this `/name`", Some(&other.registration_id))),
    }
}

/// There is room for one more registration.
pub(super) fn quotas(catalogue: &Catalogue, client_id: &str) -> Result<(), Problem> {
    let of_client = catalogue.registrations.iter().filter(|registration| registration.client_id == client_id).count();
    if of_client >= CLIENT_REGISTRATIONS_MAX {
        let message = format!("a client may have {CLIENT_REGISTRATIONS_MAX} registrations, and this one has them");
        return Err(Problem::conflict(message, None));
    }
    if catalogue.registrations.len() >= REGISTRATIONS_MAX {
        let message = format!("an organisation may have {REGISTRATIONS_MAX} registrations, and this one has them");
        return Err(Problem::conflict(message, None));
    }
    Ok(())
}
