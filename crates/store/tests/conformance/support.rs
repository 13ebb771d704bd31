//! Short words for what most tests do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{
    Activation, Appended, Attempt, Claim, Claimed, ClaimedDelivery, Delivery, Drawer, JournalFrom, JournalPage,
    JournalRead, Known, Lease, NewDelivery, NewEvent, Outcome, Parked, Replay, Replayed, Retention, Rooms, State,
    Status, Store,
};
use uuid::Uuid;

pub const LEASE: Duration = Duration::from_mins(1);
pub const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// More than any test stores.
pub const ALL: usize = 10_000;

/// The registration of events that have only one.
pub const REGISTRATION: i64 = 1;

pub const REFUSED: Outcome = Outcome::Refused(Drawer::Target);
pub const PARKED: Outcome = Outcome::Parked(ASIDE);
pub const BLOCKING: Outcome = Outcome::Parked(Parked { blocks: true, ..ASIDE });

/// Parked without an effect, out of everybody's way.
pub const ASIDE: Parked = Parked { drawer: Drawer::Target, has_effect: false, is_in_doubt: false, blocks: false };

/// Seconds since the tests began.
pub fn at(seconds: i64) -> Timestamp {
    const BEGIN: i64 = 1_767_225_600;
    Timestamp::from_second(BEGIN + seconds).expect("tests take place in this century")
}

pub fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).expect("tests take place in this century")
}

/// An id that grows with time, as the ids of real runs do.
pub fn id(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).expect("tests take place in this century");
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).expect("tests take place in this century");
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

/// An event that nobody registered for.
pub fn event(at: Timestamp) -> NewEvent {
    NewEvent {
        id: id(at),
        provider_id: "backoffice".into(),
        code: "stock.updated".into(),
        publisher: "ingestion/webhook".into(),
        uid: None,
        at,
        body: "{}".into(),
        deliveries: Vec::new(),
        given_id: None,
        attributes: None,
        journals: Vec::new(),
    }
}

pub fn with_uid(at: Timestamp, uid: &str) -> NewEvent {
    NewEvent { uid: Some(uid.to_owned()), ..event(at) }
}

/// An event with a delivery to the one registration.
pub fn with_keys(at: Timestamp, keys: &[&str]) -> NewEvent {
    with_deliveries(at, &[(REGISTRATION, keys)])
}

pub fn with_deliveries(at: Timestamp, deliveries: &[(i64, &[&str])]) -> NewEvent {
    let deliveries = deliveries.iter().map(|(registration, keys)| NewDelivery {
        registration: *registration,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    });
    NewEvent { deliveries: deliveries.collect(), ..event(at) }
}

/// An event that lies in the journals of these registrations and goes nowhere.
pub fn journaled(at: Timestamp, journals: &[i64]) -> NewEvent {
    NewEvent { journals: journals.to_vec(), ..event(at) }
}

/// Appends an event that must be new, and answers its id.
pub async fn append(store: &Arc<dyn Store>, event: NewEvent) -> Uuid {
    let id = event.id;
    match store.append(event).await {
        Ok(Appended::Stored) => id,
        Ok(Appended::Known(known)) => panic!("{id} is a new event, not {}", known.id),
        Err(error) => panic!("the store takes {id}: {error}"),
    }
}

/// Appends an event that must be a duplicate.
pub async fn append_again(store: &Arc<dyn Store>, event: NewEvent) -> Known {
    let id = event.id;
    match store.append(event).await {
        Ok(Appended::Known(known)) => known,
        Ok(Appended::Stored) => panic!("{id} is a duplicate and was stored"),
        Err(error) => panic!("the store knows {id}: {error}"),
    }
}

pub async fn is_stored(store: &Arc<dyn Store>, id: Uuid) -> bool {
    store.event(id).await.expect("the store can be read").is_some()
}

/// A claim without limits.
pub fn claim_of(owner: i64, now: Timestamp) -> Claim {
    Claim { now, owner, lease: LEASE, deliveries_max: ALL, bytes_max: usize::MAX, rooms: Rooms::of_all(ALL) }
}

/// Somebody new, so that only time and outcomes end the leases that others hold.
pub fn somebody() -> i64 {
    static OWNERS: AtomicI64 = AtomicI64::new(1_000);
    OWNERS.fetch_add(1, Ordering::Relaxed)
}

pub async fn claim_with(store: &Arc<dyn Store>, claim: Claim) -> Claimed {
    store.claim(claim).await.expect("the store takes claims")
}

/// Claims whatever this owner may run.
pub async fn claim_as(store: &Arc<dyn Store>, owner: i64, now: Timestamp) -> Vec<ClaimedDelivery> {
    claim_with(store, claim_of(owner, now)).await.deliveries
}

