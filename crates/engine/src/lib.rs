//! Runs actions and delivers events: takes events in, keeps their order, runs the one action that a
//! registration is bound to, tries again by schedule, and records every run.
//!
//! Invariant: an event's outcome and the activations that led to it are one write; nothing is decided in memory alone.

mod clock;
mod delivery;
mod filter;
mod housekeeping;
mod intake;
mod registry;
mod routes;
mod run;
mod schedule;
mod schemas;
mod session;

pub use clock::{Clock, SystemClock};
pub use delivery::{Deliveries, DeliveryOptions};
pub use filter::{Filter, FilterError};
pub use housekeeping::{Retention, keep_house};
pub use intake::Intake;
pub use registry::{Deployed, Registry};
pub use routes::{Routes, RoutesHandle};
pub use run::Runner;
pub use schedule::Schedule;
pub use schemas::Schemas;
