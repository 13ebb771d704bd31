use std::sync::Arc;

use jiff::Timestamp;
use store::{Change, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{at, retention};

for_every_store!(
    a_change_lives_until_it_expires,
    subjects_are_told_apart,
    changes_are_forgotten_up_to_a_moment,
    what_was_forgotten_stays_so_and_what_came_later_stays,
    expired_changes_are_removed,
);

const SUBJECT: Uuid = Uuid::from_u128(1);

fn change(second: i64, expires: i64) -> Change {
    let fact = u64::try_from(second).unwrap_or_default();
    Change { subject: SUBJECT, at: at(second), expires: at(expires), facts: vec![fact, u64::MAX] }
}

async fn remember(store: &Arc<dyn Store>, change: &Change) {
    store.remember_change(change.clone()).await.expect("the store takes changes");
}

async fn expect(store: &Arc<dyn Store>, second: i64, expected: &[Change]) {
    assert_eq!(store.changes(SUBJECT, at(second)).await.expect("the store can be read"), expected);
}

async fn a_change_lives_until_it_expires(place: &Place) {
    let store = place.open().await;
    expect(&store, 0, &[]).await;
    let (first, second) = (change(0, 10), change(1, 20));
    remember(&store, &first).await;
    remember(&store, &second).await;
    expect(&store, 9, &[first, second.clone()]).await;
    expect(&store, 10, std::slice::from_ref(&second)).await;
    let store = place.reopen(store).await;
    expect(&store, 10, &[second]).await;
    expect(&store, 20, &[]).await;
}

async fn subjects_are_told_apart(place: &Place) {
    let store = place.open().await;
    let own = change(0, 10);
    remember(&store, &own).await;
    let other = Change { subject: Uuid::from_u128(2), facts: Vec::new(), ..own.clone() };
    remember(&store, &other).await;
    expect(&store, 0, std::slice::from_ref(&own)).await;
    store.forget_changes(other.subject, Timestamp::MAX).await.unwrap();
    expect(&store, 0, std::slice::from_ref(&own)).await;
    assert!(store.changes(other.subject, at(0)).await.unwrap().is_empty());
}

async fn changes_are_forgotten_up_to_a_moment(place: &Place) {
    let store = place.open().await;
    let all = [change(0, 10), change(1, 10), change(2, 10)];
    for change in &all {
        remember(&store, change).await;
    }
    store.forget_changes(SUBJECT, at(0)).await.unwrap();
    expect(&store, 3, &all).await;
    store.forget_changes(SUBJECT, at(2)).await.unwrap();
    expect(&store, 3, &all[2..]).await;
    store.forget_changes(SUBJECT, Timestamp::MAX).await.unwrap();
    expect(&store, 3, &[]).await;
}

async fn what_was_forgotten_stays_so_and_what_came_later_stays(place: &Place) {
    let store = place.open().await;
    remember(&store, &change(0, 100)).await;
    store.forget_changes(SUBJECT, Timestamp::MAX).await.unwrap();
    let later = change(1, 100);
    remember(&store, &later).await;
    let store = place.reopen(store).await;
    expect(&store, 2, std::slice::from_ref(&later)).await;
    // What is removed for its age does not bring back what was forgotten.
    store.purge(retention(at(0), at(0), at(50))).await.unwrap();
    let store = place.reopen(store).await;
    expect(&store, 50, &[later]).await;
}

async fn expired_changes_are_removed(place: &Place) {
    let store = place.open().await;
    for second in 0..300 {
        remember(&store, &change(second, second + 1)).await;
    }
    let first = store.purge(retention(at(0), at(0), at(300))).await.unwrap();
    assert_eq!((first.rows, first.is_finished), (256, false));
    let rest = store.purge(retention(at(0), at(0), at(300))).await.unwrap();
    assert_eq!((rest.rows, rest.is_finished), (44, true));
}
