use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use store::{ClaimedDelivery, Lease, Room, Rooms};
use tokio::sync::Notify;
use uuid::Uuid;

/// One place in so many is kept for registrations that run nothing or little: a target that does not answer takes no
/// place that another registration needs.
const KEPT_FREE: usize = 4;

/// The attempts that this process runs, and how many more it may.
#[derive(Debug)]
pub struct Running {
    /// A number that no other process has.
    owner: i64,
    /// Attempts at the same time.
    places: usize,
    /// Of the events that they carry.
    bytes_max: usize,
    held: Mutex<Held>,
    freed: Notify,
    idle: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// With the bytes of their events.
    leases: HashMap<Lease, usize>,
    bytes: usize,
    beat: Option<Timestamp>,
}

impl Running {
    pub(crate) fn new(places: usize, bytes_max: usize) -> Self {
        let owner = i64::from_ne_bytes(Uuid::new_v4().into_bytes().first_chunk().copied().unwrap_or_default());
        let (held, freed, idle) = (Mutex::default(), Notify::new(), Notify::new());
        Self { owner, places, bytes_max, held, freed, idle }
    }

    /// Who holds the leases of this process.
    pub fn owner(&self) -> i64 {
        self.owner
    }

    pub fn leases(&self) -> Vec<Lease> {
        self.lock().leases.keys().copied().collect()
    }

    /// How many attempts run.
    pub fn count(&self) -> usize {
        self.lock().leases.len()
    }

    /// When the loop that begins attempts last said that it lives.
    pub fn last_beat(&self) -> Option<Timestamp> {
        self.lock().beat
    }

    pub(crate) fn beat(&self, now: Timestamp) {
        self.lock().beat = Some(now);
    }

    /// Attempts that may begin.
    pub fn places_free(&self) -> usize {
        self.places.saturating_sub(self.count())
    }

    /// What the events of further attempts may have. When nothing runs there is always something.
    pub(crate) fn bytes_free(&self) -> usize {
        let held = self.lock();
        let free = self.bytes_max.saturating_sub(held.bytes);
        if held.leases.is_empty() { free.max(1) } else { free }
    }

    /// Takes a place for a claimed delivery until what comes back is dropped.
    pub(crate) fn begin(self: &Arc<Self>, delivery: &ClaimedDelivery) -> Place {
        let lease =
            Lease { event: delivery.event.number, registration: delivery.registration, attempt: delivery.attempt };
        let bytes = delivery.event.body.len() + delivery.event.attributes.as_deref().map_or(0, str::len);
        let mut held = self.lock();
        held.bytes += bytes;
        held.leases.insert(lease, bytes);
        Place { running: Arc::clone(self), lease }
    }

    /// Waits until a place is given back; one that was given back since the last wait counts.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.count() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// How many attempts each of these registrations may begin. `limits` are those that somebody set.
    pub fn rooms(&self, registrations: &[i64], limits: &HashMap<i64, usize>) -> Rooms {
        let mut busy: HashMap<i64, usize> = HashMap::new();
        let held = self.lock();
        for lease in held.leases.keys() {
            *busy.entry(lease.registration).or_default() += 1;
        }
        let free = self.places.saturating_sub(held.leases.len());
        drop(held);
        let kept = match registrations.len() {
            0 | 1 => 0,
            many => (self.places / (KEPT_FREE * many)).max(1),
        };
        let by_registration: Vec<(i64, Room)> = registrations
            .iter()
            .map(|registration| {
                let busy = busy.get(registration).copied().unwrap_or(0);
                let most = limits.get(registration).copied().unwrap_or(usize::MAX).saturating_sub(busy);
                (*registration, Room { own: kept.saturating_sub(busy).min(free), most })
            })
            .collect();
        let owed: usize = by_registration.iter().map(|(_, room)| room.own).sum();
        let shared = free.saturating_sub(owed.min(self.places / KEPT_FREE));
        Rooms { by_registration, others: Room { own: free.min(1), most: usize::MAX }, shared }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one attempt, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    running: Arc<Running>,
    lease: Lease,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.running.lock();
        if let Some(bytes) = held.leases.remove(&self.lease) {
            held.bytes = held.bytes.saturating_sub(bytes);
        }
        let is_idle = held.leases.is_empty();
        drop(held);
        self.running.freed.notify_one();
        if is_idle {
            self.running.idle.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(registration: i64, event: i64, bytes: usize) -> ClaimedDelivery {
        let event = store::StoredEvent {
            number: event,
            id: Uuid::nil(),
            provider_id: "provider".into(),
            code: "code".into(),
            publisher: "ingestion/webhook".into(),
            uid: None,
            at: Timestamp::UNIX_EPOCH,
            body: "x".repeat(bytes).into(),
            given_id: None,
            attributes: None,
        };
        ClaimedDelivery {
            registration,
            attempt: 1,
            attempt_of_schedule: 1,
            begun: Timestamp::UNIX_EPOCH,
            due: Timestamp::UNIX_EPOCH,
            is_in_doubt: false,
            event,
        }
    }

    #[test]
    fn one_registration_never_takes_the_places_of_others() {
        let running = Arc::new(Running::new(64, 1_000));
        let registrations: Vec<i64> = (1..=8).collect();
        let rooms = running.rooms(&registrations, &HashMap::new());
        assert_eq!((rooms.most(1), rooms.shared), (50, 48));
        let places: Vec<Place> = (0..50).map(|event| running.begin(&delivery(1, event, 1))).collect();
        let rooms = running.rooms(&registrations, &HashMap::new());
        assert_eq!((rooms.most(1), rooms.most(2)), (0, 2));
        drop(places);
        assert_eq!(running.rooms(&registrations, &HashMap::new()).most(1), 50);
    }

    #[test]
    fn many_registrations_share_what_is_there() {
        let running = Running::new(64, 1_000);
        let registrations: Vec<i64> = (1..=1_000).collect();
        assert_eq!(running.rooms(&registrations, &HashMap::new()).most(1), 49);
    }

    #[test]
    fn alone_it_takes_all_but_what_was_set() {
        let running = Arc::new(Running::new(64, 1_000));
        assert_eq!(running.rooms(&[1], &HashMap::new()).most(1), 64);
        let limits = HashMap::from([(1, 5)]);
        assert_eq!(running.rooms(&[1], &limits).most(1), 5);
        let place = running.begin(&delivery(1, 1, 1));
        assert_eq!((running.rooms(&[1], &limits).most(1), running.places_free()), (4, 63));
        drop(place);
        assert_eq!((running.leases().len(), running.places_free()), (0, 64));
    }

    #[test]
    fn bytes_are_given_back_and_there_are_always_some_when_nothing_runs() {
        let running = Arc::new(Running::new(64, 1_000));
        let small = running.begin(&delivery(1, 1, 400));
        assert_eq!(running.bytes_free(), 600);
        let large = running.begin(&delivery(1, 2, 5_000));
        assert_eq!(running.bytes_free(), 0);
        drop(large);
        assert_eq!(running.bytes_free(), 600);
        drop(small);
        assert_eq!(running.bytes_free(), 1_000);
    }
}
