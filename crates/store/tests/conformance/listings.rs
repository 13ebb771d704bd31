//! What can be looked up about deliveries.

use std::sync::Arc;

use store::{AttemptCount, DeliveryFilter, Drawer, Listed, NewEvent, Order, Outcome, Parked, State, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    ASIDE, BLOCKING, PARKED, append, at, attempt, claim, claim_one, claim_up_to, event, finish, journaled, number,
    with_deliveries, with_keys,
};

for_every_store!(
    deliveries_of_every_state_are_listed,
    deliveries_are_listed_by_what_they_are,
    deliveries_are_listed_by_time,
    deliveries_are_found_by_what_their_event_is_known_by,
    pages_follow_each_other_in_both_orders,
    every_filter_is_understood,
    a_listed_delivery_tells_its_event,
    attempts_are_counted_by_minute,
    only_attempts_that_counted_are_counted,
    events_are_read_in_their_order,
);

/// Everything, the oldest first.
fn all() -> DeliveryFilter {
    DeliveryFilter { order: Order::OldestFirst, limit: 1_000, ..DeliveryFilter::default() }
}

async fn listed(store: &Arc<dyn Store>, filter: DeliveryFilter) -> Vec<(Uuid, i64)> {
    let listed = store.deliveries(filter).await.expect("the store can be read");
    listed.into_iter().map(|found| (found.id, found.delivery.registration)).collect()
}

/// One delivery of each state, in the order of `State::ALL`.
async fn one_of_each(store: &Arc<dyn Store>) -> Vec<(Uuid, i64)> {
    let mut found = vec![Uuid::nil(); State::ALL.len()];
    let ends = [
        (State::Done, Outcome::Done),
        (State::Skipped, Outcome::Skipped),
        (State::Refused, Outcome::Refused(Drawer::Payload)),
        (State::Parked, Outcome::Parked(Parked { drawer: Drawer::Ours, ..ASIDE })),
        (State::Suppressed, Outcome::Suppressed),
        (State::Blocking, BLOCKING),
    ];
    let position = |state: State| State::ALL.iter().position(|found| *found == state).unwrap();
    for (second, (state, outcome)) in (0..).zip(ends) {
        found[position(state)] = append(store, with_keys(at(second), &["a"])).await;
        let claimed = claim_one(store, at(second)).await;
        assert!(finish(store, &claimed, outcome).await);
    }
    found[position(State::Leased)] = append(store, with_deliveries(at(10), &[(2, &["a"])])).await;
    claim_one(store, at(10)).await;
    found[position(State::Waiting)] = append(store, with_deliveries(at(11), &[(2, &["a", "b"])])).await;
    found[position(State::Due)] = append(store, with_deliveries(at(12), &[(2, &[])])).await;
    found[position(State::Journaled)] = append(store, journaled(at(13), &[3])).await;
    let registration = |state: &State| match state {
        State::Leased | State::Waiting | State::Due => 2,
        State::Journaled => 3,
        _ => 1,
    };
    found.into_iter().zip(State::ALL.iter().map(registration)).collect()
}

async fn deliveries_of_every_state_are_listed(place: &Place) {
    let store = place.open().await;
    let each = one_of_each(&store).await;
    let mut everything = each.clone();
    everything.sort_unstable();
    assert_eq!(listed(&store, all()).await, everything);
    everything.reverse();
    assert_eq!(listed(&store, DeliveryFilter { order: Order::NewestFirst, ..all() }).await, everything);
    for (position, state) in State::ALL.into_iter().enumerate() {
        let found = store.deliveries(DeliveryFilter { states: vec![state], ..all() }).await.unwrap();
        assert_eq!(found.iter().map(|found| found.delivery.state).collect::<Vec<_>>(), [state]);
        assert_eq!(found[0].id, each[position].0);
        let (stored, deliveries) = store.event(found[0].id).await.unwrap().unwrap();
        assert_eq!((found[0].delivery.event, &found[0].delivery), (stored.number, &deliveries[0]));
    }
    let mut undelivered: Vec<(Uuid, i64)> = (0..State::ALL.len())
        .filter(|position| State::UNDELIVERED.contains(&State::ALL[*position]))
        .map(|position| each[position])
        .collect();
    undelivered.sort_unstable();
    assert_eq!(listed(&store, DeliveryFilter { states: State::UNDELIVERED.to_vec(), ..all() }).await, undelivered);
    for limit in 0..4 {
        let filter = DeliveryFilter { states: State::UNDELIVERED.to_vec(), limit, ..all() };
        assert_eq!(listed(&store, filter).await, undelivered[..limit]);
    }
}

