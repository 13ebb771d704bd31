//! Subscriptions to Commerce's events: read from the file, checked against what is done with the events, compared with
//! what Commerce has, applied.

mod apply;
mod checks;
mod file;
mod observed;
mod plan;
#[cfg(test)]
mod tests;

pub use apply::{AppliedEntry, SubscriptionReport};
pub use checks::Taking;
pub use file::{Field, Rule, Subscription, Subscriptions, Unusable, check_files_of_commands};
pub use plan::{Extras, SubscriptionPlan, plan_ending, plan_subscriptions};
