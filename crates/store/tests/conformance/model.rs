//! What a store does with deliveries, in the simplest words: one list, searched from its start every time.

use jiff::Timestamp;
use store::{NewEvent, Outcome, State};
use uuid::Uuid;

/// Deliveries in the order in which their events were appended.
#[derive(Debug, Default)]
pub struct Model {
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
    pub fn append(&mut self, event: &NewEvent) {
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
            Outcome::Refused => State::Refused,
            Outcome::Parked => State::Parked,
        };
        delivery.standing = Standing::Ended(ended);
        self.ended.push(position);
        true
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