async fn deliveries_are_listed_by_what_they_are(place: &Place) {
    async fn check(store: &Arc<dyn Store>, filter: DeliveryFilter, expected: &[State]) {
        let found = store.deliveries(filter.clone()).await.expect("the store can be read");
        let states: Vec<State> = found.iter().map(|found| found.delivery.state).collect();
        assert_eq!(states, expected, "{filter:?}");
    }
    let store = place.open().await;
    one_of_each(&store).await;
    let of_drawer = |drawer| DeliveryFilter { drawer: Some(drawer), ..all() };
    check(&store, of_drawer(Drawer::Target), &[State::Blocking]).await;
    check(&store, of_drawer(Drawer::Payload), &[State::Refused]).await;
    check(&store, of_drawer(Drawer::Ours), &[State::Parked]).await;
    check(&store, DeliveryFilter { states: vec![State::Parked], ..of_drawer(Drawer::Target) }, &[]).await;
    let of_two = DeliveryFilter { registration: Some(2), ..all() };
    check(&store, of_two.clone(), &[State::Leased, State::Waiting, State::Due]).await;
    check(&store, DeliveryFilter { states: vec![State::Due, State::Done], ..of_two.clone() }, &[State::Due]).await;
    check(&store, DeliveryFilter { registration: Some(9), ..all() }, &[]).await;
    append(&store, NewEvent { code: "price.updated".into(), ..with_deliveries(at(20), &[(2, &["a"])]) }).await;
    let of_code = |code: &str| DeliveryFilter { code: Some(code.to_owned()), ..of_two.clone() };
    check(&store, of_code("price.updated"), &[State::Waiting]).await;
    check(&store, of_code("stock.updated"), &[State::Leased, State::Waiting, State::Due]).await;
    check(&store, of_code("price"), &[]).await;
}

async fn deliveries_are_listed_by_time(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for second in [0, 10, 10, 20, 30] {
        events.push((append(&store, with_keys(at(second), &["a"])).await, 1));
    }
    for (since, until, expected) in [
        (Some(0), None, &events[..]),
        (Some(10), None, &events[1..]),
        (Some(11), Some(30), &events[3..4]),
        (None, Some(10), &events[..1]),
        (None, Some(31), &events[..]),
        (Some(20), Some(20), &[]),
        (Some(31), None, &[]),
        (None, Some(0), &[]),
    ] {
        let filter = DeliveryFilter { since: since.map(at), until: until.map(at), ..all() };
        assert_eq!(listed(&store, filter).await, expected, "{since:?} to {until:?}");
    }
}

