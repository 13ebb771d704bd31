use clap::Args;
use console::style;
use serde_json::Value;

use super::list::{annotation, time};
use super::{One, waterfall};
use crate::cli::source::Source;
use crate::cli::table::{bare, cell, print_json, printable, rows};

/// The last lines of a log that are shown along with its run.
const LINES_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    one: One,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let run = source.ask(&options.one.look()?).await?;
    if options.json {
        return print_json(&run);
    }
    head(&run);
    if run["detail"].is_object() {
        println!("\nStages and calls");
        for line in waterfall::lines(&run["detail"]) {
            println!("{line}");
        }
    }
    println!("\nResult\n{}", serde_json::to_string_pretty(&run["response"]["result"])?);
    log(&run);
    Ok(())
}

fn head(run: &Value) {
    let text = |key: &str| annotation(run, key).as_str().map(printable);
    let mut table = bare();
    table.add_row(["Activation", &cell(run, "activationId")]);
    table.add_row(["Action", &text("path").unwrap_or_default()]);
    table.add_row(["Status", &status(run)]);
    table.add_row(["Start", &time(run, "start")]);
    table.add_row(["Duration", &format!("{} ms", cell(run, "duration"))]);
    table.add_row(["Wait", &format!("{} ms", annotation(run, "waitTime"))]);
    if annotation(run, "attempt").is_u64() {
        table.add_row(["Attempt", &annotation(run, "attempt").to_string()]);
    }
    if run["cause"].is_string() {
        table.add_row(["Caused by", &cell(run, "cause")]);
    }
    let caused: Vec<&str> = rows(&run["caused"]).iter().filter_map(Value::as_str).collect();
    if !caused.is_empty() {
        table.add_row(["Caused", &caused.join(", ")]);
    }
    if let Some(event) = text("event") {
        table.add_row(["Event", &event]);
        table.add_row(["See all", &format!("kit event trace {event}")]);
    }
    println!("{}", table.trim_fmt());
}

/// Coloured on a terminal.
fn status(run: &Value) -> String {
    let word = cell(run, "status");
    match run["response"]["success"].as_bool() {
        Some(true) => style(word).green().to_string(),
        _ if word == "suppressed" => word,
        _ => style(word).red().to_string(),
    }
}

fn log(run: &Value) {
    let lines = rows(&run["logs"]);
    if lines.is_empty() {
        return;
    }
    let left_out = lines.len().saturating_sub(LINES_SHOWN);
    println!("\nLog");
    if left_out > 0 {
        println!("({left_out} lines before; `kit activation logs {}` has them all)", cell(run, "activationId"));
    }
    for line in lines[left_out..].iter().filter_map(Value::as_str) {
        println!("{}", printable(line));
    }
}
