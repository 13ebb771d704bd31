use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use super::Thing;
use crate::cli::moment::moment;
use crate::cli::table::{cell, plain, print_json, rows, time};
use crate::inspect::Look;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    thing: Thing,
    /// Accepted then or later: `2h` ago, or a time.
    #[arg(long)]
    since: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let mut query = options.thing.query()?;
    query.since = options.since.as_deref().map(|text| moment("--since", text, Timestamp::now())).transpose()?;
    let found = super::open(root)?.ask(&Look::Events(query)).await?;
    print(&found, options.json)
}

pub fn print(found: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(found);
    }
    if rows(found).is_empty() {
        eprintln!("no event is about that");
        return Ok(());
    }
    let mut table = plain(["Accepted", "State", "Event", "Event ID", "UID"]);
    for event in rows(found) {
        let states: Vec<&str> = rows(&event["states"]).iter().filter_map(Value::as_str).collect();
        let (id, uid) = (cell(event, "event"), cell(event, "uid"));
        table.add_row([time(event, "accepted"), states.join(", "), cell(event, "code"), id, uid]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}
