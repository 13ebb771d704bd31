//! A store and its model on their way through a history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{
    Claim, Claimed, ClaimedDelivery, Delivery, Forgotten, JournalFrom, JournalRead, Lease, NewEvent, Outcome, Replay,
    Rooms, State, Store,
};
use uuid::Uuid;

use crate::model::{Model, Standing};
use crate::place::Place;
use crate::purge::purge_events;
use crate::random::{Begin, REGISTRATIONS, Step};
use crate::support::{
    LEASE, after, append, at, claim_of, claim_with, deliveries, everything, expect_journal, finish, is_stored, journal,
    lease, number, somebody, with_deliveries,
};

/// Claims that empty any history: each either runs something or moves the time on to the next that can run.
const DRAIN_ROUNDS_MAX: usize = 1_000;

/// A store and its model, and all that was claimed so far.
pub struct History {
    place: Place,
    store: Arc<dyn Store>,
    model: Model,
    now: Timestamp,
    claims: Vec<ClaimedDelivery>,
    /// How each delivery stood after the last step.
    stood: BTreeMap<(i64, i64), Delivery>,
}

impl History {
    pub async fn begin(place: Place) -> Self {
        let store = place.open().await;
        let (model, stood) = (Model::default(), BTreeMap::new());
        Self { place, store, model, now: at(0), claims: Vec::new(), stood }
    }

