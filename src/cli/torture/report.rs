//! What is printed at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::conduct::Done;
use super::finding::{Finding, Kind};
use super::ledger::Counts;
use super::planted::Plant;

/// Findings of one kind that are printed; the rest is counted.
const FINDINGS_PRINTED_MAX: usize = 5;

/// What the senders counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clients {
    pub sent: u64,
    pub acknowledged: u64,
    pub hung_up: u64,
    pub repeated: u64,
    pub asked_again: u64,
}

#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    /// The options that repeat the run, beside the seed.
    pub kills: usize,
    pub events: usize,
    pub plant: Option<Plant>,
    pub done: Done,
    pub clients: Clients,
    pub target: Counts,
    /// Until the program answered again.
    pub restarts: Vec<Duration>,
    pub took: Duration,
    pub findings: Vec<Finding>,
    /// What is left of the run, when it is kept.
    pub folder: Option<PathBuf>,
}

impl Report {
    pub fn as_json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::as_json).collect();
        json!({
            "seed": self.seed,
            "plant": self.plant.map(Plant::as_str),
            "kills": self.done.kills,
            "events": {
                "sent": self.clients.sent,
                "acknowledged": self.clients.acknowledged,
                "hungUp": self.clients.hung_up,
                "repeated": self.clients.repeated,
                "askedAgain": self.clients.asked_again,
            },
            "faults": {"target": self.done.faults.values().sum::<usize>(), "ofTarget": self.done.faults, "disk": self.done.disks, "clock": self.done.clocks},
            "target": {"calls": self.target.calls, "reads": self.target.reads, "effects": self.target.changes, "faulty": self.target.faulty},
            "restartMs": {"median": self.restart_median_ms(), "longest": self.restart_longest_ms()},
            "seconds": self.took.as_secs(),
            "findings": findings,
            "folder": self.folder,
        })
    }

    pub fn print(&self) {
        let Self { done, clients, target, .. } = self;
        println!("seed      {}", self.seed);
        println!(
            "cycles    {} kills, up again after {} ms at the median, {} ms at the longest",
            done.kills,
            self.restart_median_ms(),
            self.restart_longest_ms()
        );
        println!(
            "events    {} sent, {} acknowledged; {} clients hung up, {} uids came again, {} requests had to be repeated",
            clients.sent, clients.acknowledged, clients.hung_up, clients.repeated, clients.asked_again
        );
        let faults = done.faults.values().sum::<usize>();
        println!("faults    {faults} of the target, {} of the disk, {} of the clock", done.disks, done.clocks);
        println!("          of the target: {}", self.faults());
        println!(
            "target    {} calls, {} of them reads, {} refused or cut by a fault; {} effects",
            target.calls, target.reads, target.faulty, target.changes
        );
        println!("time      {} s", self.took.as_secs());
        println!("findings  {}", self.summary());
        // They come sorted by kind.
        for of_kind in self.findings.chunk_by(|one, other| one.kind == other.kind) {
            of_kind.iter().take(FINDINGS_PRINTED_MAX).for_each(|finding| println!("  {finding}"));
            if let Some(more) = of_kind.len().checked_sub(FINDINGS_PRINTED_MAX).filter(|more| *more > 0) {
                println!("  and {more} more of `{}`; --json prints all", of_kind[0].kind.as_str());
            }
        }
        println!("again     {}", self.command());
        if let Some(folder) = &self.folder {
            println!("kept      {} (store and log)", folder.display());
        }
    }

    fn faults(&self) -> String {
        let faults = self.done.faults.iter().map(|(name, count)| format!("{count} x {name}"));
        faults.collect::<Vec<_>>().join(", ")
    }

    fn summary(&self) -> String {
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.kind).or_default() += 1;
        }
        if counts.is_empty() {
            return "none".to_owned();
        }
        let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
        counts.join(", ")
    }

    fn command(&self) -> String {
        let plant = self.plant.map(|plant| format!(" --plant {}", plant.as_str())).unwrap_or_default();
        format!("kit torture --kills {} --events {} --seed {}{plant}", self.kills, self.events, self.seed)
    }

    fn restart_median_ms(&self) -> u128 {
        let mut restarts = self.restarts.clone();
        restarts.sort_unstable();
        restarts.get(restarts.len() / 2).map_or(0, Duration::as_millis)
    }

    fn restart_longest_ms(&self) -> u128 {
        self.restarts.iter().max().map_or(0, Duration::as_millis)
    }
}
