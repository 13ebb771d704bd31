//! The vocabulary of actions: what an event handler, a consumer and a web action are, what they are
//! given and what they answer. Everything that users write in `actions/` speaks these words.
//!
//! Invariant: nothing here opens a connection, reads a variable or the clock; the world comes in through ports.

mod action;
mod answer;
mod consumer;
mod context;
mod delivery;
mod echo;
mod event;
mod fault;
mod handler;
mod id;
pub mod json;
mod ports;
pub mod record;
mod reply;
mod runtime;
mod search;
pub mod spans;
mod spec;
mod stop;
mod table;
mod trace_context;
pub mod web;
pub mod webhook;

pub use action::Action;
pub use answer::{Answer, Fate};
pub use consumer::{Consumer, Need, Route, filled, present};
pub use context::{Chain, Context, Inputs, RUN_LOG};
pub use delivery::Delivery;
pub use echo::{Direction, Echo};
pub use event::Event;
pub use fault::Fault;
pub use handler::{EventHandler, handler};
pub use id::ActivationId;
pub use json::Json;
pub use ports::{
    Actions, Call, Echoes, Nonce, Ports, Progress, Publication, Published, Publisher, Refusal, Senders, State, Target,
    TargetPort, Targets, segment,
};
pub use record::Record;
pub use reply::Reply;
pub use runtime::{Params, RuntimeAction};
pub use search::SearchCriteria;
pub use spec::EventSpec;
pub use stop::Stop;
pub use table::{Entry, Table};
pub use trace_context::TraceContext;

/// What a handler file needs, in one line: `use sdk::prelude::*;`.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Number, Value};
    pub use validator::Validate;

    pub use crate::{Context, Echo, Event, EventHandler, Json, Reply, SearchCriteria, Stop, segment};
}
