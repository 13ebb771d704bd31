//! Random histories, held against the model.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Drawer, Outcome, Parked};

use crate::history::History;
use crate::place::Place;

/// Every step is a write to the disk, so a few histories take seconds.
const CASES: u32 = 96;
const STEPS_MAX: usize = 60;

/// A failing history is made shorter no longer than this many tries.
const SHRINKS_MAX: u32 = 400;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// Two processes that run deliveries.
const OWNERS: std::ops::Range<i64> = 1..3;

/// Deliveries go to the first two; all have a journal.
pub const REGISTRATIONS: std::ops::Range<i64> = 1..5;
const DELIVERED: std::ops::Range<i64> = 1..3;

type Keys = Vec<&'static str>;

#[derive(Clone, Debug)]
pub enum Step {
    /// The keys of each registration, and those that find the event in their journal.
    Append(BTreeMap<i64, Keys>, BTreeSet<i64>),
    Claim {
        owner: i64,
        deliveries_max: usize,
        /// Of the first registration, and of the other.
        rooms: (usize, usize),
    },
    /// One of the last claims, which may have been lost or finished long ago.
    Finish {
        back: usize,
        ending: Ending,
    },
    /// The last two claims.
    Renew {
        owner: i64,
        seconds: i64,
    },
    /// But for the last claim.
    Release {
        owner: i64,
        spares_last: bool,
    },
    /// One of the last deliveries.
    Replay {
        back: usize,
        keys: Keys,
        repeats_effect: bool,
    },
    Forget {
        back: usize,
    },
    /// Clocks are set back, too.
    Wait {
        seconds: i64,
    },
    Read {
        registration: i64,
        begin: Begin,
        events_max: usize,
    },
    /// What is older than this goes.
    Purge {
        seconds: i64,
    },
    Reopen,
}

#[derive(Clone, Copy, Debug)]
pub enum Begin {
    /// Behind one of the last events, whoever it was for.
    After { back: usize },
    /// So long ago.
    At { seconds: i64 },
}

#[derive(Clone, Copy, Debug)]
pub enum Ending {
    Final(Outcome),
    RetryIn { seconds: i64 },
    UnknownIn { seconds: i64 },
}

impl Ending {
    pub fn outcome(self, now: Timestamp) -> Outcome {
        match self {
            Self::Final(outcome) => outcome,
            Self::RetryIn { seconds } => Outcome::RetryAt(now + SignedDuration::from_secs(seconds)),
            Self::UnknownIn { seconds } => Outcome::Unknown(now + SignedDuration::from_secs(seconds)),
        }
    }
}

fn keys() -> impl Strategy<Value = Keys> {
    prop::collection::vec(prop::sample::select(KEYS.as_slice()), 0..4)
}

fn ending() -> impl Strategy<Value = Ending> {
    let drawer = prop::sample::select(Drawer::ALL.as_slice());
    let parked = (drawer.clone(), any::<[bool; 3]>()).prop_map(|(drawer, [has_effect, is_in_doubt, blocks])| {
        Outcome::Parked(Parked { drawer, has_effect, is_in_doubt, blocks })
    });
    let plain = prop::sample::select(vec![Outcome::Done, Outcome::Skipped, Outcome::Suppressed]);
    let outcome = prop_oneof![3 => plain, 1 => drawer.prop_map(Outcome::Refused), 2 => parked];
    prop_oneof![
        4 => outcome.prop_map(Ending::Final),
        1 => (0_i64..60).prop_map(|seconds| Ending::RetryIn { seconds }),
        1 => (0_i64..60).prop_map(|seconds| Ending::UnknownIn { seconds }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let after = (0_usize..20).prop_map(|back| Begin::After { back });
    let begin = prop_oneof![after, (-10_i64..200).prop_map(|seconds| Begin::At { seconds })];
    let journals = prop::collection::btree_set(REGISTRATIONS, 0..4);
    prop_oneof![
        6 => (prop::collection::btree_map(DELIVERED, keys(), 0..3), journals)
            .prop_map(|(deliveries, journals)| Step::Append(deliveries, journals)),
        6 => (OWNERS, 0_usize..6, (0_usize..4, 0_usize..4))
            .prop_map(|(owner, deliveries_max, rooms)| Step::Claim { owner, deliveries_max, rooms }),
        8 => (0_usize..6, ending()).prop_map(|(back, ending)| Step::Finish { back, ending }),
        1 => (OWNERS, 0_i64..90).prop_map(|(owner, seconds)| Step::Renew { owner, seconds }),
        1 => (OWNERS, any::<bool>()).prop_map(|(owner, spares_last)| Step::Release { owner, spares_last }),
        3 => (0_usize..12, keys(), any::<bool>())
            .prop_map(|(back, keys, repeats_effect)| Step::Replay { back, keys, repeats_effect }),
        1 => (0_usize..8).prop_map(|back| Step::Forget { back }),
        2 => (-60_i64..90).prop_map(|seconds| Step::Wait { seconds }),
        1 => (REGISTRATIONS, begin, 0_usize..6)
            .prop_map(|(registration, begin, events_max)| Step::Read { registration, begin, events_max }),
        1 => (0_i64..200).prop_map(|seconds| Step::Purge { seconds }),
        1 => Just(Step::Reopen),
    ]
}

#[test]
fn every_history_of_an_embedded_store_is_one_of_the_model() {
    check(Place::sqlite);
}

fn check(place: fn() -> Place) {
    let config = Config { cases: CASES, max_shrink_iters: SHRINKS_MAX, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..STEPS_MAX);
    let checked = TestRunner::new(config).run(&steps, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut history = History::begin(place()).await;
            for step in steps {
                history = history.take(step).await;
            }
            history.drain().await;
        });
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}
