use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};
use store::Job;

use super::local::Folder;
use super::orders::progress;
use super::table::{cut, plain, printable};

/// A replay names up to a thousand events.
const WORK_CHARACTERS_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the work that the kit was asked for, oldest first, and how far it is.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Reads the local folder, also while a kit is running on it.
pub fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let Command::List { json } = command;
    let jobs = Folder::open(root, "jobs")?.reader.jobs()?;
    if *json {
        let rows: Vec<Value> = jobs.iter().map(row).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    if jobs.is_empty() {
        eprintln!("the kit was asked for nothing yet");
        return Ok(());
    }
    let mut table = plain(["Created", "State", "Job ID", "Progress", "Work"]);
    for job in &jobs {
        table.add_row([
            job.created.strftime("%F %T").to_string(),
            job.state.as_str().to_owned(),
            job.id.to_string(),
            progress(job),
            cut(&printable(&work(&job.document)), WORK_CHARACTERS_MAX),
        ]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

/// What a job asks for, in words.
fn work(document: &str) -> String {
    let Ok(Value::Object(tasks)) = serde_json::from_str(document) else { return document.to_owned() };
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

fn row(job: &Job) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "id": job.id.to_string(),
        "created": job.created.to_string(),
        "state": job.state.as_str(),
        "document": parsed(&job.document),
        "progress": parsed(&job.progress),
    })
}
