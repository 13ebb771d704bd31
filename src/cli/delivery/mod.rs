//! What became of events on their way: one row for each event and registration.

mod exchange;
mod get;
mod list;
mod query;
mod replay;

pub use get::{is_failed, state};

use std::path::Path;

use clap::Subcommand;

use super::source::Source;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List deliveries, newest first.
    List(list::Options),
    /// Show all deliveries of one event with their attempts.
    Get(get::Options),
    /// Have deliveries run again, in their old order, behind what is under way.
    Replay(replay::Options),
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let source = Source::open(root, "deliveries")?;
    match command {
        Command::List(options) => list::run(&source, options).await,
        Command::Get(options) => get::run(&source, options).await,
        Command::Replay(options) => replay::run(&source, options).await,
    }
}
