//! Carrying out a plan against our own events service.

use store::{Store, StoreError};

use crate::plan::{Object, Plan};

/// What seeding did: labels, event codes and names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub created: Vec<String>,
    pub updated: Vec<String>,
    /// Registrations that were not created because their action is not deployed.
    pub left_out: Vec<String>,
}

/// Writes what the plan creates and updates. A run that was cut short is completed by planning and applying again.
///
/// # Errors
/// The store refused a write; those before it stay.
pub async fn apply(plan: Plan, store: &dyn Store) -> Result<Report, StoreError> {
    let mut report = Report { left_out: plan.left_out, ..Report::default() };
    for object in plan.create {
        report.created.push(object.name().to_owned());
        put(object, store).await?;
    }
    for object in plan.update {
        report.updated.push(object.name().to_owned());
        put(object, store).await?;
    }
    Ok(report)
}

async fn put(object: Object, store: &dyn Store) -> Result<(), StoreError> {
    match object {
        Object::Provider(provider) => store.put_provider(provider).await,
        Object::Metadata(metadata) => store.put_metadata(metadata).await,
        Object::Registration(registration) => store.put_registration(registration).await,
    }
}
