//! What a store does with deliveries and journals, in the simplest words: lists, searched from their start every time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use store::{Claim, Drawer, JournalFrom, NewEvent, Outcome, Replayed, State};
use uuid::Uuid;

/// Events and deliveries in the order in which the events were appended.
#[derive(Debug, Default)]
pub struct Model {
    pub events: Vec<ModelledEvent>,
    pub deliveries: Vec<Modelled>,
    /// Position, place and replays of each end, in the order in which they came.
    pub ended: Vec<(usize, usize)>,
    places: usize,
}

#[derive(Debug)]
pub struct Modelled {
    pub event: Uuid,
    pub registration: i64,
    pub attempts: u32,
    /// Attempts before the last replay.
    pub base: u32,
    /// When the event was accepted, or the last replay asked for.
    pub begun: Timestamp,
    pub replays: u32,
    pub standing: Standing,
    pub is_in_doubt: bool,
    pub has_effect: bool,
    pub drawer: Option<Drawer>,
    place: usize,
    keys: Vec<String>,
}

#[derive(Debug)]
pub struct ModelledEvent {
    pub id: Uuid,
    pub number: i64,
    pub is_gone: bool,
    at: Timestamp,
    /// Somebody had it removed: no journal tells of it.
    is_forgotten: bool,
    /// The registrations in whose journals it lies.
    journals: BTreeSet<i64>,
}

#[derive(Clone, Copy, Debug)]
pub enum Standing {
    Open {
        due: Timestamp,
    },
    Leased {
        until: Timestamp,
        owner: i64,
    },
    Ended(State),
    /// Its event was forgotten before it came to an end.
    Gone,
}

impl Modelled {
    pub fn is_ended(&self) -> bool {
        matches!(self.standing, Standing::Ended(_) | Standing::Gone)
    }

    fn is_in_lanes(&self) -> bool {
        !self.is_ended() || matches!(self.standing, Standing::Ended(State::Blocking))
    }

    pub fn shares_lane(&self, other: &Self) -> bool {
        self.registration == other.registration && self.keys.iter().any(|key| other.keys.contains(key))
    }

