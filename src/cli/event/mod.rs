mod forget;
mod list;
mod proof;
mod sample;
mod send;
mod trace;

use std::path::Path;

use clap::{Args, Subcommand};

use super::source::Source;
use crate::inspect::events;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all events of one thing, such as an order, oldest first, and what became of them.
    List(list::Options),
    /// Show all that an id leads to: the request, the event, its deliveries, their attempts, and the calls that those made.
    Trace(trace::Options),
    /// Print a value that an event could carry, as JSON.
    Sample(sample::Options),
    /// Send an event to the ingestion webhook of the kit that runs: its sample, with what you set in it.
    Send(send::Options),
    /// Remove all events of one thing, such as a customer, and everything that was recorded about them; what was not
    /// delivered yet never will be.
    Forget(forget::Options),
}

/// One thing that events are about.
#[derive(Debug, Args)]
struct Thing {
    /// What it is: `customer`, `order`, `product`, ...
    #[arg(long)]
    entity: String,
    /// Its business key: the customer's id, the SKU, ...
    #[arg(long)]
    key: String,
}

impl Thing {
    /// What a kit is asked.
    fn query(&self) -> anyhow::Result<events::Query> {
        let query = events::Query { entity: self.entity.clone(), key: self.key.clone(), since: None };
        query.entity()?;
        Ok(query)
    }
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(options) => list::run(root, options).await,
        Command::Trace(options) => trace::run(root, options).await,
        Command::Sample(options) => sample::run(root, options),
        Command::Send(options) => send::run(root, options).await,
        Command::Forget(options) => forget::run(root, options).await,
    }
}

fn open(root: &Path) -> anyhow::Result<Source> {
    Source::open(root, "events")
}
