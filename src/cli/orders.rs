//! Work that the command line asks a kit for: kept as a job, which the kit of the folder carries out.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Beside, Job, JobState, Reader};
use uuid::Uuid;

use super::local::Folder;

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
    pub async fn place(&self, folder: &Folder, document: &Value, what: &str, count: Option<u64>) -> anyhow::Result<()> {
        let (mut job, is_running) = put(&folder.path, document)?;
        if !self.json {
            println!("{what}: job {}", job.id);
        }
        if is_running && !self.no_wait {
            job = follow(&folder.reader, job).await?;
        }
        if self.json {
            let progress: Value = serde_json::from_str(&job.progress).unwrap_or_default();
            let state = job.state.as_str();
            let id = job.id.to_string();
            println!(
                "{}",
                json!({"job": id, "count": count, "running": is_running, "state": state, "progress": progress})
            );
        } else {
            println!("{}", next(&job, is_running));
        }
        if job.state == JobState::Failed {
            bail!("the job failed: {}\n  hint: mend that and ask again; the kit's log may say more", progress(&job));
        }
        Ok(())
    }
}

/// What became of a job so far, in words.
fn next(job: &Job, is_running: bool) -> String {
    match (job.state, is_running) {
        (JobState::Done, _) => format!("done: {}", progress(job)),
        (JobState::Failed, _) => "failed".to_owned(),
        (JobState::Waiting | JobState::Running, true) => {
            "the kit that runs on this folder does it; `kit job list` tells how far it is".to_owned()
        }
        (JobState::Waiting | JobState::Running, false) => {
            "no kit runs on this folder; the next one that does will do it".to_owned()
        }
    }
}

/// The job, and whether a kit runs that takes it up now.
fn put(folder: &Path, document: &Value) -> anyhow::Result<(Job, bool)> {
    let store = Beside::open(folder).context("the work cannot be asked for in this folder")?;
    let job = Job {
        id: Uuid::now_v7(),
        created: Timestamp::now(),
        state: JobState::Waiting,
        document: document.to_string(),
        progress: String::new(),
    };
    store.put_job(&job)?;
    Ok((job, store.has_company()))
}

/// The job at its end, or as it is when it does not move any more.
async fn follow(reader: &Reader, placed: Job) -> anyhow::Result<Job> {
    let bar = ProgressBar::new_spinner();
    // A style that cannot be read leaves the bar plain.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    let (mut seen, mut moved) = (placed, Instant::now());
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    while seen.state.is_open() && moved.elapsed() < STANDSTILL_MAX {
        ticks.tick().await;
        let Some(job) = reader.jobs()?.into_iter().find(|job| job.id == seen.id) else {
            bar.finish_and_clear();
            bail!("the job {} is gone\n  hint: `kit job list` shows those there are", seen.id);
        };
        if job != seen {
            (seen, moved) = (job, Instant::now());
        }
        bar.set_message(format!("{} {}", seen.state.as_str(), progress(&seen)).trim().to_owned());
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(seen)
}

/// How far a job has come, in words.
pub fn progress(job: &Job) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str(&job.progress) else { return job.progress.clone() };
    let told = members.iter().filter_map(|(name, value)| match value {
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::String(text) => Some(format!("{name} {text}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    told.collect::<Vec<_>>().join(", ")
}
