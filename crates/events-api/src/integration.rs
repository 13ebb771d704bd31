use axum::extract::Path;
use serde::Deserialize;
use store::Registration;

use crate::Service;
use crate::access::Caller;
use crate::problem::Problem;
use http::StatusCode;

/// How journal and tracing address a registration.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    organization: String,
    credential: String,
    registration: String,
}

/// A registration that the caller may read about.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) registration: Registration,
    /// `/events/organizations/{organization}/integrations/{credential}/{registration}`.
    pub(crate) journal: String,
}

/// Looks the registration up, for nobody but its owner. Those that the kit made for itself belong to all clients.
pub(crate) fn owned(service: &Service, caller: &Caller, address: Path<Address>) -> Result<Owned, Problem> {
    let Path(Address { organization, credential, registration }) = address;
    if organization != service.0.identity.consumer_id {
        return Err(Problem::not_found("there is no such organization here"));
    }
    if credential != caller.credential_id && credential != Registration::OWN_CLIENT {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this is not the integration that the token belongs to"));
    }
    let routes = service.0.routes.get();
    let mut registrations = routes.catalogue().registrations.iter();
    let found = registrations.find(|other| other.registration_id == registration);
    let found = found.ok_or_else(|| Problem::not_found("there is no registration with this id"))?;
    let owner = if credential == Registration::OWN_CLIENT { Registration::OWN_CLIENT } else { &caller.client_id };
    if found.client_id != owner {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this registration belongs to another client"));
    }
    let journal = format!("/events/organizations/{organization}/integrations/{credential}/{registration}");
    Ok(Owned { registration: found.clone(), journal })
}
