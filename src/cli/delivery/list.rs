use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use store::State;

use super::query::Query;
use crate::cli::follow::{Came, Following, follow};
use crate::cli::source::Source;
use crate::cli::table::{Growing, cell, cut, plain, print_json, rows, time, width};
use crate::inspect::{Look, deliveries};

/// A reason is never cut below this, however narrow the terminal.
const REASON_LEAST: usize = 24;

/// Of a reason, when what follows is not known yet.
const REASON_FOLLOWED: usize = 80;

const HEADER: [&str; 9] =
    ["Accepted", "State", "Drawer", "Attempts", "Registration", "Event", "Event ID", "Next", "Reason"];

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    query: Query,
    /// Only what has neither been delivered nor was meant to stay where it is.
    #[arg(long, conflicts_with_all = ["state", "blocked"])]
    undelivered: bool,
    /// Only what waits for others of its lane, and what lets others wait.
    #[arg(long, conflicts_with = "state")]
    blocked: bool,
    /// How many at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    following: Following,
}

impl Options {
    fn asked(&self) -> anyhow::Result<deliveries::Query> {
        let mut query = self.query.asked(Timestamp::now())?;
        if self.undelivered {
            query.state = Some(words(&State::UNDELIVERED));
        }
        if self.blocked {
            query.state = Some(words(&[State::Waiting, State::Blocking]));
        }
        // One more than asked for tells whether there are more.
        query.limit = Some(self.limit + 1);
        Ok(query)
    }
}

/// States as a query has them.
pub fn words(states: &[State]) -> String {
    states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(",")
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let asked = options.asked()?;
    let mut found = source.ask(&Look::Deliveries(asked.clone())).await?;
    if options.following.follow {
        return follow_from(source, options, asked, found).await;
    }
    let limit = usize::from(options.limit);
    let is_cut = rows(&found).len() > limit;
    if let Value::Array(rows) = &mut found {
        rows.truncate(limit);
    }
    if options.following.json {
        return print_json(&found);
    }
    if rows(&found).is_empty() {
        eprintln!("no delivery is like that");
        return Ok(());
    }
    print(rows(&found));
    if is_cut {
        eprintln!("there are more; `--limit` shows up to 1000, `--until` those before a time");
    }
    Ok(())
}

/// Prints the newest, oldest first, and those that come behind them.
async fn follow_from(
    source: &Source,
    options: &Options,
    asked: deliveries::Query,
    mut newest: Value,
) -> anyhow::Result<()> {
    if let Value::Array(rows) = &mut newest {
        rows.truncate(usize::from(options.limit));
        rows.reverse();
    }
    let mut lines = Growing::new(HEADER);
    if !options.following.json {
        println!("{}", lines.line(&HEADER.map(str::to_owned)));
    }
    // Before all there is.
    let mut after = "0-0".to_owned();
    let mut page = Some(newest);
    follow(async || {
        let page = if let Some(newest) = page.take() {
            newest
        } else {
            let behind = Some(after.clone());
            let query = deliveries::Query { oldest_first: Some(true), after: behind, ..asked.clone() };
            source.ask(&Look::Deliveries(query)).await?
        };
        for row in rows(&page) {
            let reason = cut(&cell(row, "reason"), REASON_FOLLOWED);
            let cells = cells(row).into_iter().chain([reason]).collect::<Vec<_>>();
            let cells: [String; 9] = cells.try_into().unwrap_or_default();
            println!("{}", if options.following.json { row.to_string() } else { lines.line(&cells) });
            after = cell(row, "cursor");
        }
        Ok(if rows(&page).is_empty() { Came::Nothing } else { Came::Something })
    })
    .await
}

fn print(found: &[Value]) {
    let cells: Vec<[String; 8]> = found.iter().map(cells).collect();
    let mut taken = 2;
    for (column, header) in HEADER[..8].iter().enumerate() {
        let cells = cells.iter().map(|row| row[column].chars().count());
        taken += cells.max().unwrap_or_default().max(header.len()) + 2;
    }
    let reason_width = width().saturating_sub(taken).max(REASON_LEAST);
    let mut table = plain(HEADER);
    for (cells, row) in cells.into_iter().zip(found) {
        let reason = cut(&cell(row, "reason"), reason_width);
        table.add_row(cells.into_iter().chain([reason]));
    }
    println!("{}", table.trim_fmt());
}

/// All but the reason.
pub fn cells(row: &Value) -> [String; 8] {
    [
        time(row, "accepted"),
        cell(row, "state"),
        cell(row, "drawer"),
        cell(row, "attempts"),
        cell(row, "registration"),
        cell(row, "code"),
        cell(row, "event"),
        time(row, "next"),
    ]
}
