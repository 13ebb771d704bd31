//! What is done to the program, and when: all of it follows from the seed.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use store::WriteFailure;

use super::child::Disk;

const FAULTS_PER_CYCLE: std::ops::Range<usize> = 2..6;
/// Calls that one fault hits.
const FAULT_CALLS: std::ops::RangeInclusive<u32> = 1..=25;
const SLOW_MS: std::ops::Range<u64> = 20..400;
/// A kill comes up to so much later than its event.
const KILL_AFTER_US_MAX: u64 = 30_000;
/// How long a disk stays full: some come to an end only after the store was opened again.
const FULL_MS: std::ops::Range<u64> = 100..2_000;
/// Of so many cycles one has a failing disk, one a clock that jumps. A failing disk costs a second.
const DISK_EVERY: usize = 4;
const CLOCK_EVERY: usize = 3;

const PATHS: [&str; 8] =
    ["", "products", "customers", "customerGroups", "orders", "order", "shipments", "inventory/source-items"];

/// How far the clock may be off, milliseconds: a second back and a long lease ahead. What was due before a jump back is
/// due that much later.
pub const CLOCK_MS: [i64; 7] = [0, -1_500, 1_500, 45_000, 600_000, 3_600_000, 21_600_000];

#[derive(Clone, Debug)]
pub enum Act {
    Kill {
        after: Duration,
    },
    /// What the sandbox is told, and what it is called in the report.
    Fault(&'static str, Value),
    Disk(Disk),
    Clock(i64),
}

/// One act, and how many events are sent before it.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at: u64,
    pub act: Act,
}

/// Spreads everything over the load. The kills come at random between the events, about evenly.
pub fn plan(rng: &mut Rng, kills: usize, events: usize) -> Vec<Moment> {
    let mut moments = Vec::new();
    let cycles = kills + 1;
    for cycle in 0..cycles {
        let (begin, end) = (cycle * events / cycles, ((cycle + 1) * events / cycles).max(cycle * events / cycles + 1));
        let mut add = |rng: &mut Rng, act: Act| {
            let at = u64::try_from(rng.usize(begin..end)).unwrap_or(u64::MAX);
            moments.push(Moment { at, act });
        };
        for _ in 0..rng.usize(FAULTS_PER_CYCLE) {
            let (name, fault) = fault(rng);
            add(rng, Act::Fault(name, fault));
        }
        if cycle % DISK_EVERY == 1 {
            let disk = match rng.u32(0..4) {
                0 => Disk::Fails(WriteFailure::BeforeCommit),
                1 => Disk::Fails(WriteFailure::AfterCommit),
                _ => Disk::FullFor(Duration::from_millis(rng.u64(FULL_MS))),
            };
            add(rng, Act::Disk(disk));
        }
        if cycle % CLOCK_EVERY == 1 {
            let offset_ms = CLOCK_MS[rng.usize(0..CLOCK_MS.len())];
            add(rng, Act::Clock(offset_ms));
        }
        if cycle < kills {
            let after = Duration::from_micros(rng.u64(0..KILL_AFTER_US_MAX));
            add(rng, Act::Kill { after });
        }
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// 429, 500, 503, slow, or cut before or after the effect.
fn fault(rng: &mut Rng) -> (&'static str, Value) {
    let path = PATHS[rng.usize(0..PATHS.len())];
    let (count, share) = (rng.u32(FAULT_CALLS), [0.2, 0.5, 1.0][rng.usize(0..3)]);
    let (name, mut fault) = match rng.u32(0..8) {
        0 => ("429", json!({"status": 429})),
        1 => ("429", json!({"status": 429, "retry_after_s": 1, "count": 1})),
        2 => ("500", json!({"status": 500})),
        3 => ("503", json!({"status": 503})),
        4 => ("slow", json!({"delay_ms": rng.u64(SLOW_MS)})),
        5 => ("cut before the effect", json!({"cut": "before"})),
        _ => ("cut after the effect", json!({"cut": "after"})),
    };
    if let Some(fault) = fault.as_object_mut() {
        fault.insert("path".to_owned(), path.into());
        fault.insert("share".to_owned(), share.into());
        fault.entry("count").or_insert(count.into());
    }
    (name, fault)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    impl Act {
        fn fault(&self) -> Option<&'static str> {
            match self {
                Self::Fault(name, _) => Some(name),
                Self::Kill { .. } | Self::Disk(_) | Self::Clock(_) => None,
            }
        }
    }

    #[test]
    fn the_seed_decides_everything() {
        let of = |seed| format!("{:?}", plan(&mut Rng::with_seed(seed), 9, 400));
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    fn check(kills: usize, events: usize) {
        let moments = plan(&mut Rng::with_seed(1), kills, events);
        let found = moments.iter().filter(|moment| matches!(moment.act, Act::Kill { .. })).count();
        assert_eq!(found, kills, "kills of {events} events");
        let last = u64::try_from(events.max(kills + 1)).unwrap();
        assert!(moments.iter().all(|moment| moment.at < last), "{kills} kills, {events} events: {moments:?}");
        assert!(moments.is_sorted_by_key(|moment| moment.at));
    }

    #[test]
    fn a_long_run_meets_every_fault() {
        let moments = plan(&mut Rng::with_seed(7), 200, 200_000);
        let faults: BTreeSet<&str> = moments.iter().filter_map(|moment| moment.act.fault()).collect();
        assert_eq!(
            faults.into_iter().collect::<Vec<_>>(),
            ["429", "500", "503", "cut after the effect", "cut before the effect", "slow"]
        );
        let fails = |wanted| move |moment: &Moment| matches!(moment.act, Act::Disk(Disk::Fails(how)) if how == wanted);
        assert!(moments.iter().any(fails(WriteFailure::BeforeCommit)));
        assert!(moments.iter().any(fails(WriteFailure::AfterCommit)));
        assert!(moments.iter().any(|moment| matches!(moment.act, Act::Disk(Disk::FullFor(_)))));
        assert!(moments.iter().any(|moment| matches!(moment.act, Act::Clock(_))));
    }

    #[test]
    fn every_kill_comes_while_events_are_sent() {
        check(0, 10);
        check(3, 300);
        check(200, 200_000);
    }
}
