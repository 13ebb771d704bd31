//! What became of events on their way: one row for each event and registration.

mod get;
mod list;
mod query;
mod reason;
mod replay;

use std::path::Path;

use clap::Subcommand;

use super::local::Folder;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List deliveries, newest first.
    List(list::Options),
    /// Show all deliveries of one event with their attempts.
    Get(get::Options),
    /// Have deliveries run again, in their old order, behind what is under way.
    Replay(replay::Options),
}

/// Works on the local folder, also while a kit is running on it.
pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let folder = Folder::open(root, "deliveries")?;
    match command {
        Command::List(options) => list::run(&folder, options),
        Command::Get(options) => get::run(&folder, options),
        Command::Replay(options) => replay::run(&folder, options).await,
    }
}
