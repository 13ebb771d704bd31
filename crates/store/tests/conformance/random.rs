//! Random histories, held against the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{ClaimedDelivery, JournalFrom, JournalRead, NewEvent, Outcome, State, Store};
use uuid::Uuid;

use crate::model::{Model, Standing};
use crate::place::Place;
use crate::purge::purge_events;
use crate::support::{
    LEASE, after, append, at, claim_up_to, deliveries, everything, expect_journal, finish, is_stored, journal, number,
    with_deliveries,
};

/// Every step is a write to the disk, so a few histories take seconds.
const CASES: u32 = 32;
const STEPS_MAX: usize = 50;

/// A failing history is made shorter no longer than this many tries.
const SHRINKS_MAX: u32 = 200;

/// Claims that empty any history: each either runs something or moves the time on to the next that can run.
const DRAIN_ROUNDS_MAX: usize = 1_000;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// Deliveries go to the first two; all have a journal.
const REGISTRATIONS: std::ops::Range<i64> = 1..5;

#[derive(Clone, Debug)]
enum Step {
    /// The keys of each registration, and those that find the event in their journal.
    Append(BTreeMap<i64, Vec<&'static str>>, BTreeSet<i64>),
    Claim {
        deliveries_max: usize,
    },
    /// One of the last claims, which may have been lost or finished long ago.
    Finish {
        back: usize,
        ending: Ending,
    },
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
enum Begin {
    /// Behind one of the last events, whoever it was for.
    After { back: usize },
    /// So long ago.
    At { seconds: i64 },
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Final(Outcome),
    RetryIn { seconds: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let keys = prop::collection::vec(prop::sample::select(KEYS.as_slice()), 0..4);
    let outcome = prop::sample::select(vec![
        Outcome::Done,
        Outcome::Skipped,
        Outcome::Suppressed,
        Outcome::Refused,
        Outcome::Parked,
    ]);
    let retry = (0_i64..60).prop_map(|seconds| Ending::RetryIn { seconds });
    let ending = prop_oneof![2 => outcome.prop_map(Ending::Final), 1 => retry];
    let after = (0_usize..20).prop_map(|back| Begin::After { back });
    let begin = prop_oneof![after, (-10_i64..200).prop_map(|seconds| Begin::At { seconds })];
    let journals = prop::collection::btree_set(REGISTRATIONS, 0..4);
    let step = prop_oneof![
        5 => (prop::collection::btree_map(1_i64..3, keys, 0..3), journals)
            .prop_map(|(deliveries, journals)| Step::Append(deliveries, journals)),
        4 => (1_usize..5).prop_map(|deliveries_max| Step::Claim { deliveries_max }),
        6 => (0_usize..6, ending).prop_map(|(back, ending)| Step::Finish { back, ending }),
        2 => (1_i64..90).prop_map(|seconds| Step::Wait { seconds }),
        2 => (REGISTRATIONS, begin, 0_usize..6)
            .prop_map(|(registration, begin, events_max)| Step::Read { registration, begin, events_max }),
        1 => (0_i64..200).prop_map(|seconds| Step::Purge { seconds }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..STEPS_MAX)
}

#[test]
fn every_history_of_an_embedded_store_is_one_of_the_model() {
    check(Place::sqlite);
}

fn check(place: fn() -> Place) {
    let config = Config { cases: CASES, max_shrink_iters: SHRINKS_MAX, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&steps(), |steps| {
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

/// A store and its model, and all that was claimed so far.
struct History {
    place: Place,
    store: Arc<dyn Store>,
    model: Model,
    now: Timestamp,
    claims: Vec<ClaimedDelivery>,
}

impl History {
    async fn begin(place: Place) -> Self {
        let store = place.open().await;
        Self { place, store, model: Model::default(), now: at(0), claims: Vec::new() }
    }

    async fn take(mut self, step: Step) -> Self {
        match step {
            Step::Append(deliveries, journals) => self.append(&deliveries, journals).await,
            Step::Claim { deliveries_max } => self.claim(deliveries_max).await,
            Step::Finish { back, ending } => {
                let outcome = match ending {
                    Ending::Final(outcome) => outcome,
                    Ending::RetryIn { seconds } => Outcome::RetryAt(self.now + SignedDuration::from_secs(seconds)),
                };
                if let Some(position) = self.claims.len().checked_sub(back + 1) {
                    self.finish(position, outcome).await;
                }
            }
            Step::Wait { seconds } => self.now += SignedDuration::from_secs(seconds),
            Step::Read { registration, begin, events_max } => self.read(registration, begin, events_max).await,
            Step::Purge { seconds } => {
                let before = self.now - SignedDuration::from_secs(seconds);
                purge_events(&self.store, before).await;
                self.model.purge(before);
            }
            Step::Reopen => {
                let store = self.place.reopen(self.store).await;
                self = Self { store, ..self };
                self.model.release(self.now);
            }
        }
        self.compare().await;
        self
    }

    async fn append(&mut self, deliveries: &BTreeMap<i64, Vec<&'static str>>, journals: BTreeSet<i64>) {
        let deliveries: Vec<(i64, &[&str])> =
            deliveries.iter().map(|(registration, keys)| (*registration, keys.as_slice())).collect();
        let event = with_deliveries(self.now, &deliveries);
        let event = NewEvent { journals: journals.into_iter().collect(), ..event };
        let stored = append(&self.store, event.clone()).await;
        self.model.append(&event, number(&self.store, stored).await);
    }

    async fn read(&self, registration: i64, begin: Begin, events_max: usize) {
        let from = match begin {
            Begin::After { back } => {
                let event = self.model.events.iter().rev().nth(back);
                event.map_or(JournalFrom::Oldest, |event| JournalFrom::After(event.number))
            }
            Begin::At { seconds } => JournalFrom::At(self.now - SignedDuration::from_secs(seconds)),
        };
        let mut expected = self.model.journal(registration, from);
        expected.truncate(events_max);
        expect_journal(&self.store, JournalRead { from, events_max, ..everything(registration) }, &expected).await;
    }

    /// Which of those that can run are claimed is the store's choice; how many is not.
    async fn claim(&mut self, deliveries_max: usize) {
        let can_run = self.model.claimable(self.now);
        let claimed = claim_up_to(&self.store, self.now, deliveries_max).await;
        assert_eq!(claimed.deliveries.len(), can_run.len().min(deliveries_max), "as many as the limit allows");
        for delivery in claimed.deliveries {
            let position = self.position(&delivery);
            assert!(can_run.contains(&position), "{delivery:?} cannot run now");
            self.model.lease(position, after(self.now, LEASE));
            assert_eq!(delivery.attempt, self.model.deliveries[position].attempts);
            self.claims.push(delivery);
        }
        self.model.check_leases(self.now);
        let next_due = self.model.next_due();
        if next_due.is_some_and(|next_due| next_due <= self.now) {
            assert!(claimed.next_due.is_some_and(|next_due| next_due <= self.now), "the limit left something out");
        } else {
            assert_eq!(claimed.next_due, next_due);
        }
    }

    async fn finish(&mut self, claim: usize, outcome: Outcome) {
        let claimed = &self.claims[claim];
        let position = self.position(claimed);
        let expected = self.model.finish(position, claimed.attempt, outcome);
        assert_eq!(finish(&self.store, claimed, outcome).await, expected, "{claimed:?}");
    }

    fn position(&self, claimed: &ClaimedDelivery) -> usize {
        let position = self.model.position(claimed.event.id, claimed.registration);
        position.expect("only deliveries of appended events are claimed")
    }

    /// Nothing is lost and everything stands where the model says.
    async fn compare(&self) {
        self.compare_deliveries().await;
        for registration in REGISTRATIONS {
            let page = journal(&self.store, everything(registration)).await;
            let events: Vec<Uuid> = page.events.iter().map(|event| event.id).collect();
            assert_eq!(events, self.model.journal(registration, JournalFrom::Oldest));
            let ends = (self.model.lost(registration), self.model.newest(registration));
            assert_eq!((page.lost, page.newest), ends, "journal {registration}");
        }
    }

    async fn compare_deliveries(&self) {
        let purged = self.purged();
        for event in &purged {
            assert!(!is_stored(&self.store, *event).await);
        }
        let mut events: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
        let deliveries_left = self.model.deliveries.iter().enumerate();
        for (position, delivery) in deliveries_left.filter(|(_, delivery)| !purged.contains(&delivery.event)) {
            events.entry(delivery.event).or_default().push(position);
        }
        for (event, positions) in events {
            let mut stored = deliveries(&self.store, event).await;
            stored.retain(|delivery| delivery.state != State::Journaled);
            assert_eq!(stored.len(), positions.len());
            for position in positions {
                let modelled = &self.model.deliveries[position];
                let stored = stored.iter().find(|stored| stored.registration == modelled.registration);
                let stored = stored.expect("every registration keeps its delivery");
                assert_eq!(stored.state, self.model.state(position), "{modelled:?}");
                assert_eq!(stored.attempts, modelled.attempts, "{modelled:?}");
                if let Standing::Leased { until } = modelled.standing {
                    assert_eq!(stored.due, until, "{modelled:?}");
                }
            }
        }
    }

    fn purged(&self) -> BTreeSet<Uuid> {
        self.model.events.iter().filter(|event| event.is_purged).map(|event| event.id).collect()
    }

    /// Runs whatever is left; the time moves on to whatever comes next.
    async fn drain(mut self) {
        for _ in 0..DRAIN_ROUNDS_MAX {
            let before = self.claims.len();
            self.claim(8).await;
            for claim in before..self.claims.len() {
                self.finish(claim, Outcome::Done).await;
            }
            match self.model.next_due() {
                Some(next_due) => self.now = self.now.max(next_due),
                None => break,
            }
        }
        assert!(self.model.is_drained(), "the store does not come to an end: {:?}", self.model);
        self.compare().await;
        self.model.check_order();
        assert_eq!(self.model.ended.len(), self.model.deliveries.len());
        let last = claim_up_to(&self.store, after(self.now, 2 * LEASE), 1).await;
        assert!(last.deliveries.is_empty() && last.next_due.is_none(), "{last:?}");
        for delivery in self.model.deliveries.iter().filter(|delivery| !self.purged().contains(&delivery.event)) {
            let stored = deliveries(&self.store, delivery.event).await;
            assert!(stored.iter().all(|stored| !stored.state.is_open()), "{stored:?}");
        }
        self.store.close().await;
    }
}