    pub async fn take(mut self, step: Step) -> Self {
        match step {
            Step::Append(deliveries, journals) => self.append(&deliveries, journals).await,
            Step::Claim { owner, deliveries_max, rooms } => {
                let rooms = Rooms { by_registration: vec![(1, rooms.0)], others: rooms.1 };
                self.claim(Claim { deliveries_max, rooms, ..claim_of(owner, self.now) }).await;
            }
            Step::Finish { back, ending } => {
                if let Some(position) = self.claims.len().checked_sub(back + 1) {
                    self.finish(position, ending.outcome(self.now)).await;
                }
            }
            Step::Renew { owner, seconds } => self.renew(owner, seconds).await,
            Step::Release { owner, spares_last } => self.release(owner, spares_last).await,
            Step::Replay { back, keys, repeats_effect } => self.replay(back, &keys, repeats_effect).await,
            Step::Forget { back } => self.forget(back).await,
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
                self.model.release(None, &[], None);
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
        if matches!(from, JournalFrom::At(_)) && !self.model.is_in_time() {
            return;
        }
        let mut expected = self.model.journal(registration, from);
        expected.truncate(events_max);
        expect_journal(&self.store, JournalRead { from, events_max, ..everything(registration) }, &expected).await;
    }

    /// How the places of a claim are shared out among registrations is the store's choice, within bounds.
    async fn claim(&mut self, claim: Claim) {
        let claimable = self.model.claimable(&claim);
        let next_due = self.model.next_due(&claim);
        let Claimed { deliveries, next_due: told, is_limited } = claim_with(&self.store, claim.clone()).await;
        assert!(deliveries.len() <= claim.deliveries_max);
        let all: usize = claimable.values().map(Vec::len).sum();
        assert_eq!(is_limited, deliveries.len() < all, "{claimable:?}");
        if is_limited {
            assert!(told.is_none_or(|told| next_due.is_some_and(|next_due| told >= next_due)));
        } else {
            assert_eq!(told, next_due);
        }
        for (registration, positions) in &claimable {
            let of_registration = deliveries.iter().filter(|delivery| delivery.registration == *registration);
            let taken: Vec<usize> = of_registration.map(|delivery| self.position(delivery)).collect();
            assert!(taken.len() <= claim.rooms.of(*registration));
            assert_eq!(taken, positions[..taken.len()], "the oldest of registration {registration} come first");
        }
        let rooms = claimable.iter().map(|(registration, all)| all.len().min(claim.rooms.of(*registration)));
        assert_eq!(deliveries.len(), rooms.sum::<usize>().min(claim.deliveries_max), "{claimable:?}");
        for delivery in deliveries {
            let position = self.position(&delivery);
            assert!(claimable.values().flatten().any(|found| *found == position), "{delivery:?} cannot run now");
            self.model.lease(position, claim.owner, after(claim.now, claim.lease));
            let modelled = &self.model.deliveries[position];
            assert_eq!((delivery.attempt, delivery.begun), (modelled.attempts, modelled.begun));
            assert_eq!(delivery.attempt_of_schedule, modelled.attempts - modelled.base);
            assert_eq!(delivery.is_in_doubt, modelled.is_in_doubt, "{modelled:?}");
            self.claims.push(delivery);
        }
    }

    async fn finish(&mut self, claim: usize, outcome: Outcome) {
        let claimed = &self.claims[claim];
        let position = self.position(claimed);
        let expected = self.model.finish(position, claimed.attempt, outcome);
        assert_eq!(finish(&self.store, claimed, outcome).await, expected, "{claimed:?}");
    }

    async fn renew(&mut self, owner: i64, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        let claims = &self.claims[self.claims.len().saturating_sub(2)..];
        let leases: Vec<Lease> = claims.iter().map(lease).collect();
        let mut lost = Vec::new();
        for claimed in claims {
            let position = self.model.position(claimed.event.id, claimed.registration).unwrap();
            if !self.model.renew(position, claimed.attempt, owner, until) {
                lost.push(lease(claimed));
            }
        }
        assert_eq!(self.store.renew(owner, leases, until).await.unwrap(), lost);
    }

    async fn release(&mut self, owner: i64, spares_last: bool) {
        let spared = self.claims.last().filter(|_| spares_last);
        let but: Vec<Lease> = spared.iter().map(|claimed| lease(claimed)).collect();
        let kept: Vec<(usize, u32)> = spared.iter().map(|claimed| (self.position(claimed), claimed.attempt)).collect();
        let expected = self.model.release(Some(owner), &kept, Some(self.now));
        assert_eq!(self.store.release(owner, but, self.now).await.unwrap(), expected);
    }

    async fn replay(&mut self, back: usize, keys: &[&str], repeats_effect: bool) {
        let Some(position) = self.model.deliveries.len().checked_sub(back + 1) else { return };
        let (event, registration) =
            (self.model.deliveries[position].event, self.model.deliveries[position].registration);
        let event = self.model.events.iter().find(|found| found.id == event).map_or(0, |found| found.number);
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let expected = self.model.replay(position, &keys, self.now, repeats_effect);
        let replay = Replay { event, registration, keys, now: self.now, repeats_effect };
        assert_eq!(self.store.replay(replay).await.unwrap(), expected);
    }

    async fn forget(&mut self, back: usize) {
        let Some(position) = self.model.events.len().checked_sub(back + 1) else { return };
        let event = self.model.events[position].number;
        let expected = match self.model.forget(event) {
            None => Forgotten::Running,
            Some(true) => Forgotten::Removed,
            Some(false) => Forgotten::Gone,
        };
        assert_eq!(self.store.forget(event).await.unwrap(), expected);
    }

    fn position(&self, claimed: &ClaimedDelivery) -> usize {
        let position = self.model.position(claimed.event.id, claimed.registration);
        position.expect("only deliveries of appended events are claimed")
    }

    /// Nothing is lost and everything stands where the model says.
    async fn compare(&mut self) {
        self.compare_deliveries().await;
        self.model.check_leases();
        let open = u64::try_from(self.model.open()).unwrap();
        assert_eq!(self.store.health().await.open, open);
        for registration in REGISTRATIONS {
            let page = journal(&self.store, everything(registration)).await;
            let events: Vec<Uuid> = page.events.iter().map(|event| event.id).collect();
            assert_eq!(events, self.model.journal(registration, JournalFrom::Oldest));
            let ends = (self.model.lost(registration), self.model.newest(registration));
            assert_eq!((page.lost, page.newest), ends, "journal {registration}");
        }
    }

    async fn compare_deliveries(&mut self) {
        let events: Vec<(Uuid, bool)> = self.model.events.iter().map(|event| (event.id, event.is_gone)).collect();
        for (event, is_gone) in events {
            if is_gone {
                assert!(!is_stored(&self.store, event).await);
                continue;
            }
            let mut stored = deliveries(&self.store, event).await;
            stored.retain(|delivery| delivery.state != State::Journaled);
            let modelled = self.model.deliveries.iter().filter(|delivery| delivery.event == event);
            assert_eq!(stored.len(), modelled.count());
            for delivery in stored {
                self.compare_delivery(event, &delivery);
                let before = self.stood.insert((delivery.event, delivery.registration), delivery.clone());
                check_forward(before.as_ref(), &delivery);
            }
        }
    }

    fn compare_delivery(&self, event: Uuid, stored: &Delivery) {
        let position = self.model.position(event, stored.registration).expect("only what was appended is stored");
        let modelled = &self.model.deliveries[position];
        assert_eq!(stored.state, self.model.state(position), "{modelled:?}");
        let flags = (stored.is_in_doubt, stored.has_effect, stored.drawer);
        assert_eq!(flags, (modelled.is_in_doubt, modelled.has_effect, modelled.drawer), "{modelled:?}");
        assert_eq!((stored.attempts, stored.replays), (modelled.attempts, modelled.replays), "{modelled:?}");
        match modelled.standing {
            Standing::Leased { until: due, .. } | Standing::Open { due } => assert_eq!(stored.due, due, "{modelled:?}"),
            Standing::Ended(_) | Standing::Gone => {}
        }
    }

    /// Runs whatever is left, also what blocks; the time moves on to whatever comes next.
    pub async fn drain(mut self) {
        for position in 0..self.model.deliveries.len() {
            if matches!(self.model.deliveries[position].standing, Standing::Ended(State::Blocking)) {
                self.replay(self.model.deliveries.len() - 1 - position, &[], true).await;
            }
        }
        for _ in 0..DRAIN_ROUNDS_MAX {
            let before = self.claims.len();
            let claim = Claim { deliveries_max: 8, ..claim_of(somebody(), self.now) };
            self.claim(claim.clone()).await;
            for claim in before..self.claims.len() {
                self.finish(claim, Outcome::Done).await;
            }
            if self.claims.len() == before {
                let Some(next_due) = self.model.next_due(&claim) else { break };
                self.now = next_due;
            }
        }
        assert_eq!(self.model.open(), 0, "the store does not come to an end: {:?}", self.model);
        self.compare().await;
        self.model.check_order();
        let late = after(self.now, 2 * LEASE + Duration::from_hours(1));
        let last = claim_with(&self.store, claim_of(somebody(), late)).await;
        assert!(last.deliveries.is_empty() && last.next_due.is_none(), "{last:?}");
        // A count made anew comes to the same.
        let store = self.place.reopen(self.store).await;
        assert_eq!(store.health().await.open, 0);
        store.close().await;
    }
}

/// Between two replays a delivery only moves on, but for a retry, and for a lease that ends without an outcome.
fn check_forward(before: Option<&Delivery>, after: &Delivery) {
    let rank = |state: State| match state {
        State::Waiting => 0,
        State::Due => 1,
        State::Leased => 2,
        State::Done
        | State::Skipped
        | State::Refused
        | State::Parked
        | State::Journaled
        | State::Suppressed
        | State::Blocking => 3,
    };
    let Some(before) = before else { return };
    let moves_on = (before.replays, rank(before.state)) <= (after.replays, rank(after.state));
    let runs_again = before.replays == after.replays && before.state == State::Leased && after.state == State::Due;
    assert!(moves_on || runs_again, "{before:?} became {after:?}");
    assert!(before.attempts <= after.attempts && before.replays <= after.replays);
}
