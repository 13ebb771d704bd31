mod get;
mod list;
mod logs;
mod rerun;
mod result;
mod waterfall;

use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::moment::moment;
use super::source::Source;
use crate::inspect::{Look, activations};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List runs, newest first.
    List(list::Options),
    /// Show one run: how it ended, what it waited for and called, its result and its log.
    Get(get::Options),
    /// Print what runs logged.
    Logs(logs::Options),
    /// Print the result of one run, as JSON.
    Result(result::Options),
    /// Run the action of a run again, on the recorded event and against the recorded answers of targets: nothing is sent and
    /// nothing is written.
    Rerun(rerun::Options),
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let source = Source::open(root, "activations")?;
    match command {
        Command::List(options) => list::run(&source, options).await,
        Command::Get(options) => get::run(&source, options).await,
        Command::Logs(options) => logs::run(&source, options).await,
        Command::Result(options) => result::run(&source, options).await,
        Command::Rerun(options) => rerun::run(root, &source, options).await,
    }
}

/// One run.
#[derive(Debug, Args)]
struct One {
    /// The activation's id: 32 hex digits.
    id: Option<sdk::ActivationId>,
    /// The newest run instead.
    #[arg(long, short, conflicts_with = "id")]
    last: bool,
}

impl One {
    fn look(&self) -> anyhow::Result<Look> {
        if self.id.is_none() && !self.last {
            bail!("nothing says which run\n  hint: name its id, as `kit activation list` shows it, or say `--last`");
        }
        Ok(Look::Activation(self.id.map(sdk::ActivationId::uuid), activations::Query::default()))
    }
}

/// Which runs are meant.
#[derive(Debug, Args)]
struct Which {
    /// Only runs of this action: `package/action`, or its name in any package.
    #[arg(long, short)]
    action: Option<String>,
    /// Only runs that ended like this, with commas between: success, app error, dev error, timeout, sys error, suppressed.
    #[arg(long)]
    status: Option<String>,
    /// Begun then or later: `2h` ago, or a time such as `2026-11-22T01:00:00+01:00`; without a zone it is UTC.
    #[arg(long)]
    since: Option<String>,
    /// Begun before: `10m` ago, or a time.
    #[arg(long, alias = "upto")]
    until: Option<String>,
}

impl Which {
    fn query(&self) -> anyhow::Result<activations::Query> {
        let now = Timestamp::now();
        Ok(activations::Query {
            action: self.action.clone(),
            status: self.status.clone(),
            since: self.since.as_deref().map(|text| moment("--since", text, now)).transpose()?,
            upto: self.until.as_deref().map(|text| moment("--until", text, now)).transpose()?,
            ..activations::Query::default()
        })
    }
}