async fn deliveries_are_found_by_what_their_event_is_known_by(place: &Place) {
    let store = place.open().await;
    let by = |known_by: &str| DeliveryFilter { event: Some(known_by.to_owned()), ..all() };
    assert!(listed(&store, by("A-1")).await.is_empty());
    let uid = Some("A-1".to_owned());
    let one = append(&store, NewEvent { uid: uid.clone(), ..with_deliveries(at(0), &[(1, &["a"]), (2, &[])]) }).await;
    let other = append(&store, NewEvent { uid, code: "price.updated".into(), ..with_keys(at(1), &["a"]) }).await;
    append(&store, NewEvent { uid: Some("A-2".to_owned()), ..with_keys(at(2), &["a"]) }).await;
    append(&store, with_keys(at(3), &["a"])).await;
    assert_eq!(listed(&store, by("A-1")).await, [(one, 1), (one, 2), (other, 1)]);
    assert_eq!(listed(&store, by(&one.hyphenated().to_string())).await, [(one, 1), (one, 2)]);
    assert_eq!(listed(&store, DeliveryFilter { states: vec![State::Waiting], ..by("A-1") }).await, [(other, 1)]);
    for nobodys in ["A-", "a-1", "", "A-1'", &Uuid::now_v7().to_string()] {
        assert!(listed(&store, by(nobodys)).await.is_empty(), "{nobodys}");
    }
    // A producer's `id` is no uid: two sources may give the same.
    let given = |second, uid: &str| {
        let uid = Some(uid.to_owned());
        append(&store, NewEvent { given_id: Some("order-7".into()), uid, ..with_keys(at(second), &[]) })
    };
    let (one, other) = (given(4, "shop order-7").await, given(5, "till order-7").await);
    assert_eq!(listed(&store, by("order-7")).await, [(one, 1), (other, 1)]);
    assert_eq!(listed(&store, by("till order-7")).await, [(other, 1)]);
    // The key that deduplicates it is nothing that people know.
    assert_eq!(store.deliveries(by("till order-7")).await.unwrap()[0].uid.as_deref(), Some("order-7"));
}

async fn pages_follow_each_other_in_both_orders(place: &Place) {
    let store = place.open().await;
    for second in 0..7 {
        append(&store, with_deliveries(at(second), &[(1, &["a"]), (3, &[]), (5, &["a"])])).await;
    }
    for claimed in claim_up_to(&store, at(10), 6).await.deliveries {
        let outcome = if claimed.registration == 3 { PARKED } else { Outcome::Done };
        assert!(finish(&store, &claimed, outcome).await);
    }
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let whole = listed(&store, DeliveryFilter { order, ..all() }).await;
        assert_eq!(whole.len(), 21);
        for limit in [1, 2, 4, 21, 30] {
            let (mut read, mut after) = (Vec::new(), None);
            loop {
                let filter = DeliveryFilter { order, after, limit, ..all() };
                let page = store.deliveries(filter).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some((last.delivery.event, last.delivery.registration));
                read.extend(page.iter().map(|found| (found.id, found.delivery.registration)));
            }
            assert_eq!(read, whole, "{order:?}, {limit} at once");
        }
    }
}

/// Whether a filter lets a delivery through, whatever its page.
fn is_asked_for(filter: &DeliveryFilter, found: &Listed) -> bool {
    let delivery = &found.delivery;
    let key = (delivery.event, delivery.registration);
    (filter.states.is_empty() || filter.states.contains(&delivery.state))
        && filter.drawer.is_none_or(|drawer| delivery.drawer == Some(drawer))
        && filter.registration.is_none_or(|registration| delivery.registration == registration)
        && filter.code.as_ref().is_none_or(|code| found.code == *code)
        && filter.event.as_ref().is_none_or(|uid| found.uid.as_ref() == Some(uid))
        && filter.since.is_none_or(|since| found.at >= since)
        && filter.until.is_none_or(|until| found.at < until)
        && filter.after.is_none_or(|after| if filter.order == Order::OldestFirst { key > after } else { key < after })
}

/// Some filters had no plan for the index that they name. Each of them, alone and with others, lists what it asks for.
async fn every_filter_is_understood(place: &Place) {
    let store = place.open().await;
    one_of_each(&store).await;
    let of_uid = NewEvent { uid: Some("A-1".to_owned()), ..with_deliveries(at(20), &[(1, &[]), (2, &["a"])]) };
    append(&store, of_uid).await;
    let whole = store.deliveries(all()).await.unwrap();
    let middle = (whole[6].delivery.event, whole[6].delivery.registration);
    let states = State::ALL.into_iter().map(|state| vec![state]);
    for states in states.chain([Vec::new(), State::UNDELIVERED.to_vec()]) {
        for bits in 0_u32..256 {
            let is_set = |bit: u32| bits & (1 << bit) != 0;
            let filter = DeliveryFilter {
                states: states.clone(),
                drawer: is_set(0).then_some(Drawer::Target),
                registration: is_set(1).then_some(2),
                code: is_set(2).then(|| "stock.updated".to_owned()),
                event: is_set(3).then(|| "A-1".to_owned()),
                since: is_set(4).then(|| at(2)),
                until: is_set(5).then(|| at(21)),
                after: is_set(6).then_some(middle),
                order: if is_set(7) { Order::OldestFirst } else { Order::NewestFirst },
                limit: 100,
            };
            let expected = whole.iter().filter(|found| is_asked_for(&filter, found));
            let mut expected: Vec<(Uuid, i64)> =
                expected.map(|found| (found.id, found.delivery.registration)).collect();
            if filter.order == Order::NewestFirst {
                expected.reverse();
            }
            assert_eq!(listed(&store, filter.clone()).await, expected, "{filter:?}");
        }
    }
}

