use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::{Lease, Rooms};
use uuid::Uuid;

/// The part of all places, divided by this and by the number of registrations, that is kept free for each of them: a
/// target that does not answer takes no place that another registration needs.
const KEPT_FREE: usize = 4;

/// The attempts that this process runs, and how many more it may.
#[derive(Debug)]
pub struct Running {
    /// A number that no other process has.
    owner: i64,
    /// Attempts at the same time.
    places: usize,
    leases: Mutex<HashSet<Lease>>,
}

impl Running {
    pub(crate) fn new(places: usize) -> Self {
        let owner = i64::from_ne_bytes(Uuid::new_v4().into_bytes().first_chunk().copied().unwrap_or_default());
        Self { owner, places, leases: Mutex::default() }
    }

    /// Who holds the leases of this process.
    pub fn owner(&self) -> i64 {
        self.owner
    }

    pub fn leases(&self) -> Vec<Lease> {
        self.lock().iter().copied().collect()
    }

    /// When the loop that begins attempts last said that it lives.
    pub fn last_beat(&self) -> Option<jiff::Timestamp> {
        None
    }

    /// Attempts that may begin.
    pub fn places_free(&self) -> usize {
        self.places.saturating_sub(self.lock().len())
    }

    pub(crate) fn begin(&self, lease: Lease) {
        self.lock().insert(lease);
    }

    pub(crate) fn end(&self, lease: Lease) {
        self.lock().remove(&lease);
    }

    /// How many attempts each of these registrations may begin. `limits` are those that somebody set.
    pub fn rooms(&self, registrations: &[i64], limits: &HashMap<i64, usize>) -> Rooms {
        let mut busy: HashMap<i64, usize> = HashMap::new();
        let leases = self.lock();
        for lease in &*leases {
            *busy.entry(lease.registration).or_default() += 1;
        }
        let free = self.places.saturating_sub(leases.len());
        drop(leases);
        let kept = (self.places / (KEPT_FREE * registrations.len().max(1))).max(1);
        let owed = |registration: i64| kept.saturating_sub(busy.get(&registration).copied().unwrap_or(0));
        let owed_to_all: usize = registrations.iter().map(|registration| owed(*registration)).sum();
        let room = |registration: i64| {
            let limit = limits.get(&registration).copied().unwrap_or(usize::MAX);
            let room = free.saturating_sub(owed_to_all - owed(registration)).max(owed(registration).min(free));
            room.min(limit.saturating_sub(busy.get(&registration).copied().unwrap_or(0)))
        };
        let by_registration = registrations.iter().map(|registration| (*registration, room(*registration))).collect();
        Rooms { by_registration, others: free.saturating_sub(owed_to_all).max(free.min(1)) }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(registration: i64, event: i64) -> Lease {
        Lease { event, registration, attempt: 1 }
    }

    #[test]
    fn one_registration_never_takes_the_places_of_others() {
        let running = Running::new(64);
        let registrations: Vec<i64> = (1..=8).collect();
        assert_eq!(running.rooms(&registrations, &HashMap::new()).of(1), 64 - 7 * 2);
        for event in 0..50 {
            running.begin(lease(1, event));
        }
        let rooms = running.rooms(&registrations, &HashMap::new());
        assert_eq!((rooms.of(1), rooms.of(2)), (0, 2));
    }

    #[test]
    fn alone_it_takes_all_but_what_was_set() {
        let running = Running::new(64);
        assert_eq!(running.rooms(&[1], &HashMap::new()).of(1), 64);
        assert_eq!(running.rooms(&[1], &HashMap::from([(1, 5)])).of(1), 5);
        running.begin(lease(1, 1));
        running.begin(lease(1, 1));
        assert_eq!((running.rooms(&[1], &HashMap::from([(1, 5)])).of(1), running.places_free()), (4, 63));
        running.end(lease(1, 1));
        assert_eq!((running.leases().len(), running.places_free()), (0, 64));
    }
}
