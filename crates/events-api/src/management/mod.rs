//! The management API: who sends which events, and who gets them where.
//!
//! A request passes in this order: who calls, where its path lies, what its body is, what the catalogue says to it.
//! Whoever changes the catalogue has its turn while it looks and writes; nobody waits for a webhook during a turn.

mod call;
mod fields;
mod filters;
mod hal;
mod input;
mod kinds;
mod metadata;
mod patch;
mod providers;
mod registrations;
mod samples;

use axum::Router;
use store::Catalogue;

use crate::Service;
use crate::problem::Problem;

pub(crate) fn routes() -> Router<Service> {
    Router::new()
        .merge(kinds::routes())
        .merge(providers::routes())
        .merge(metadata::routes())
        .merge(samples::routes())
        .merge(registrations::routes())
        .merge(filters::routes())
        .nest("/events", Router::new().fallback(not_found))
}

/// Has a registration get its events again.
///
/// # Errors
/// Why it cannot, in words.
pub(crate) async fn enable(service: &Service, registration_id: &str) -> Result<(), String> {
    registrations::enable(service, registration_id).await.map_err(Problem::into_message)
}

async fn not_found() -> Problem {
    Problem::not_found("there is nothing at this path")
}

/// What the service knows at this moment, from the store: other processes write there too.
async fn catalogue(service: &Service) -> Result<Catalogue, Problem> {
    Ok(service.0.store.catalogue().await?)
}
