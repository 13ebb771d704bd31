//! How much a claim brings, and whose.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{Claim, Claimed, NewEvent, Outcome, Rooms, Store};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    BLOCKING, LEASE, after, append, at, claim_of, claim_up_to, claim_with, finish, somebody, with_deliveries, with_keys,
};

for_every_store!(
    a_registration_gets_no_more_than_its_room,
    a_registration_with_thousands_due_hides_no_other,
    whoever_claims_again_and_again_gets_everything,
    a_registration_without_room_is_not_waited_for,
    what_is_left_out_is_told,
    a_claim_holds_no_more_bytes_than_asked_for_but_always_a_delivery,
    a_large_value_does_not_hide_those_of_others,
    a_lease_that_ended_has_its_turn_among_what_is_due,
);

fn rooms(by_registration: &[(i64, usize)], others: usize) -> Rooms {
    Rooms { by_registration: by_registration.to_vec(), others }
}

fn by_registration(claimed: &Claimed) -> BTreeMap<i64, usize> {
    claimed.deliveries.iter().fold(BTreeMap::new(), |mut counts, delivery| {
        *counts.entry(delivery.registration).or_default() += 1;
        counts
    })
}

async fn append_to(store: &Arc<dyn Store>, registration: i64, seconds: std::ops::Range<i64>) {
    let mut appends = JoinSet::new();
    for second in seconds {
        let store = Arc::clone(store);
        appends.spawn(async move { append(&store, with_deliveries(at(second), &[(registration, &[])])).await });
    }
    appends.join_all().await;
}

async fn a_registration_gets_no_more_than_its_room(place: &Place) {
    let store = place.open().await;
    for registration in 1..4 {
        append_to(&store, registration, 0..5).await;
    }
    let claim = Claim { rooms: rooms(&[(1, 2), (3, 0)], 4), ..claim_of(1, at(10)) };
    let claimed = claim_with(&store, claim.clone()).await;
    assert_eq!(by_registration(&claimed), BTreeMap::from([(1, 2), (2, 4)]));
    assert!(claimed.is_limited);
    let claimed = claim_with(&store, claim).await;
    assert_eq!(by_registration(&claimed), BTreeMap::from([(1, 2), (2, 1)]), "room is for further ones");
}

async fn a_registration_with_thousands_due_hides_no_other(place: &Place) {
    const SLOW: i64 = 7;
    let store = place.open().await;
    append_to(&store, SLOW, 0..3_000).await;
    for registration in [1, 9, 12] {
        append_to(&store, registration, 5_000..5_003).await;
    }
    for second in 0..4 {
        let now = at(10_000 + second);
        let claimed = claim_up_to(&store, now, 40).await;
        let counts = by_registration(&claimed);
        if second == 0 {
            for registration in [1, 9, 12] {
                assert_eq!(counts.get(&registration), Some(&3), "{counts:?}");
            }
        }
        assert!(counts[&SLOW] >= 10, "{counts:?}");
        assert!(claimed.is_limited);
    }
    // With its own room full, others have all the rest.
    append_to(&store, 1, 6_000..6_100).await;
    let claim = Claim { deliveries_max: 100, rooms: rooms(&[(SLOW, 0)], 100), ..claim_of(somebody(), at(10_010)) };
    assert_eq!(by_registration(&claim_with(&store, claim).await), BTreeMap::from([(1, 100)]));
}

async fn whoever_claims_again_and_again_gets_everything(place: &Place) {
    let store = place.open().await;
    append_to(&store, 1, 0..50).await;
    append_to(&store, 2, 0..3).await;
    append_to(&store, 3, 0..20).await;
    let mut claimed = 0;
    for round in 0..100 {
        let part = claim_with(&store, Claim { deliveries_max: 4, ..claim_of(1, at(100)) }).await;
        assert!(!part.deliveries.is_empty() && part.deliveries.len() <= 4, "round {round}: {part:?}");
        claimed += part.deliveries.len();
        if !part.is_limited {
            break;
        }
    }
    assert_eq!(claimed, 73);
}

