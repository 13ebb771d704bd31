//! What is special to the embedded store: its folder, its file, its limits.

mod beside;
mod damage;
mod failures;
mod home;
mod lanes_of_old;
mod limits;
mod private;
mod runs;
mod sealing;
mod versions;

use std::fs;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use store::{
    Activation, Appended, Filter, NewEvent, OpenError, Outcome, Provider, Reader, Retention, Sqlite, Status, Store,
    StoreError,
};
use uuid::Uuid;

use home::{Home, append, at, attempt, claim, event, user_version};

/// Far beyond the queue's own limit.
const APPENDS_MAX: usize = 50_000;

/// The store opens its file again a second after a failure.
const RECOVERY_MAX: Duration = Duration::from_secs(30);

/// Runs all that can run, and finishes it.
async fn deliver_all(store: &Sqlite, now: Timestamp) -> usize {
    let mut delivered = 0;
    loop {
        let claimed = claim(store, now).await;
        if claimed.is_empty() {
            return delivered;
        }
        for delivery in claimed {
            assert!(store.finish(attempt(&delivery, Outcome::Done)).await.expect("the store takes outcomes"));
            delivered += 1;
        }
    }
}

#[tokio::test]
async fn a_second_start_is_refused_while_the_first_runs() {
    let home = Home::new();
    let first = home.open();
    let refusal = home.refusal();
    assert!(matches!(refusal, OpenError::Locked), "{refusal:?}");
    assert_eq!(refusal.to_string(), "another process has it open");
    let event = append(&first, event(0)).await;
    first.close().await;
    drop(first);
    assert!(home.open().event(event).await.unwrap().is_some());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let home = Home::new();
    let store = home.open();
    let event = append(&store, event(0)).await;
    store.close().await;
    drop(store);
    let known = user_version(&home.connect());
    home.connect().pragma_update(None, "user_version", known + 1).unwrap();
    let refusal = home.refusal();
    let expected =
        format!("it was written by a newer version (schema {}, this program knows up to {known})", known + 1);
    assert_eq!(refusal.to_string(), expected);
    assert_eq!(user_version(&home.connect()), known + 1);
    home.connect().pragma_update(None, "user_version", known).unwrap();
    assert!(home.open().event(event).await.unwrap().is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let home = Home::new();
    fs::write(home.parent.path().join("kit"), "a file where the folder has to be").unwrap();
    let refusal = home.refusal();
    assert!(matches!(refusal, OpenError::File(_)), "{refusal:?}");
}

#[tokio::test]
async fn the_schema_is_applied_once() {
    let home = Home::new();
    let schema = |home: &Home| -> Vec<String> {
        let connection = home.connect();
        let mut statement = connection.prepare("SELECT name || coalesce(sql, '') FROM sqlite_schema").unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.collect::<rusqlite::Result<_>>().unwrap()
    };
    let store = home.open();
    let event = append(&store, event(0)).await;
    let (before, version) = (schema(&home), user_version(&home.connect()));
    store.close().await;
    drop(store);
    let store = home.open();
    assert_eq!((schema(&home), user_version(&home.connect())), (before, version));
    assert!(store.event(event).await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_store_takes_no_event_but_delivers_what_it_has() {
    let home = Home::with_bytes_max(1024 * 1024);
    let store = home.open();
    let large = |second: i64| NewEvent { body: format!("\"{}\"", "x".repeat(8_000)).into(), ..event(second) };
    let mut stored = 0;
    let refused = loop {
        assert!(stored < 1_000, "the limit is not observed");
        let event = large(0);
        let id = event.id;
        match store.append(event).await {
            Ok(Appended::Stored) => stored += 1,
            Err(StoreError::Full) => break id,
            other => panic!("{other:?}"),
        }
    };
    assert!(stored > 50, "the limit is a megabyte, not {stored} events of 8 kB");
    assert!(store.event(refused).await.unwrap().is_none());
    let refused = store.append(event(0)).await;
    assert!(matches!(refused, Err(StoreError::Full)), "a small event is no exception: {refused:?}");
    let refusal = Activation {
        id: Uuid::now_v7(),
        cause: None,
        action: "ingestion/webhook".to_owned(),
        start: at(0),
        end: at(0),
        status: Status::ApplicationError,
        result: "{}".to_owned(),
        event: None,
        attempt: 0,
        wait_ms: 0,
        detail: None,
        logs: None,
    };
    let unrecorded = store.record(refusal).await;
    assert!(matches!(unrecorded, Err(StoreError::Full)), "strangers' runs take no room either: {unrecorded:?}");
    store.put_value("k", b"v".to_vec(), at(100)).await.unwrap();
    assert_eq!(deliver_all(&store, at(1)).await, stored);
    let refused = store.append(large(1)).await;
    assert!(matches!(refused, Err(StoreError::Full)), "delivered events still take room: {refused:?}");
    let retention = Retention { now: at(0), events: at(50), activations: at(0), bytes: u64::MAX };
    while !store.purge(retention).await.unwrap().is_finished {}
    append(&store, large(2)).await;
    assert_eq!(deliver_all(&store, at(2)).await, 1);
}

#[tokio::test]
async fn a_full_queue_refuses_events_and_keeps_those_it_took() {
    let home = Home::new();
    let store = home.open();
    // While somebody else holds the file's write lock, the writer waits in its first batch and the queue fills.
    let other = home.connect();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut taken = Vec::new();
    loop {
        assert!(taken.len() < APPENDS_MAX, "the queue has no limit");
        let mut append: Pin<Box<dyn Future<Output = _> + Send + '_>> = store.append(event(0));
        match append.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => taken.push(append),
            Poll::Ready(Err(StoreError::Busy)) => break,
            Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    other.execute_batch("ROLLBACK").unwrap();
    for append in taken {
        let appended = append.await;
        assert!(matches!(appended, Ok(Appended::Stored)), "{appended:?}");
    }
    append(&store, event(1)).await;
}

#[tokio::test]
async fn a_failed_write_is_not_acknowledged_and_the_store_recovers() {
    let home = Home::new();
    let store = home.open();
    let before = append(&store, event(0)).await;
    let other = home.connect();
    other
        .execute_batch("CREATE TRIGGER broken BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .unwrap();
    let lost = NewEvent { uid: Some("A-1".to_owned()), ..event(1) };
    let refused = store.append(lost.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable)), "{refused:?}");
    let begin = Instant::now();
    // The answer may come a moment before the word of the failure.
    while store.health().await.failure.is_none() {
        assert!(begin.elapsed() < RECOVERY_MAX, "the failure is not told");
    }
    assert!(store.event(lost.id).await.unwrap().is_none());
    assert!(store.event(before).await.unwrap().is_some(), "reads go on");
    other.execute_batch("DROP TRIGGER broken").unwrap();
    // The sender tries again and is taken for new: the uid of a lost event is not remembered.
    let begin = Instant::now();
    loop {
        match store.append(lost.clone()).await {
            Ok(Appended::Stored) => break,
            Err(StoreError::Unavailable) => assert!(begin.elapsed() < RECOVERY_MAX, "the store does not recover"),
            other => panic!("{other:?}"),
        }
    }
    assert!(store.health().await.failure.is_none());
    assert_eq!(deliver_all(&store, at(2)).await, 2);
}

#[tokio::test]
async fn a_reader_reads_while_the_store_is_open() {
    let home = Home::new();
    let store = home.open();
    let reader = Reader::open(&home.options.folder).unwrap();
    let stored = append(&store, event(0)).await;
    store
        .put_provider(Provider {
            id: "p-1".to_owned(),
            label: "Backoffice".to_owned(),
            description: String::new(),
            docs_url: None,
            provider_metadata: "3rd_party_custom_events".to_owned(),
            instance_id: "p-1-1".to_owned(),
            data_residency_region: Provider::REGION.to_owned(),
        })
        .await
        .unwrap();
    let (event, deliveries) = reader.event(stored).unwrap().unwrap();
    assert_eq!((event.id, deliveries.len()), (stored, 1));
    assert!(reader.activation(stored).unwrap().is_some());
    assert_eq!(reader.activations(&Filter { limit: 10, ..Filter::default() }).unwrap().len(), 1);
    assert_eq!(reader.catalogue().unwrap().providers.len(), 1);
    // It goes on when the store is closed.
    store.close().await;
    drop(store);
    assert!(reader.event(stored).unwrap().is_some());
}

#[test]
fn a_reader_makes_no_store() {
    let home = Home::new();
    let refused = Reader::open(&home.options.folder);
    assert!(matches!(refused, Err(StoreError::Open { .. })), "{refused:?}");
    fs::create_dir_all(&home.options.folder).unwrap();
    let refused = Reader::open(&home.options.folder);
    assert!(matches!(refused, Err(StoreError::Open { .. })), "{refused:?}");
    assert!(!home.database().exists());
}
