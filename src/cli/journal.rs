use std::path::Path;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::follow::{Came, Following, follow};
use super::moment::moment;
use super::source::Source;
use super::table::{Growing, cell, plain, print_json, rows, time};
use crate::inspect::{Look, journals};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a page of what a registration was meant to get, oldest first, and where the next one begins.
    Tail(Tail),
}

#[derive(Debug, Args)]
pub struct Tail {
    /// The registration's name or slug; may be left out when there is only one.
    registration: Option<String>,
    /// Strictly behind this position, as the journal's API writes it, or as this command printed it; or accepted then or
    /// later: `2h` ago, or a time.
    #[arg(long)]
    since: Option<String>,
    /// How many at the most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Begin at the end: print only where what comes next begins.
    #[arg(long, conflicts_with = "since")]
    latest: bool,
    #[command(flatten)]
    following: Following,
}

impl Tail {
    fn look(&self) -> Look {
        let from = self.since.as_deref().and_then(|since| moment("--since", since, Timestamp::now()).ok());
        let query = journals::Query {
            since: self.since.clone().filter(|_| from.is_none()),
            from,
            latest: self.latest.then_some(true),
            limit: Some(self.limit),
        };
        Look::Journal(self.registration.clone().unwrap_or_default(), query)
    }
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let Command::Tail(tail) = command;
    let source = Source::open(root, "journals")?;
    let page = source.ask(&tail.look()).await?;
    if page["_page"]["is_cut"] == true {
        eprintln!("note: events behind that position were removed for their age; what is left begins here");
    }
    if tail.following.follow {
        return follow_from(&source, tail, page).await;
    }
    if tail.following.json {
        return print_json(&page);
    }
    if !rows(&page["events"]).is_empty() {
        let mut table = plain(HEADER);
        table.add_rows(rows(&page["events"]).iter().map(cells));
        println!("{}", table.trim_fmt());
    }
    next(&page);
    Ok(())
}

/// Prints this page, and what comes behind it.
async fn follow_from(source: &Source, tail: &Tail, first: Value) -> anyhow::Result<()> {
    let mut lines = Growing::new(HEADER);
    if !tail.following.json {
        println!("{}", lines.line(&HEADER.map(str::to_owned)));
    }
    let registration = cell(&first, "registration");
    let mut last = first["_page"]["last"].clone();
    let mut page = Some(first);
    let ended = follow(async || {
        let page = if let Some(first) = page.take() {
            first
        } else {
            let since = last.as_str().map(str::to_owned);
            let query = journals::Query { since, limit: Some(tail.limit), ..journals::Query::default() };
            source.ask(&Look::Journal(registration.clone(), query)).await?
        };
        for row in rows(&page["events"]) {
            println!("{}", if tail.following.json { row.to_string() } else { lines.line(&cells(row)) });
        }
        last = page["_page"]["last"].clone();
        Ok(if rows(&page["events"]).is_empty() { Came::Nothing } else { Came::Something })
    })
    .await;
    // Whatever ended it, one can go on.
    if tail.following.json {
        eprintln!("{}", json!({"last": last}));
    } else {
        next(&json!({"registration": registration, "_page": {"last": last}}));
    }
    ended
}

const HEADER: [&str; 4] = ["Position", "Accepted", "Event", "Event ID"];

fn cells(row: &Value) -> [String; 4] {
    let event = &row["event"];
    [cell(row, "position"), time(event, "time"), cell(event, "type"), cell(event, "eventid")]
}

/// How to see what comes behind a page.
fn next(page: &Value) {
    let slug = cell(page, "registration");
    match page["_page"]["last"].as_str() {
        Some(last) => println!("next: kit journal tail {slug} --since {last}"),
        None => println!("nothing yet: kit journal tail {slug}"),
    }
}
