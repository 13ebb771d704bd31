use std::collections::HashSet;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Which;
use crate::cli::follow::{Came, Following, follow};
use crate::cli::source::Source;
use crate::cli::table::{Growing, cell, plain, print_json, rows};
use crate::inspect::{Look, activations};

const HEADER: [&str; 8] = ["Datetime", "Status", "Kind", "Activation ID", "Wait", "Duration", "Attempt", "Entity"];

/// Runs that are asked for in one go while they are followed.
const PAGE: u16 = 200;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    which: Which,
    /// How many at the most.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Leave out so many of the newest.
    #[arg(long, short, default_value_t = 0, conflicts_with = "follow")]
    skip: u32,
    /// Print only how many there are.
    #[arg(long, conflicts_with_all = ["limit", "skip", "follow"])]
    count: bool,
    #[command(flatten)]
    following: Following,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let Following { follow, json } = options.following;
    let query = options.which.query()?;
    if options.count {
        let answer = source.ask(&Look::Activations(activations::Query { count: Some(true), ..query })).await?;
        let count = &answer["activations"];
        println!("{}", if json { json!({"activations": count}).to_string() } else { count.to_string() });
        return Ok(());
    }
    let query = activations::Query { limit: Some(options.limit), skip: Some(options.skip), ..query };
    if follow {
        let mut lines = Growing::new(HEADER);
        if !json {
            println!("{}", lines.line(&HEADER.map(str::to_owned)));
        }
        return each(source, query, |run| {
            println!("{}", if json { run.to_string() } else { lines.line(&cells(run)) });
        })
        .await;
    }
    let found = source.ask(&Look::Activations(query)).await?;
    if json {
        return print_json(&found);
    }
    let mut table = plain(HEADER);
    table.add_rows(rows(&found).iter().map(cells));
    println!("{}", table.trim_fmt());
    Ok(())
}

/// The newest runs that a query lets through, oldest first, and then each that ends.
pub async fn each(source: &Source, query: activations::Query, mut print: impl FnMut(&Value)) -> anyhow::Result<()> {
    // What ends between the two questions comes with both answers.
    let begin = activations::Query { after: Some("end".to_owned()), ..query.clone() };
    let begin = source.ask(&Look::Activations(begin)).await?;
    let newest = source.ask(&Look::Activations(query.clone())).await?;
    let mut printed = HashSet::new();
    for run in rows(&newest).iter().rev() {
        print(run);
        printed.insert(cell(run, "activationId"));
    }
    let mut cursor = cell(&begin, "cursor");
    let query = activations::Query { limit: Some(PAGE), skip: None, ..query };
    follow(async || {
        let behind = activations::Query { after: Some(cursor.clone()), ..query.clone() };
        let answer = source.ask(&Look::Activations(behind)).await?;
        for run in rows(&answer["activations"]).iter().filter(|run| !printed.contains(&cell(run, "activationId"))) {
            print(run);
        }
        let has_moved = cursor != cell(&answer, "cursor");
        cursor = cell(&answer, "cursor");
        Ok(if has_moved { Came::Something } else { Came::Nothing })
    })
    .await
}

fn cells(run: &Value) -> [String; 8] {
    let attempt = annotation(run, "attempt");
    [
        time(run, "start"),
        cell(run, "status"),
        cell_of(&annotation(run, "kind")),
        cell(run, "activationId"),
        format!("{} ms", annotation(run, "waitTime")),
        format!("{} ms", cell(run, "duration")),
        if attempt.is_null() { String::new() } else { attempt.to_string() },
        cell_of(&annotation(run, "path")),
    ]
}

fn cell_of(value: &Value) -> String {
    cell(&json!({"it": value}), "it")
}

/// What a record says of the run under this name.
pub fn annotation(run: &Value, key: &str) -> Value {
    let found = rows(&run["annotations"]).iter().find(|annotation| annotation["key"] == key);
    found.map(|annotation| annotation["value"].clone()).unwrap_or_default()
}

/// A time in milliseconds, as people read it.
pub fn time(run: &Value, member: &str) -> String {
    let at = run[member].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map(|at| at.strftime("%F %T").to_string()).unwrap_or_default()
}
