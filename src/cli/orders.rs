//! Work that the command line asks a kit for: kept as a job, which the kit of the folder carries out.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Beside, JobState};

use super::source::Source;
use super::table::{cell, printable, rows};
use crate::inspect::{Look, jobs};

const ASKED_EVERY: Duration = Duration::from_millis(250);

/// A job that does not move for so long is not waited for: it goes on by itself.
const STANDSTILL_MAX: Duration = Duration::from_mins(1);

/// Whether somebody said so.
#[derive(Debug, Args)]
pub struct Confirm {
    /// Do not ask before it is done.
    #[arg(long)]
    yes: bool,
}

/// How a command asks for work.
#[derive(Debug, Args)]
pub struct Asking {
    #[command(flatten)]
    pub confirm: Confirm,
    /// Do not wait for the running kit to carry it out.
    #[arg(long)]
    no_wait: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Confirm {
    /// Goes on when somebody said so: with `--yes`, or on the terminal. `look` says how to see more before.
    pub fn confirm(&self, question: &str, look: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            bail!("nobody is here to be asked: {question}\n  hint: `--yes` says so; {look}");
        }
        eprint!("{question} [y/N] ");
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            bail!("nothing was done");
        }
        Ok(())
    }
}

impl Asking {
    /// Says why no job is needed.
    pub fn nothing(&self, why: &str) {
        if self.json {
            println!("{}", json!({"job": null, "count": 0, "why": why}));
        } else {
            println!("{why}; nothing was done");
        }
    }

    /// Stores the job and says so; waits for its end while a kit runs. A job that failed is an error.
    pub async fn place(&self, source: &Source, document: &Value, what: &str, count: Option<u64>) -> anyhow::Result<()> {
        let (mut job, is_running) = put(source, document).await?;
        if !self.json {
            println!("{what}: job {}", cell(&job, "id"));
        }
        if is_running && !self.no_wait {
            job = follow(source, job).await?;
        }
        if self.json {
            let (id, state, progress) = (&job["id"], &job["state"], &job["progress"]);
            println!(
                "{}",
                json!({"job": id, "count": count, "running": is_running, "state": state, "progress": progress})
            );
        } else {
            println!("{}", next(&job, is_running));
        }
        if job["state"] == JobState::Failed.as_str() {
            let progress = progress(&job["progress"]);
            bail!("the job failed: {progress}\n  hint: mend that and ask again; the kit's log may say more");
        }
        Ok(())
    }
}

/// What became of a job so far, in words.
fn next(job: &Value, is_running: bool) -> String {
    match (is_open(job), is_running) {
        (false, _) if job["state"] == JobState::Done.as_str() => format!("done: {}", progress(&job["progress"])),
        (false, _) => "failed".to_owned(),
        (true, true) => "the kit that runs there does it; `kit job list` tells how far it is".to_owned(),
        (true, false) => "no kit runs on this folder; the next one that does will do it".to_owned(),
    }
}

fn is_open(job: &Value) -> bool {
    [JobState::Waiting, JobState::Running].iter().any(|state| job["state"] == state.as_str())
}

/// The job, and whether a kit runs that takes it up now.
async fn put(source: &Source, document: &Value) -> anyhow::Result<(Value, bool)> {
    match source {
        Source::Kit(kit) => Ok((kit.put_job(document).await?, true)),
        Source::Folder(folder) => {
            let store = Beside::open(&folder.path).context("the work cannot be asked for in this folder")?;
            let job = jobs::new(document, Timestamp::now());
            store.put_job(&job)?;
            Ok((jobs::row(&job), store.has_company()))
        }
    }
}

/// The job at its end, or as it is when it does not move any more.
async fn follow(source: &Source, placed: Value) -> anyhow::Result<Value> {
    let bar = ProgressBar::new_spinner();
    // A style that cannot be read leaves the bar plain.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    let (mut seen, mut moved) = (placed, Instant::now());
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    while is_open(&seen) && moved.elapsed() < STANDSTILL_MAX {
        ticks.tick().await;
        let jobs = source.ask(&Look::Jobs).await?;
        let Some(job) = rows(&jobs).iter().find(|job| job["id"] == seen["id"]) else {
            bar.finish_and_clear();
            bail!("the job {} is gone\n  hint: `kit job list` shows those there are", cell(&seen, "id"));
        };
        if *job != seen {
            (seen, moved) = (job.clone(), Instant::now());
        }
        bar.set_message(format!("{} {}", cell(&seen, "state"), progress(&seen["progress"])).trim().to_owned());
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(seen)
}

/// How far a job has come, in words.
pub fn progress(progress: &Value) -> String {
    let Value::Object(members) = progress else { return String::new() };
    let told = members.iter().filter_map(|(name, value)| match value {
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::String(text) => Some(format!("{name} {}", printable(text))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    told.collect::<Vec<_>>().join(", ")
}
