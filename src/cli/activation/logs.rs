use clap::Args;
use serde_json::{Value, json};

use super::Which;
use super::list::{annotation, each};
use crate::cli::follow::Following;
use crate::cli::source::Source;
use crate::cli::table::{cell, print_json, printable, rows};
use crate::inspect::{Look, activations};

#[derive(Debug, Args)]
pub struct Options {
    /// The activation's id; left out: the newest runs.
    #[arg(conflicts_with_all = ["action", "status", "since", "until", "follow", "limit", "last"])]
    id: Option<sdk::ActivationId>,
    /// The newest run, which is what is meant without an id anyway.
    #[arg(long, short, conflicts_with = "limit")]
    last: bool,
    #[command(flatten)]
    which: Which,
    /// Of how many runs at the most; one, or with `--since` 100.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: Option<u16>,
    /// Leave out time and stream of each line.
    #[arg(long, short = 'r')]
    strip: bool,
    #[command(flatten)]
    following: Following,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let Following { follow, json } = options.following;
    if let Some(id) = options.id {
        let look = Look::Activation(Some(id.uuid()), activations::Query::default());
        let run = source.ask(&look).await?;
        if json {
            return print_json(&json!({"logs": run["logs"]}));
        }
        if rows(&run["logs"]).is_empty() {
            eprintln!("it logged nothing");
        }
        lines(&run, options.strip);
        return Ok(());
    }
    let query = options.which.query()?;
    let limit = options.limit.unwrap_or(if query.since.is_some() { 100 } else { 1 });
    let query = activations::Query { limit: Some(limit), logs: Some(true), ..query };
    if follow {
        return each(source, query, |run| {
            if json {
                println!("{}", of_run(run));
            } else {
                headed(run, options.strip);
            }
        })
        .await;
    }
    let found = source.ask(&Look::Activations(query)).await?;
    let runs: Vec<&Value> = rows(&found).iter().rev().collect();
    if json {
        return print_json(&runs.into_iter().map(of_run).collect());
    }
    if runs.is_empty() {
        eprintln!("no activation is like that");
    }
    for run in runs {
        headed(run, options.strip);
    }
    Ok(())
}

fn of_run(run: &Value) -> Value {
    json!({"activationId": run["activationId"], "action": annotation(run, "path"), "logs": run["logs"]})
}

/// The lines of a run, below one that says whose they are.
fn headed(run: &Value, strip: bool) {
    let action = annotation(run, "path");
    let none = if rows(&run["logs"]).is_empty() { ": nothing logged" } else { "" };
    println!("=== {} {}{none}", cell(run, "activationId"), printable(action.as_str().unwrap_or_default()));
    lines(run, strip);
}

fn lines(run: &Value, strip: bool) {
    for line in rows(&run["logs"]).iter().filter_map(Value::as_str) {
        println!("{}", printable(if strip { stripped(line) } else { line }));
    }
}

/// A line without its time and stream.
fn stripped(line: &str) -> &str {
    let text = line.split_once(' ').map(|(_, rest)| rest);
    let text = text.and_then(|rest| rest.strip_prefix("stdout: ").or_else(|| rest.strip_prefix("stderr: ")));
    text.unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_time_and_stream_only() {
        fn check(line: &str, expected: &str) {
            assert_eq!(stripped(line), expected);
        }
        check("2026-01-01T00:00:00.000Z stdout: sent it: A", "sent it: A");
        check("2026-01-01T00:00:00.000Z stderr: no", "no");
        check("cut here", "cut here");
        check("", "");
    }
}
