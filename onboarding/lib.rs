//! Onboarding: the providers, event metadata and registrations that the files in `config` describe become those that
//! the events service has, in the steps desired, observed, plan, apply.
//!
//! Invariant: what exists keeps its id, and applying the same files a second time changes nothing.

mod apply;
mod change;
mod commerce;
mod desired;
mod explain;
mod failure;
mod files;
mod observed;
mod place;
mod plan;
mod problem;
mod record;
mod samples;
mod schema;
mod service;
mod stored;
mod subscribe;
#[cfg(test)]
mod tests;

pub use apply::{Applied, Progress, converge};
pub use change::{Change, Kind, Verb};
pub use commerce::{
    Configuration, EventingPlan, EventingRemoval, WORKSPACE_FILE, WorkspaceFile, plan_eventing, plan_eventing_removal,
};
pub(crate) use desired::COMMERCE_KEY;
pub use desired::{Desired, EventMetadata, Interest, Provider, Registration};
pub use failure::{Failure, Phase};
pub use files::{EVENTS_FILE, PROVIDERS_FILE, REGISTRATIONS_FILE, SUBSCRIPTIONS_FILE};
pub use observed::Observed;
pub use place::{Place, PlaceError};
pub use plan::{Plan, Rules, Targets};
pub use problem::{LoadError, Problem};
pub use record::{
    RECORD_FILE, Record, RecordError, RecordedEventing, RecordedProvider, RecordedRegistration, Workspace,
};
pub use samples::{Sample, samples};
pub use schema::{CONFIG_SCHEMAS, ConfigSchema};
pub use service::{
    EventOfInterest, EventsService, FoundMetadata, FoundProvider, FoundRegistration, ServiceError, ServiceFault,
    Target, WantedRegistration,
};
pub use stored::StoredService;
pub use subscribe::{
    AppliedEntry, Extras, Field, Rule, Subscription, SubscriptionPlan, SubscriptionReport, Subscriptions, Taking,
    Unusable, check_files_of_commands, plan_ending, plan_subscriptions,
};

/// Ends the names of registrations that a laptop makes for itself, beside those of production.
pub const DEV_SUFFIX: &str = " - dev";
