//! What is refused, and what is forgotten, when there is too much.

use std::sync::Arc;

use store::{Appended, NewEvent, Options, Outcome, Sqlite, Store, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::home::{Home, append, at, attempt, claim, event};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn with_uid(second: i64, uid: &str) -> NewEvent {
    NewEvent { uid: Some(uid.to_owned()), ..event(second) }
}

/// The first event with the uid, or that this one is it.
async fn known(store: &Sqlite, second: i64, uid: &str) -> Option<Uuid> {
    match store.append(with_uid(second, uid)).await {
        Ok(Appended::Known(known)) => Some(known.id),
        Ok(Appended::Stored) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn too_many_open_deliveries_refuse_events_but_answer_known_ones() {
    let mut home = Home::new();
    home.options.open_max = 3;
    let store = home.open();
    let first = append(&store, with_uid(0, "A-1")).await;
    append(&store, event(1)).await;
    append(&store, event(2)).await;
    for _ in 0..2 {
        let refused = store.append(with_uid(3, "A-2")).await;
        assert!(matches!(refused, Err(StoreError::Backlog)), "{refused:?}");
    }
    let health = store.health().await;
    assert_eq!((health.open, health.open_max, health.failure), (3, 3, None));
    assert_eq!(known(&store, 4, "A-1").await, Some(first), "its sender gets the first answer");
    // Nobody has to deliver these.
    append(&store, NewEvent { deliveries: Vec::new(), ..event(5) }).await;
    append(&store, NewEvent { deliveries: Vec::new(), journals: vec![1], ..event(5) }).await;
    store.close().await;
    drop(store);
    let store = home.open();
    let refused = store.append(with_uid(6, "A-2")).await;
    assert!(matches!(refused, Err(StoreError::Backlog)), "the count outlives its process: {refused:?}");
    let claimed = claim(&store, at(6)).await;
    assert!(store.finish(attempt(&claimed[0], Outcome::Done)).await.unwrap());
    append(&store, with_uid(7, "A-2")).await;
    let refused = store.append(event(8)).await;
    assert!(matches!(refused, Err(StoreError::Backlog)), "{refused:?}");
}

#[tokio::test]
async fn a_backlog_stops_many_at_once() {
    let mut home = Home::new();
    home.options.open_max = 20;
    let store = Arc::new(home.open());
    let mut appends = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        appends.spawn(async move { matches!(store.append(event(0)).await, Ok(Appended::Stored)) });
    }
    let stored = appends.join_all().await.into_iter().filter(|is_stored| *is_stored).count();
    assert_eq!(stored, 20);
    assert_eq!(store.health().await.open, 20);
}

#[tokio::test]
async fn a_uid_is_known_for_eight_days() {
    let mut home = Home::new();
    home.options = Options::in_folder(home.options.folder);
    let store = home.open();
    let first = append(&store, with_uid(0, "A-1")).await;
    for second in [1, DAY, 7 * DAY + 23 * HOUR] {
        assert_eq!(known(&store, second, "A-1").await, Some(first), "after {second} s");
    }
    store.close().await;
    drop(store);
    let store = home.open();
    assert_eq!(known(&store, 7 * DAY + 23 * HOUR, "A-1").await, Some(first), "for a later process, too");
    assert_eq!(known(&store, 8 * DAY + HOUR, "A-1").await, None);
    assert!(known(&store, 8 * DAY + HOUR + 1, "A-1").await.is_some(), "the second is the first of its window");
}

#[tokio::test]
async fn when_the_memory_for_uids_is_full_the_oldest_days_go_and_that_is_told() {
    let mut home = Home::new();
    home.options = Options { uids_bytes_max: 36 * 10, ..Options::in_folder(home.options.folder) };
    let store = home.open();
    for day in 0..3 {
        for number in 0..5 {
            append(&store, with_uid(day * DAY + number, &format!("{day}-{number}"))).await;
        }
    }
    let days_forgotten = store.health().await.days_forgotten;
    assert!(days_forgotten > 0, "somebody has to be told");
    let later = 2 * DAY + HOUR;
    for day in 1..3 {
        assert!(known(&store, later, &format!("{day}-0")).await.is_some());
    }
    assert_eq!(known(&store, later, "0-0").await, None, "it is taken for new");
    store.close().await;
    drop(store);
    let store = home.open();
    assert!(store.health().await.days_forgotten > 0);
    assert!(known(&store, later, "2-1").await.is_some());
}