async fn a_listed_delivery_tells_its_event(place: &Place) {
    let store = place.open().await;
    let new = NewEvent { uid: Some("A-1".to_owned()), ..with_keys(at(5), &["a"]) };
    append(&store, new.clone()).await;
    let found = store.deliveries(all()).await.unwrap().remove(0);
    assert_eq!((found.id, &*found.code, &found.uid, found.at), (new.id, &*new.code, &new.uid, at(5)));
}

async fn attempts_are_counted_by_minute(place: &Place) {
    async fn expect(store: &Arc<dyn Store>, second: i64, expected: &[(i64, u64, u64)]) {
        let counts = store.attempt_counts(at(second)).await.expect("the store can be read");
        let expected = expected.iter();
        let expected = expected.map(|(registration, attempts, failures)| AttemptCount {
            registration: *registration,
            attempts: *attempts,
            failures: *failures,
        });
        assert_eq!(counts, expected.collect::<Vec<_>>(), "since {second}");
    }
    let store = place.open().await;
    expect(&store, 0, &[]).await;
    for (second, registration, outcome) in [
        (0, 1, Outcome::Done),
        (59, 1, Outcome::RetryAt(at(9_000))),
        (60, 1, Outcome::Unknown(at(9_000))),
        (61, 2, Outcome::Skipped),
        (119, 1, PARKED),
        (120, 2, Outcome::Refused(Drawer::Payload)),
        (121, 2, Outcome::Suppressed),
    ] {
        append(&store, with_deliveries(at(second), &[(registration, &[])])).await;
        let claimed = claim_one(&store, at(second)).await;
        assert!(finish(&store, &claimed, outcome).await);
    }
    let store = place.reopen(store).await;
    expect(&store, 0, &[(1, 4, 3), (2, 3, 1)]).await;
    // Whole minutes are counted.
    expect(&store, 59, &[(1, 4, 3), (2, 3, 1)]).await;
    expect(&store, 60, &[(1, 2, 2), (2, 3, 1)]).await;
    expect(&store, 120, &[(2, 2, 1)]).await;
    expect(&store, 180, &[]).await;
}

async fn only_attempts_that_counted_are_counted(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    for outcome in [Outcome::Done, Outcome::Done, PARKED] {
        store.finish(attempt(&claimed, outcome)).await.unwrap();
    }
    let counts = store.attempt_counts(at(0)).await.unwrap();
    assert_eq!(counts, [AttemptCount { registration: 1, attempts: 1, failures: 0 }]);
}

async fn events_are_read_in_their_order(place: &Place) {
    let store = place.open().await;
    let mut events = vec![append(&store, event(at(0))).await];
    events.push(append(&store, journaled(at(1), &[1])).await);
    events.push(append(&store, with_keys(at(2), &[])).await);
    claim(&store, at(2)).await;
    let first = number(&store, events[0]).await;
    for (after, limit, expected) in
        [(0, 10, &events[..]), (0, 2, &events[..2]), (first, 10, &events[1..]), (first, 0, &[]), (first + 2, 10, &[])]
    {
        let read = store.events(after, limit).await.expect("the store can be read");
        assert_eq!(read.iter().map(|event| event.id).collect::<Vec<_>>(), expected);
    }
}