async fn a_registration_without_room_is_not_waited_for(place: &Place) {
    let store = place.open().await;
    append(&store, with_deliveries(at(20), &[(1, &[])])).await;
    append(&store, with_deliveries(at(30), &[(2, &[])])).await;
    let next_due = |rooms| claim_with(&store, Claim { rooms, ..claim_of(somebody(), at(0)) });
    assert_eq!(next_due(rooms(&[], 1)).await.next_due, Some(at(20)));
    assert_eq!(next_due(rooms(&[(1, 0)], 1)).await.next_due, Some(at(30)));
    assert_eq!(next_due(rooms(&[(2, 5)], 0)).await.next_due, Some(at(30)));
    assert_eq!(next_due(rooms(&[], 0)).await.next_due, None);
}

async fn what_is_left_out_is_told(place: &Place) {
    let store = place.open().await;
    append_to(&store, 1, 0..3).await;
    for (deliveries_max, is_limited) in [(0, true), (2, true), (1, false), (1, false)] {
        let claimed = claim_up_to(&store, at(10), deliveries_max).await;
        assert_eq!(claimed.is_limited, is_limited, "{claimed:?}");
    }
    // What waits, blocks or is due later is not left out.
    let blocking = append(&store, with_keys(at(11), &["a"])).await;
    append(&store, with_keys(at(11), &["a"])).await;
    append(&store, with_keys(at(99), &[])).await;
    let claimed = claim_up_to(&store, at(11), 1).await;
    assert_eq!((claimed.deliveries[0].event.id, claimed.is_limited), (blocking, false));
    assert!(finish(&store, &claimed.deliveries[0], BLOCKING).await);
    let claimed = claim_up_to(&store, at(11), 0).await;
    assert_eq!((claimed.is_limited, claimed.next_due), (false, Some(after(at(10), LEASE))));
}

fn value(second: i64, bytes: usize) -> NewEvent {
    NewEvent { body: format!("\"{}\"", "x".repeat(bytes - 2)).into(), ..with_keys(at(second), &[]) }
}

async fn a_claim_holds_no_more_bytes_than_asked_for_but_always_a_delivery(place: &Place) {
    let store = place.open().await;
    let mut sizes = Vec::new();
    for (second, bytes) in (0..).zip([10, 20, 100_000, 5, 30, 30]) {
        append(&store, value(second, bytes)).await;
        sizes.push(bytes);
    }
    for (bytes_max, expected) in [(0, 1), (50, 1), (100_004, 1), (65, 3)] {
        let claimed = claim_with(&store, Claim { bytes_max, ..claim_of(1, at(10)) }).await;
        let found: Vec<usize> = claimed.deliveries.iter().map(|delivery| delivery.event.body.len()).collect();
        assert_eq!(found, sizes.drain(..expected).collect::<Vec<_>>(), "{bytes_max}");
        assert_eq!(claimed.is_limited, !sizes.is_empty());
    }
}

async fn a_large_value_does_not_hide_those_of_others(place: &Place) {
    let store = place.open().await;
    for registration in 1..3 {
        let large = with_deliveries(at(0), &[(registration, &[])]);
        append(&store, NewEvent { body: "x".repeat(5_000).into(), ..large }).await;
    }
    append_to(&store, 3, 0..3).await;
    let mut registrations = Vec::new();
    for second in 10..20 {
        let claimed = claim_with(&store, Claim { bytes_max: 4_000, ..claim_of(1, at(second)) }).await;
        registrations.extend(claimed.deliveries.iter().map(|delivery| delivery.registration));
        if !claimed.is_limited {
            break;
        }
    }
    registrations.sort_unstable();
    assert_eq!(registrations, [1, 2, 3, 3, 3]);
}

/// While a registration had more due than there was room for, a lease that its process had lost was never taken up.
/// The oldest come first, however they became due.
async fn a_lease_that_ended_has_its_turn_among_what_is_due(place: &Place) {
    let store = place.open().await;
    let lost: Uuid = append(&store, with_keys(at(0), &[])).await;
    claim_up_to(&store, at(0), 1).await;
    append_to(&store, 1, 100..120).await;
    let claimed = claim_up_to(&store, at(200), 2).await;
    assert_eq!(claimed.deliveries[0].event.id, lost);
    assert!(claimed.deliveries[0].is_in_doubt && !claimed.deliveries[1].is_in_doubt);
    assert!(finish(&store, &claimed.deliveries[0], Outcome::Done).await);
}
