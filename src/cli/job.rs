use std::path::Path;

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::Value;

use super::moment::moment;
use super::orders::progress;
use super::source::Source;
use super::table::{cell, cut, plain, print_json, printable, rows, time};
use crate::inspect::Look;

/// A replay names up to a thousand events.
const WORK_CHARACTERS_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the work that the kit was asked for, oldest first, and how far it is.
    List {
        /// Asked for then or later: `2h` ago, or a time.
        #[arg(long)]
        since: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let Command::List { since, json } = command;
    let since = since.as_deref().map(|text| moment("--since", text, Timestamp::now())).transpose()?;
    let mut jobs = Source::open(root, "jobs")?.ask(&Look::Jobs).await?;
    if let (Some(since), Value::Array(jobs)) = (since, &mut jobs) {
        let created = |job: &Value| job["created"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        jobs.retain(|job| created(job).is_some_and(|created| created >= since));
    }
    if *json {
        return print_json(&jobs);
    }
    if rows(&jobs).is_empty() {
        eprintln!("the kit was asked for nothing yet");
        return Ok(());
    }
    let mut table = plain(["Created", "State", "Job ID", "Progress", "Work"]);
    for job in rows(&jobs) {
        table.add_row([
            time(job, "created"),
            cell(job, "state"),
            cell(job, "id"),
            progress(&job["progress"]),
            cut(&printable(&work(&job["document"])), WORK_CHARACTERS_MAX),
        ]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

/// What a job asks for, in words.
fn work(document: &Value) -> String {
    let Value::Object(tasks) = document else { return document.to_string() };
    let told = tasks.iter().map(|(task, asked)| format!("{task} {}", words(asked)));
    told.collect::<Vec<_>>().join(", ")
}

fn words(asked: &Value) -> String {
    match asked {
        Value::Object(members) => {
            let known = members.iter().filter(|(_, value)| **value != Value::Bool(false));
            let told = known.map(|(name, value)| match value {
                Value::Object(_) => words(value),
                other => format!("{} {}", name.replace('_', " "), words(other)),
            });
            told.collect::<Vec<_>>().join(", ")
        }
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
