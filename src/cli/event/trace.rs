use std::path::Path;

use clap::Args;
use console::style;
use serde_json::Value;

use crate::cli::delivery::{is_failed, state};
use crate::cli::table::{cell, print_json, printable, rows, time};
use crate::inspect::Look;

#[derive(Debug, Args)]
pub struct Options {
    /// The event's id, the uid that its sender gave it, its producer's id, or the id of an activation that ran on it.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let trace = super::open(root)?.ask(&Look::Trace(options.id.clone())).await?;
    if options.json {
        return print_json(&trace);
    }
    let event = &trace["event"];
    println!("event     {}", cell(event, "id"));
    println!("          {}", cell(event, "code"));
    if event["uid"].is_string() {
        println!("          uid {}", cell(event, "uid"));
    }
    println!("accepted  {}", time(event, "accepted"));
    match &trace["post"] {
        Value::Null => println!("          as a CloudEvent of {}", cell(event, "source")),
        post => println!("          {}", told(post)),
    }
    for delivery in rows(&trace["deliveries"]) {
        print(delivery);
    }
    go_on(&trace);
    Ok(())
}

fn print(delivery: &Value) {
    println!("\ndelivery  {}", cell(delivery, "registration"));
    println!("          {}", state(delivery));
    for run in rows(&delivery["runs"]) {
        println!("attempt {:<2}{}  {}", cell(run, "attempt"), time(run, "start"), told(run));
        calls(run);
        for caused in rows(&run["caused"]) {
            println!("          -> {}", told(caused));
            calls(caused);
        }
        if let Some(said) = run["said"].as_str().filter(|said| !is_told_by_calls(run, said)) {
            println!("          {}", printable(said));
        }
    }
    if rows(&delivery["runs"]).is_empty() && delivery["reason"].is_string() {
        println!("          {}", cell(delivery, "reason"));
    }
}

/// Whether the calls say the same already.
fn is_told_by_calls(run: &Value, said: &str) -> bool {
    let runs = std::iter::once(run).chain(rows(&run["caused"]));
    let errors = runs.flat_map(|run| rows(&run["calls"])).filter_map(|call| call["error"].as_str());
    errors.into_iter().any(|error| error == said)
}

/// A run in one line.
fn told(run: &Value) -> String {
    let code = cell(run, "statusCode");
    let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
    let word = cell(run, "status");
    let word = if word == "success" { style(word).green() } else { style(word).red() };
    format!("{} {word}{code}, {} ms: {}", cell(run, "action"), cell(run, "duration_ms"), cell(run, "activation"))
}

fn calls(run: &Value) {
    for call in rows(&run["calls"]) {
        let status = if call["status"].is_u64() { cell(call, "status") } else { "no answer".to_owned() };
        let (target, method, path) = (cell(call, "target"), cell(call, "method"), cell(call, "path"));
        println!("             {target} {method} {path}: {status}, {} ms", cell(call, "ms"));
        if call["error"].is_string() {
            println!("             {}", style(cell(call, "error")).red());
        }
    }
}

/// The commands that show more, or help.
fn go_on(trace: &Value) {
    let mut commands = Vec::new();
    for delivery in rows(&trace["deliveries"]) {
        let newest = rows(&delivery["runs"]).last();
        let handler = newest.and_then(|run| rows(&run["caused"]).last()).or(newest);
        commands.extend(handler.map(|run| format!("kit activation get {}", cell(run, "activation"))));
    }
    let id = cell(&trace["event"], "id");
    if rows(&trace["deliveries"]).iter().any(is_failed) {
        commands.push(format!("kit delivery replay {id}"));
    }
    commands.push(format!("kit delivery get {id}"));
    println!();
    for (index, command) in commands.iter().enumerate() {
        println!("{}{command}", if index == 0 { "go on     " } else { "          " });
    }
}