pub async fn claim_up_to(store: &Arc<dyn Store>, now: Timestamp, deliveries_max: usize) -> Claimed {
    claim_with(store, Claim { deliveries_max, ..claim_of(somebody(), now) }).await
}

pub async fn claim(store: &Arc<dyn Store>, now: Timestamp) -> Vec<ClaimedDelivery> {
    claim_up_to(store, now, ALL).await.deliveries
}

/// Claims the one delivery that can run now.
pub async fn claim_one(store: &Arc<dyn Store>, now: Timestamp) -> ClaimedDelivery {
    let mut claimed = claim(store, now).await;
    assert_eq!(claimed.len(), 1, "one delivery can run: {claimed:?}");
    claimed.remove(0)
}

/// The store's number of an event.
pub async fn number(store: &Arc<dyn Store>, event: Uuid) -> i64 {
    store.event(event).await.expect("the store can be read").expect("the event is stored").0.number
}

/// All of a registration's journal.
pub fn everything(registration: i64) -> JournalRead {
    JournalRead { registration, from: JournalFrom::Oldest, events_max: ALL, bytes_max: usize::MAX }
}

pub async fn journal(store: &Arc<dyn Store>, read: JournalRead) -> JournalPage {
    store.journal(read).await.expect("the store can be read")
}

pub async fn expect_journal(store: &Arc<dyn Store>, read: JournalRead, expected: &[Uuid]) {
    let events: Vec<Uuid> = journal(store, read).await.events.into_iter().map(|event| event.id).collect();
    assert_eq!(events, expected, "{read:?}");
}

/// Claims whatever can run now; these events, in this order.
pub async fn expect_claim(store: &Arc<dyn Store>, now: Timestamp, expected: &[Uuid]) -> Vec<ClaimedDelivery> {
    let claimed = claim(store, now).await;
    let events: Vec<Uuid> = claimed.iter().map(|delivery| delivery.event.id).collect();
    assert_eq!(events, expected, "the events that can run");
    claimed
}

pub fn lease(claimed: &ClaimedDelivery) -> Lease {
    Lease { event: claimed.event.number, registration: claimed.registration, attempt: claimed.attempt }
}

/// An attempt that ended when its event was accepted.
pub fn attempt(claimed: &ClaimedDelivery, outcome: Outcome) -> Attempt {
    Attempt { lease: lease(claimed), at: claimed.event.at, outcome, activations: Vec::new(), trace: None }
}

/// Whether the finish counted.
pub async fn finish(store: &Arc<dyn Store>, claimed: &ClaimedDelivery, outcome: Outcome) -> bool {
    store.finish(attempt(claimed, outcome)).await.expect("the store takes outcomes")
}

pub async fn deliveries(store: &Arc<dyn Store>, event: Uuid) -> Vec<Delivery> {
    store.event(event).await.expect("the store can be read").expect("the event is stored").1
}

/// The state of an event's one delivery.
pub async fn state(store: &Arc<dyn Store>, event: Uuid) -> State {
    delivery(store, event).await.state
}

/// The event's one delivery.
pub async fn delivery(store: &Arc<dyn Store>, event: Uuid) -> Delivery {
    let mut deliveries = deliveries(store, event).await;
    assert_eq!(deliveries.len(), 1, "the event has one delivery: {deliveries:?}");
    deliveries.remove(0)
}

/// A replay of the one registration's delivery.
pub async fn replay_of(store: &Arc<dyn Store>, event: Uuid, keys: &[&str], now: Timestamp) -> Replay {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Replay { event: number(store, event).await, registration: REGISTRATION, keys, now, repeats_effect: false }
}

pub async fn replay(store: &Arc<dyn Store>, event: Uuid, keys: &[&str], now: Timestamp) -> Replayed {
    let replay = replay_of(store, event, keys, now).await;
    store.replay(replay).await.expect("the store takes replays")
}

/// What goes for its age alone.
pub fn retention(events: Timestamp, activations: Timestamp, now: Timestamp) -> Retention {
    Retention { now, events, activations, bytes: u64::MAX }
}

/// A run of a second.
pub fn run(action: &str, start: Timestamp) -> Activation {
    Activation {
        id: id(start),
        cause: None,
        action: action.to_owned(),
        start,
        end: after(start, Duration::from_secs(1)),
        status: Status::Success,
        result: "{}".to_owned(),
        event: None,
        attempt: 0,
        wait_ms: 0,
        detail: None,
        logs: None,
    }
}

pub async fn is_recorded(store: &Arc<dyn Store>, activation: Uuid) -> bool {
    store.activation(activation).await.expect("the store can be read").is_some()
}
