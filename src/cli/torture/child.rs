//! The program that is tortured: a `kit serve` whose disk and clock the commanding process plays with.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use settings::{Mode, Variables};
use store::{Sqlite, Store, WriteFailure};
use tokio::sync::watch;
use tracing::warn;

use super::clock::JumpingClock;
use super::planted::{Plant, Planted};
use crate::cli::dev::listen;
use crate::compose::{Ground, compose_on, open};
use crate::project::Project;
use crate::{log, run, secrets};

#[derive(Debug, Args)]
pub struct Options {
    /// How far the clock is off, milliseconds.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    clock_ms: i64,
    /// Break the program on purpose.
    #[arg(long)]
    plant: Option<Plant>,
}

/// While the disk is full, the store that was opened again meets it again within this time.
const FULL_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// The next write fails.
    Fails(WriteFailure),
    /// For so long, in whole milliseconds, the store cannot grow.
    FullFor(Duration),
}

/// What the commanding process asks for: a line of text each on stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The clock is off by this many milliseconds from now on.
    Clock(i64),
    Disk(Disk),
    /// End as after SIGTERM.
    Stop,
}

impl Order {
    pub fn line(self) -> String {
        match self {
            Self::Clock(offset_ms) => format!("clock {offset_ms}\n"),
            Self::Disk(Disk::Fails(WriteFailure::BeforeCommit)) => "disk before\n".to_owned(),
            Self::Disk(Disk::Fails(WriteFailure::NoRoom)) => "disk no room\n".to_owned(),
            Self::Disk(Disk::Fails(WriteFailure::AfterCommit)) => "disk after\n".to_owned(),
            Self::Disk(Disk::FullFor(time)) => format!("full {}\n", time.as_millis()),
            Self::Stop => "stop\n".to_owned(),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        match line.trim() {
            "disk before" => Some(Self::Disk(Disk::Fails(WriteFailure::BeforeCommit))),
            "disk no room" => Some(Self::Disk(Disk::Fails(WriteFailure::NoRoom))),
            "disk after" => Some(Self::Disk(Disk::Fails(WriteFailure::AfterCommit))),
            "stop" => Some(Self::Stop),
            other => match other.split_once(' ')? {
                ("full", ms) => Some(Self::Disk(Disk::FullFor(Duration::from_millis(ms.parse().ok()?)))),
                ("clock", ms) => Some(Self::Clock(ms.parse().ok()?)),
                _ => None,
            },
        }
    }
}

/// Serves what the environment says; no `.env` counts. Ends with its commander.
pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let variables = Variables::from_pairs(std::env::vars());
    secrets::learn(&variables);
    let project = Project::read(root, &variables, Mode::Serve)?;
    let telemetry = log::start(&project)?;
    let listener = listen(project.environment.bind).await?;
    let address = listener.local_addr()?;
    let sqlite = open(&project).await?;
    let clock = Arc::new(JumpingClock::off_by(options.clock_ms));
    let store: Arc<dyn Store> = match options.plant {
        Some(plant) => Arc::new(Planted::new(Arc::clone(&sqlite), plant)),
        None => Arc::<Sqlite>::clone(&sqlite),
    };
    let ground = Ground { store, clock: Arc::<JumpingClock>::clone(&clock) };
    let kit = compose_on(&project, address, None, ground).await?;
    let (stop, stopped) = watch::channel(false);
    let listens = std::thread::Builder::new().name("orders".to_owned());
    listens.spawn(move || obey(&sqlite, &clock, &stop)).context("nobody can listen to orders")?;
    println!("listening on http://{address}");
    run::run(kit, listener, stopped, telemetry).await;
    Ok(())
}

/// Until the commander says stop, or is gone.
fn obey(sqlite: &Sqlite, clock: &JumpingClock, stop: &watch::Sender<bool>) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match Order::parse(&line) {
            Some(Order::Clock(offset_ms)) => clock.jump_to(offset_ms),
            Some(Order::Disk(Disk::Fails(failure))) => sqlite.fail_next_write(failure),
            Some(Order::Disk(Disk::FullFor(time))) => fill(sqlite, time),
            Some(Order::Stop) => break,
            None => warn!("an order that nobody understands"),
        }
    }
    let _ = stop.send(true);
    // Keeps the channel open: a closed one would read as an error, not as a stop.
    while !stop.is_closed() {
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

/// Orders that come meanwhile wait.
fn fill(sqlite: &Sqlite, time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        sqlite.fail_next_write(WriteFailure::NoRoom);
        std::thread::sleep(FULL_AGAIN_AFTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_as_they_are_given() {
        let failures = [WriteFailure::BeforeCommit, WriteFailure::NoRoom, WriteFailure::AfterCommit].map(Disk::Fails);
        let disks = failures.into_iter().chain([Disk::FullFor(Duration::from_millis(1_250))]).map(Order::Disk);
        for order in [Order::Clock(-1_500), Order::Clock(7_200_000), Order::Stop].into_iter().chain(disks) {
            assert_eq!(Order::parse(&order.line()), Some(order));
        }
        for order in ["clock soon", "full", "stop it"] {
            assert_eq!(Order::parse(order), None, "{order}");
        }
    }
}
