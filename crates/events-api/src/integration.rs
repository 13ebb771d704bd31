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

/// Looks the registration up, for nobody but its owner.
pub(crate) fn owned(service: &Service, caller: &Caller, address: Path<Address>) -> Result<Owned, Problem> {
    let Path(Address { organization, credential, registration }) = address;
    if organization != service.0.identity.consumer_id {
        return Err(Problem::not_found("there is no such organization here"));
    }
    if credential != caller.credential_id {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this is not the integration that the token belongs to"));
    }
    let routes = service.0.routes.get();
    let mut registrations = routes.catalogue().registrations.iter();
    let found = registrations.find(|other| other.registration_id == registration);
    let found = found.ok_or_else(|| Problem::not_found("there is no registration with this id"))?;
    if found.client_id != caller.client_id {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this registration belongs to another client"));
    }
    let journal = format!("/events/organizations/{organization}/integrations/{credential}/{registration}");
    Ok(Owned { registration: found.clone(), journal })
}
