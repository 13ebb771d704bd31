//! What the third version left open: leases, retries and lanes go on in the present one.

use std::fs;

use store::{Drawer, Outcome, Replay, Replayed, Sqlite, State, Store};
use uuid::Uuid;

use crate::home::{Home, VERSION, append, at, attempt, claim, event, user_version};

const THIRD_VERSION: &str = include_str!("third_version.sql");

fn home() -> Home {
    let home = Home::new();
    fs::create_dir_all(&home.options.folder).expect("the test owns its folder");
    let connection = home.connect();
    connection.execute_batch("PRAGMA journal_mode = WAL;").expect("the file system takes it");
    connection.execute_batch(THIRD_VERSION).expect("the third version's statements are understood");
    home
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0000 + number)
}

/// Runs what can run: these events, for these registrations. It ends like that.
async fn run(store: &Sqlite, second: i64, expected: &[(Uuid, i64)], outcome: Outcome) {
    let claimed = claim(store, at(second)).await;
    let mut found: Vec<(Uuid, i64)> = claimed.iter().map(|found| (found.event.id, found.registration)).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    for claimed in claimed {
        assert!(store.finish(attempt(&claimed, outcome)).await.expect("the store takes outcomes"));
    }
}

#[tokio::test]
async fn deliveries_of_the_third_version_stand_where_they_stood() {
    let home = home();
    assert_eq!(user_version(&home.connect()), 3);
    let store = home.open();
    assert_eq!(user_version(&home.connect()), VERSION);
    for (number, registration, state, attempts) in [
        (1, 1, State::Due, 2),
        (2, 1, State::Waiting, 0),
        (3, 1, State::Due, 1),
        (4, 1, State::Waiting, 0),
        (5, 1, State::Parked, 3),
        (6, 1, State::Refused, 1),
        (7, 1, State::Done, 1),
        (7, 2, State::Due, 0),
        (8, 1, State::Waiting, 0),
        (8, 2, State::Journaled, 0),
    ] {
        let (event, deliveries) = store.event(id(number)).await.unwrap().unwrap();
        let delivery = deliveries.iter().find(|found| found.registration == registration).unwrap();
        assert_eq!((delivery.state, delivery.attempts, delivery.replays), (state, attempts, 0), "{number}");
        assert_eq!(delivery.is_in_doubt, number == 1, "only what was leased may have had its effect");
        assert_eq!(delivery.has_effect, state == State::Done);
        let drawer = match state {
            State::Parked => Some(Drawer::Ours),
            State::Refused => Some(Drawer::Target),
            _ => None,
        };
        assert_eq!(delivery.drawer, drawer);
        let blockers = store.blockers(event.number, registration).await.unwrap();
        let mut blockers: Vec<i64> = blockers.iter().map(|found| found.delivery.event).collect();
        blockers.sort_unstable();
        let expected: &[i64] = match number {
            2 => &[1],
            4 => &[1, 3],
            8 if registration == 1 => &[3],
            _ => &[],
        };
        assert_eq!(blockers, expected, "in front of {number}");
    }
    assert_eq!(store.health().await.open, 6);
}

#[tokio::test]
async fn lanes_of_the_third_version_go_on_in_order() {
    let home = home();
    let store = home.open();
    let replay =
        Replay { event: 5, registration: 1, keys: vec!["sku-1".to_owned()], now: at(9), repeats_effect: false };
    assert_eq!(store.replay(replay).await.unwrap(), Replayed::Queued);
    let effect = Replay { event: 7, registration: 1, keys: Vec::new(), now: at(9), repeats_effect: false };
    assert_eq!(store.replay(effect).await.unwrap(), Replayed::HasEffect);
    let newer = append(&store, event(10)).await;
    run(&store, 10, &[(id(1), 1), (id(7), 2)], Outcome::RetryAt(at(20))).await;
    run(&store, 20, &[(id(1), 1), (id(7), 2)], Outcome::Done).await;
    run(&store, 20, &[(id(2), 1)], Outcome::Skipped).await;
    run(&store, 49, &[], Outcome::Done).await;
    store.close().await;
    drop(store);
    let store = home.open();
    run(&store, 50, &[(id(3), 1)], Outcome::Done).await;
    run(&store, 50, &[(id(4), 1)], Outcome::Done).await;
    run(&store, 50, &[(id(5), 1), (id(8), 1)], Outcome::Done).await;
    run(&store, 50, &[(newer, 1)], Outcome::Done).await;
    run(&store, 100_000, &[], Outcome::Done).await;
    assert_eq!(store.health().await.open, 0);
    store.close().await;
    drop(store);
    assert_eq!(home.open().health().await.open, 0, "no lane is left behind");
}
