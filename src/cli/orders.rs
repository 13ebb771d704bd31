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

/// How a command asks for work.
#[derive(Debug, Args)]
pub struct Asking {
    /// Do not ask before it is done.
    #[arg(long)]
    yes: bool,
    /// Do not wait for its end on a terminal.
    #[arg(long)]
    no_wait: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Asking {
    /// Goes on when somebody said so: with `--yes`, or on the terminal.
    pub fn confirm(&self, question: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            bail!(
                "nobody is here to be asked: {question}\n  hint: `--yes` says so; `--dry-run` shows what would be done"
            );
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

    /// Stores the job, says so, and waits for its end where somebody watches.
    pub async fn place(&self, folder: &Folder, document: &Value, what: &str, count: Option<u64>) -> anyhow::Result<()> {
        let (job, is_running) = put(&folder.path, document)?;
        if self.json {
            println!("{}", json!({"job": job.id.to_string(), "count": count, "running": is_running}));
        } else {
            println!("{what}: job {}", job.id);
            println!(
                "{}",
                if is_running {
                    "the kit that runs on this folder does it; `kit job list` tells how far it is"
                } else {
                    "no kit runs on this folder; the next one that does will do it"
                }
            );
        }
        if is_running && !self.no_wait && std::io::stderr().is_terminal() {
            follow(&folder.reader, job.id).await?;
        }
        Ok(())
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

async fn follow(reader: &Reader, id: Uuid) -> anyhow::Result<()> {
    let bar = ProgressBar::new_spinner();
    // A style that cannot be read leaves the bar plain.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    let (mut seen, mut moved) = (String::new(), Instant::now());
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    loop {
        ticks.tick().await;
        let Some(job) = reader.jobs()?.into_iter().find(|job| job.id == id) else {
            bar.finish_and_clear();
            bail!("the job {id} is gone; `kit job list` shows those there are");
        };
        let now = format!("{} {}", job.state.as_str(), progress(&job));
        if now != seen {
            (seen, moved) = (now, Instant::now());
        }
        bar.set_message(seen.trim().to_owned());
        bar.tick();
        match job.state {
            JobState::Done => {
                bar.finish_and_clear();
                eprintln!("done {}", progress(&job));
                return Ok(());
            }
            JobState::Failed => {
                bar.finish_and_clear();
                bail!("the job failed: {}\n  hint: the kit's log says more", progress(&job));
            }
            JobState::Waiting | JobState::Running if moved.elapsed() > STANDSTILL_MAX => {
                bar.finish_and_clear();
                eprintln!("nothing moves just now; the job goes on by itself, and `kit job list` tells how far it is");
                return Ok(());
            }
            JobState::Waiting | JobState::Running => {}
        }
    }
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
