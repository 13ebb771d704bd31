//! What a store does with deliveries and journals, in the simplest words: lists, searched from their start every time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use store::{JournalFrom, NewEvent, Outcome, State};
use uuid::Uuid;

/// Events and deliveries in the order in which the events were appended.
#[derive(Debug, Default)]
pub struct Model {
    pub events: Vec<ModelledEvent>,
    pub deliveries: Vec<Modelled>,
    /// Positions, in the order in which they ended for good.
    pub ended: Vec<usize>,
}

#[derive(Debug)]
pub struct Modelled {
    pub event: Uuid,
    pub registration: i64,
    pub attempts: u32,
    pub standing: Standing,
    keys: Vec<String>,
}

#[derive(Debug)]
pub struct ModelledEvent {
    pub id: Uuid,
    pub number: i64,
    pub is_purged: bool,
    at: Timestamp,
    /// The registrations in whose journals it lies.
    journals: BTreeSet<i64>,
}

#[derive(Clone, Copy, Debug)]
pub enum Standing {
    Open { due: Timestamp },
    Leased { until: Timestamp },
    Ended(State),
}

impl Modelled {
    fn is_ended(&self) -> bool {
        matches!(self.standing, Standing::Ended(_))
    }

    fn shares_lane(&self, other: &Self) -> bool {
        self.registration == other.registration && self.keys.iter().any(|key| other.keys.contains(key))
    }
}

impl Model {
    /// The store gave the event its number.
    pub fn append(&mut self, event: &NewEvent, number: i64) {
        assert!(self.events.iter().all(|earlier| earlier.number < number), "{number} comes after {:?}", self.events);
        let delivered = event.deliveries.iter().map(|delivery| delivery.registration);
        self.events.push(ModelledEvent {
            id: event.id,
            number,
            is_purged: false,
            at: event.at,
            journals: delivered.chain(event.journals.iter().copied()).collect(),
        });
        self.deliveries.extend(event.deliveries.iter().map(|delivery| Modelled {
            event: event.id,
            registration: delivery.registration,
            attempts: 0,
            standing: Standing::Open { due: event.at },
            keys: delivery.keys.clone(),
        }));
    }

    pub fn position(&self, event: Uuid, registration: i64) -> Option<usize> {
        self.deliveries.iter().position(|delivery| delivery.event == event && delivery.registration == registration)
    }

    fn is_blocked(&self, position: usize) -> bool {
        let delivery = &self.deliveries[position];
        self.deliveries[..position].iter().any(|earlier| !earlier.is_ended() && earlier.shares_lane(delivery))
    }

    /// When a delivery can be claimed; `None` when something else has to happen first.
    fn claimable_at(&self, position: usize) -> Option<Timestamp> {
        match self.deliveries[position].standing {
            _ if self.is_blocked(position) => None,
            Standing::Open { due } => Some(due),
            Standing::Leased { until } => Some(until),
            Standing::Ended(_) => None,
        }
    }

    pub fn claimable(&self, now: Timestamp) -> Vec<usize> {
        let can_run = |position: &usize| self.claimable_at(*position).is_some_and(|due| due <= now);
        (0..self.deliveries.len()).filter(can_run).collect()
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        (0..self.deliveries.len()).filter_map(|position| self.claimable_at(position)).min()
    }

    pub fn lease(&mut self, position: usize, until: Timestamp) {
        let delivery = &mut self.deliveries[position];
        delivery.attempts += 1;
        delivery.standing = Standing::Leased { until };
    }

    /// Whether the finish counts.
    pub fn finish(&mut self, position: usize, attempt: u32, outcome: Outcome) -> bool {
        let delivery = &mut self.deliveries[position];
        if !matches!(delivery.standing, Standing::Leased { .. }) || delivery.attempts != attempt {
            return false;
        }
        let ended = match outcome {
            Outcome::RetryAt(due) => {
                delivery.standing = Standing::Open { due };
                return true;
            }
            Outcome::Done => State::Done,
            Outcome::Skipped => State::Skipped,
            Outcome::Suppressed => State::Suppressed,
            Outcome::Refused => State::Refused,
            Outcome::Parked => State::Parked,
        };
        delivery.standing = Standing::Ended(ended);
        self.ended.push(position);
        true
    }

    /// What is older goes, unless a delivery of it is open.
    pub fn purge(&mut self, before: Timestamp) {
        let is_open = |event: Uuid| self.deliveries.iter().any(|found| found.event == event && !found.is_ended());
        for event in &mut self.events {
            event.is_purged |= event.at < before && !is_open(event.id);
        }
    }

    /// The number up to which a journal has lost its events.
    pub fn lost(&self, registration: i64) -> i64 {
        let lies_there = |event: &&ModelledEvent| event.is_purged && event.journals.contains(&registration);
        self.events.iter().filter(lies_there).map(|event| event.number).max().unwrap_or(0)
    }

    pub fn newest(&self, registration: i64) -> i64 {
        let lies_there = |event: &&ModelledEvent| event.journals.contains(&registration);
        self.events.iter().filter(lies_there).map(|event| event.number).max().unwrap_or(0)
    }

    /// What a journal holds from here on.
    pub fn journal(&self, registration: i64, from: JournalFrom) -> Vec<Uuid> {
        let lost = self.lost(registration);
        let is_read = |event: &&ModelledEvent| {
            let is_behind = match from {
                JournalFrom::Oldest => true,
                JournalFrom::After(number) => event.number > number,
                JournalFrom::At(time) => event.at >= time,
            };
            is_behind && event.number > lost && event.journals.contains(&registration)
        };
        self.events.iter().filter(is_read).map(|event| event.id).collect()
    }

    /// A restart: whoever held a lease is gone.
    pub fn release(&mut self, now: Timestamp) {
        for delivery in &mut self.deliveries {
            if let Standing::Leased { .. } = delivery.standing {
                delivery.standing = Standing::Open { due: now };
            }
        }
    }

    pub fn state(&self, position: usize) -> State {
        match self.deliveries[position].standing {
            Standing::Open { .. } if self.is_blocked(position) => State::Waiting,
            Standing::Open { .. } => State::Due,
            Standing::Leased { .. } => State::Leased,
            Standing::Ended(state) => state,
        }
    }

    pub fn is_drained(&self) -> bool {
        self.deliveries.iter().all(Modelled::is_ended)
    }

    /// No lane has two living leases.
    pub fn check_leases(&self, now: Timestamp) {
        let is_live = |delivery: &&Modelled| matches!(delivery.standing, Standing::Leased { until } if until > now);
        let leased: Vec<&Modelled> = self.deliveries.iter().filter(is_live).collect();
        for (position, one) in leased.iter().enumerate() {
            for other in &leased[position + 1..] {
                assert!(!one.shares_lane(other), "two of one lane are leased: {one:?} and {other:?}");
            }
        }
    }

    /// In each lane the deliveries ended in the order of their events.
    pub fn check_order(&self) {
        for (order, later) in self.ended.iter().enumerate() {
            for earlier in self.ended[..order].iter().filter(|earlier| *earlier > later) {
                let (one, other) = (&self.deliveries[*later], &self.deliveries[*earlier]);
                assert!(!one.shares_lane(other), "{other:?} overtook {one:?}");
            }
        }
    }
}