    /// When this owner can claim it, if nothing is in front of it.
    fn ready_for(&self, owner: i64) -> Option<Timestamp> {
        match self.standing {
            Standing::Open { due } => Some(due),
            Standing::Leased { until, owner: holder } if holder != owner => Some(until),
            Standing::Leased { .. } | Standing::Ended(_) | Standing::Gone => None,
        }
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
            is_gone: false,
            is_forgotten: false,
            at: event.at,
            journals: delivered.chain(event.journals.iter().copied()).collect(),
        });
        self.places += 1;
        let place = self.places;
        self.deliveries.extend(event.deliveries.iter().map(|delivery| Modelled {
            event: event.id,
            registration: delivery.registration,
            attempts: 0,
            base: 0,
            begun: event.at,
            replays: 0,
            standing: Standing::Open { due: event.at },
            is_in_doubt: false,
            has_effect: false,
            drawer: None,
            place,
            keys: delivery.keys.clone(),
        }));
    }

    pub fn position(&self, event: Uuid, registration: i64) -> Option<usize> {
        self.deliveries.iter().position(|delivery| delivery.event == event && delivery.registration == registration)
    }

    /// Those in front of a delivery in its lanes.
    fn is_blocked(&self, position: usize) -> bool {
        let delivery = &self.deliveries[position];
        let is_in_front = |other: &Modelled| other.is_in_lanes() && other.place < delivery.place;
        self.deliveries.iter().any(|other| is_in_front(other) && other.shares_lane(delivery))
    }

    /// What a claim may take: by registration, oldest due first.
    pub fn claimable(&self, claim: &Claim) -> BTreeMap<i64, Vec<usize>> {
        let mut claimable: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        let ready = |position: usize| self.deliveries[position].ready_for(claim.owner);
        for position in 0..self.deliveries.len() {
            if ready(position).is_some_and(|due| due <= claim.now) && !self.is_blocked(position) {
                claimable.entry(self.deliveries[position].registration).or_default().push(position);
            }
        }
        for positions in claimable.values_mut() {
            // Equal times go by event, and so they lie here.
            positions.sort_by_key(|position| ready(*position));
        }
        claimable
    }

    /// When the next can be claimed that cannot be now.
    pub fn next_due(&self, claim: &Claim) -> Option<Timestamp> {
        let next = (0..self.deliveries.len()).filter(|position| {
            claim.rooms.of(self.deliveries[*position].registration) > 0 && !self.is_blocked(*position)
        });
        next.filter_map(|position| self.deliveries[position].ready_for(claim.owner))
            .filter(|due| *due > claim.now)
            .min()
    }

    pub fn lease(&mut self, position: usize, owner: i64, until: Timestamp) {
        let delivery = &mut self.deliveries[position];
        // Who takes a lease over does not know what became of it.
        delivery.is_in_doubt |= matches!(delivery.standing, Standing::Leased { .. });
        delivery.attempts += 1;
        delivery.standing = Standing::Leased { until, owner };
    }

    fn is_held(&self, position: usize, attempt: u32) -> Option<i64> {
        let delivery = &self.deliveries[position];
        match delivery.standing {
            Standing::Leased { owner, .. } if delivery.attempts == attempt => Some(owner),
            _ => None,
        }
    }

    /// Whether there was such a lease.
    pub fn renew(&mut self, position: usize, attempt: u32, owner: i64, until: Timestamp) -> bool {
        let is_held = self.is_held(position, attempt) == Some(owner);
        if is_held {
            self.deliveries[position].standing = Standing::Leased { until, owner };
        }
        is_held
    }

    /// Whether the finish counts.
    pub fn finish(&mut self, position: usize, attempt: u32, outcome: Outcome) -> bool {
        if self.is_held(position, attempt).is_none() {
            return false;
        }
        let delivery = &mut self.deliveries[position];
        delivery.drawer = outcome.drawer();
        match outcome {
            Outcome::RetryAt(due) => delivery.standing = Standing::Open { due },
            Outcome::Unknown(due) => {
                delivery.standing = Standing::Open { due };
                delivery.is_in_doubt = true;
            }
            Outcome::Done => {
                delivery.has_effect = true;
                delivery.is_in_doubt = false;
            }
            Outcome::Parked(parked) => {
                delivery.has_effect |= parked.has_effect;
                delivery.is_in_doubt = parked.is_in_doubt || (delivery.is_in_doubt && !parked.has_effect);
            }
            Outcome::Skipped | Outcome::Suppressed | Outcome::Refused(_) => {}
        }
        if !outcome.state().is_open() {
            delivery.standing = Standing::Ended(outcome.state());
            self.ended.push((position, delivery.place));
        }
        true
    }

    /// Ends the leases of an owner, or of all; nobody knows what became of their attempts. Returns how many there were.
    pub fn release(&mut self, released: Option<i64>, but: &[(usize, u32)], due: Option<Timestamp>) -> usize {
        let mut count = 0;
        for (position, delivery) in self.deliveries.iter_mut().enumerate() {
            if let Standing::Leased { owner, .. } = delivery.standing
                && released.is_none_or(|released| released == owner)
                && !but.contains(&(position, delivery.attempts))
            {
                count += 1;
                delivery.is_in_doubt = true;
                let accepted = self.events.iter().find(|event| event.id == delivery.event).map(|event| event.at);
                let due = due.or(accepted).expect("a delivery has an event");
                delivery.standing = Standing::Open { due };
            }
        }
        count
    }

    pub fn replay(&mut self, position: usize, keys: &[String], now: Timestamp, repeats_effect: bool) -> Replayed {
        let delivery = &mut self.deliveries[position];
        let Standing::Ended(state) = delivery.standing else {
            return if delivery.is_ended() { Replayed::Gone } else { Replayed::Open };
        };
        if self.events.iter().any(|event| event.id == delivery.event && event.is_gone) {
            return Replayed::Gone;
        }
        if delivery.has_effect && !repeats_effect {
            return Replayed::HasEffect;
        }
        self.places += 1;
        if state != State::Blocking {
            delivery.place = self.places;
            delivery.keys = keys.to_vec();
        }
        delivery.standing = Standing::Open { due: now };
        delivery.begun = now;
        delivery.base = delivery.attempts;
        delivery.replays += 1;
        delivery.drawer = None;
        delivery.is_in_doubt &= !delivery.has_effect;
        delivery.has_effect = false;
        Replayed::Queued
    }

    /// `None` when an attempt runs, else whether there was such an event.
    pub fn forget(&mut self, number: i64) -> Option<bool> {
        let Some(event) = self.events.iter_mut().find(|event| event.number == number && !event.is_gone) else {
            return Some(false);
        };
        let id = event.id;
        let of_event = |delivery: &&mut Modelled| delivery.event == id;
        if self.deliveries.iter_mut().filter(of_event).any(|own| matches!(own.standing, Standing::Leased { .. })) {
            return None;
        }
        (event.is_gone, event.is_forgotten) = (true, true);
        for delivery in self.deliveries.iter_mut().filter(of_event) {
            delivery.standing = Standing::Gone;
        }
        Some(true)
    }

    /// What is older goes, unless a delivery of it is open or blocks others.
    pub fn purge(&mut self, before: Timestamp) {
        let is_needed = |event: Uuid| self.deliveries.iter().any(|own| own.event == event && own.is_in_lanes());
        // Nobody looks behind the first that is too young.
        for event in self.events.iter_mut().filter(|event| !event.is_gone).take_while(|event| event.at < before) {
            event.is_gone = !is_needed(event.id);
        }
    }

    /// Whether the clock has never gone back while events came.
    pub fn is_in_time(&self) -> bool {
        self.events.is_sorted_by_key(|event| event.at)
    }

    pub fn open(&self) -> usize {
        self.deliveries.iter().filter(|delivery| !delivery.is_ended()).count()
    }

    pub fn state(&self, position: usize) -> State {
        match self.deliveries[position].standing {
            Standing::Open { .. } if self.is_blocked(position) => State::Waiting,
            Standing::Open { .. } => State::Due,
            Standing::Leased { .. } => State::Leased,
            Standing::Ended(state) => state,
            Standing::Gone => panic!("a forgotten delivery has no state"),
        }
    }

    /// No lane has two that run.
    pub fn check_leases(&self) {
        let leased = self.deliveries.iter().filter(|delivery| matches!(delivery.standing, Standing::Leased { .. }));
        let leased: Vec<&Modelled> = leased.collect();
        for (position, one) in leased.iter().enumerate() {
            for other in &leased[position + 1..] {
                assert!(!one.shares_lane(other), "two of one lane are leased: {one:?} and {other:?}");
            }
        }
    }

    /// In each lane the deliveries ended in the order of their places. One that was replayed with other keys since then
    /// tells nothing of its first run.
    pub fn check_order(&self) {
        let first_runs = |(position, _): &&(usize, usize)| self.deliveries[*position].replays == 0;
        let ended: Vec<&(usize, usize)> = self.ended.iter().filter(first_runs).collect();
        for (order, (later, place)) in ended.iter().enumerate() {
            for (earlier, _) in ended[..order].iter().filter(|(_, before)| before > place) {
                let (one, other) = (&self.deliveries[*later], &self.deliveries[*earlier]);
                assert!(!one.shares_lane(other), "{other:?} overtook {one:?}");
            }
        }
    }

    /// The number up to which a journal has lost its events.
    pub fn lost(&self, registration: i64) -> i64 {
        let lies_there =
            |event: &&ModelledEvent| event.is_gone && !event.is_forgotten && event.journals.contains(&registration);
        self.events.iter().filter(lies_there).map(|event| event.number).max().unwrap_or(0)
    }

    pub fn newest(&self, registration: i64) -> i64 {
        let lies_there = |event: &&ModelledEvent| !event.is_gone && event.journals.contains(&registration);
        let newest = self.events.iter().filter(lies_there).map(|event| event.number).max().unwrap_or(0);
        newest.max(self.lost(registration))
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
            is_behind && !event.is_gone && event.number > lost && event.journals.contains(&registration)
        };
        self.events.iter().filter(is_read).map(|event| event.id).collect()
    }
}
