//! Runs actions and delivers events: takes events in, keeps their order, runs the one action that a
//! registration is bound to or carries the event out, tries again by schedule, and records every run.
//!
//! Invariant: an event's outcome and the activations that led to it are one write; nothing is decided in memory alone.

mod arrival;
mod audit;
mod carrier;
mod carrying;
mod clock;
mod cloud_event;
mod delivery;
mod filter;
mod follow;
mod guard;
mod housekeeping;
mod intake;
mod jobs;
mod memory;
mod meters;
mod outcome;
mod readiness;
mod reception;
mod refusals;
mod registration_health;
mod registry;
mod routes;
mod rules;
mod run;
mod running;
mod same_json;
mod schedule;
mod schemas;
mod session;
mod told;
mod trace_context;
mod waits;

pub use arrival::{ArrivalError, Arrivals, Arrived};
pub use audit::Audit;
pub use carrier::{Acks, Carried, Carrier, Carriers, Parcel};
pub use carrying::{PUBLISH_ACTION, SIGNATURE_VALIDATOR, WEBHOOK_ACTION};
pub use clock::{Clock, SystemClock};
pub use cloud_event::{CloudEvent, Form, Told};
pub use delivery::{Deliveries, DeliveryOptions, event, source};
pub use filter::{Filter, FilterError};
pub use follow::{Follower, JournalEntry, JournalPage, JournalProblem, JournalSource};
pub use guard::{Denial, Guard};
pub use housekeeping::{Retention, keep_house};
pub use intake::{Ack, Intake, Way};
pub use jobs::{Enabler, Jobs, OwnRegistrations};
pub use memory::Memory;
pub use readiness::{Finding, Readiness, Reason};
pub use reception::{ActionAnswer, Answers, Reception, SentHeaders, Taken};
pub use registration_health::{HealthRules, RegistrationWatch};
pub use registry::{Deployed, Registry};
pub use routes::{PUBLISH, Routes, RoutesHandle, takes_deliveries};
pub use rules::{Rule, Rules};
pub use run::{Runner, RunnerParts};
pub use running::Running;
pub use schedule::Schedule;
pub use schemas::Schemas;
pub use store::slug;
pub use trace_context::kept_with;
