//! What commands show of a kit, as JSON: made from a store, here or by the kit that `KIT_URL` names. The tables for people are
//! drawn from it, so programs and people are told the same.

pub mod activations;
pub mod deliveries;
pub mod events;
pub mod jobs;
pub mod journals;
mod reason;
pub mod registrations;
mod requests;
pub mod routes;
mod traces;

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use settings::nearest;
use store::Reader;
use thiserror::Error;
use uuid::Uuid;

use crate::rerun::Case;
pub use reason::said;
pub use registrations::Registrations;

/// Stands for the id of the newest run.
const LAST: &str = "last";

/// A question. What it is asked of is a store; a kit that runs elsewhere is asked by `path` and `query`.
#[derive(Clone, Debug)]
pub enum Look {
    Deliveries(deliveries::Query),
    /// All deliveries of one event: by its id, its sender's uid, or its producer's id.
    Delivery(String),
    Events(events::Query),
    Registrations,
    /// The journal of the registration with this name or slug; an empty one is meant where there is only one.
    Journal(String, journals::Query),
    Jobs,
    Activations(activations::Query),
    /// One of them; without an id the newest that the query lets through.
    Activation(Option<Uuid>, activations::Query),
    /// What running an attempt again needs: the one that this activation is a part of.
    Case(Uuid),
    /// All that an id of any kind leads to.
    Trace(String),
}

/// Why a question has no answer. Both texts are for people and end with a hint.
#[derive(Debug, Error)]
pub enum Refused {
    #[error("{0}")]
    Unknown(String),
    #[error("{0}")]
    Wrong(String),
}

impl Look {
    /// What a store answers at this time.
    pub fn answer(&self, reader: &Reader, now: Timestamp) -> anyhow::Result<Value> {
        match self {
            Self::Deliveries(query) => deliveries::list(reader, query),
            Self::Delivery(event) => deliveries::get(reader, event),
            Self::Events(query) => events::list(reader, query),
            Self::Registrations => registrations::list(reader, now),
            Self::Journal(registration, query) => journals::read(reader, registration, query),
            Self::Jobs => jobs::list(reader),
            Self::Activations(query) => activations::list(reader, query),
            Self::Activation(id, query) => activations::get(reader, *id, query),
            Self::Case(id) => Ok(serde_json::to_value(Case::of(reader, *id)?)?),
            Self::Trace(id) => traces::trace(reader, id),
        }
    }

    /// Where a running kit answers it, below the namespace.
    pub fn path(&self) -> String {
        match self {
            Self::Deliveries(_) => "deliveries".to_owned(),
            Self::Delivery(event) => format!("deliveries/{}", sdk::segment(event)),
            Self::Events(_) => "events".to_owned(),
            Self::Registrations => "registrations".to_owned(),
            Self::Journal(registration, _) if registration.is_empty() => "journals".to_owned(),
            Self::Journal(registration, _) => format!("journals/{}", sdk::segment(registration)),
            Self::Jobs => "jobs".to_owned(),
            Self::Activations(_) => "runs".to_owned(),
            Self::Activation(Some(id), _) => format!("runs/{}", id.simple()),
            Self::Activation(None, _) => format!("runs/{LAST}"),
            Self::Case(id) => format!("runs/{}/case", id.simple()),
            Self::Trace(id) => format!("events/{}/trace", sdk::segment(id)),
        }
    }

    /// What goes along with the path.
    pub fn query(&self) -> anyhow::Result<Vec<(String, String)>> {
        match self {
            Self::Deliveries(query) => pairs(query),
            Self::Events(query) => pairs(query),
            Self::Journal(_, query) => pairs(query),
            Self::Activations(query) | Self::Activation(None, query) => pairs(query),
            Self::Delivery(_)
            | Self::Registrations
            | Self::Jobs
            | Self::Activation(Some(_), _)
            | Self::Case(_)
            | Self::Trace(_) => Ok(Vec::new()),
        }
    }
}

/// The members of a query, as a URL has them.
fn pairs(query: &impl Serialize) -> anyhow::Result<Vec<(String, String)>> {
    let Value::Object(members) = serde_json::to_value(query).context("a query is an object")? else {
        return Ok(Vec::new());
    };
    let told = members.into_iter().filter_map(|(name, value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other => Some((name, other.to_string())),
    });
    Ok(told.collect())
}

/// A word of a few; `what` is what they are.
pub fn one_of<T: Copy>(what: &str, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Refused> {
    let found = all.iter().copied().find(|known| name(*known) == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|known| name(*known)).collect();
        let meant = nearest(text, &names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Refused::Wrong(format!("there is no {what} `{text}`\n  hint: {meant}known are {}", names.join(", ")))
    })
}

/// How many are asked for, within what one answer holds.
fn limit(asked: Option<u16>, default: u16, max: u16) -> Result<usize, Refused> {
    let asked = asked.unwrap_or(default);
    if asked == 0 || asked > max {
        return Err(Refused::Wrong(format!("`limit` is {asked}\n  hint: say 1 to {max}")));
    }
    Ok(usize::from(asked))
}
