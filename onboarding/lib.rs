//! Onboarding: the providers, event metadata and registrations that the files in `config` describe become those that
//! the events service has, in the steps desired, observed, plan, apply.
//!
//! Invariant: what exists keeps its id, and applying the same files a second time changes nothing.

mod apply;
mod change;
mod commerce;
mod desired;
mod failure;
mod files;
mod plan;
mod problem;
mod record;
mod samples;
mod schema;
mod subscribe;
#[cfg(test)]
mod tests;

pub use apply::{Report, apply};
pub use change::{Change, Kind, Verb};
pub use commerce::{
    Configuration, EventingPlan, EventingRemoval, WORKSPACE_FILE, WorkspaceFile, plan_eventing, plan_eventing_removal,
};
pub(crate) use desired::COMMERCE_KEY;
pub use desired::{Desired, EventMetadata, Interest, Provider, Registration};
pub use failure::{Failure, Phase};
pub use files::{EVENTS_FILE, PROVIDERS_FILE, REGISTRATIONS_FILE, SUBSCRIPTIONS_FILE};
pub use plan::{Object, Plan};
pub use problem::{LoadError, Problem};
pub use record::{
    RECORD_FILE, Record, RecordError, RecordedEventing, RecordedProvider, RecordedRegistration, Workspace,
};
pub use samples::{Sample, samples};
pub use schema::{CONFIG_SCHEMAS, ConfigSchema};
pub use subscribe::{
    Applied, Extras, Field, Rule, Subscription, SubscriptionPlan, SubscriptionReport, Subscriptions, Taking, Unusable,
    plan_subscriptions,
};
