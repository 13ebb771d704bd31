//! Writes that fail, and who looks at the store after that.

use std::process::Command;
use std::time::Instant;

use store::{Appended, DeliveryFilter, NewEvent, Reader, Store, StoreError, WriteFailure};

use crate::RECOVERY_MAX;
use crate::home::{Home, append, event};

/// Names the folder that a test has another process read.
const FOLDER: &str = "KIT_TEST_FOLDER_TO_READ";

/// What the other process runs. By itself it reads nothing.
#[test]
fn reads_and_leaves() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let reader = Reader::open(folder.as_ref()).unwrap();
    assert!(!reader.deliveries(&DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).unwrap().is_empty());
}

fn read_in_another_process(home: &Home) {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its own file"));
    command.args(["--exact", "failures::reads_and_leaves"]).env(FOLDER, &home.options.folder);
    let output = command.output().expect("a test can start itself");
    assert!(output.status.success(), "{output:?}");
}

/// Before the store opened again after a failed write it read its own files, and closing them took away all locks that the
/// process had on them. The next process that read beside it was taken for the last one and removed the log: what was
/// acknowledged from then on was gone with the process.
#[tokio::test]
async fn who_reads_after_a_failed_write_leaves_the_log_alone() {
    for failure in [WriteFailure::BeforeCommit, WriteFailure::AfterCommit] {
        let home = Home::new();
        let store = home.open();
        let first = append(&store, event(0)).await;
        assert!(store.event(first).await.unwrap().is_some(), "a reader of the store's own is open from here on");
        store.fail_next_write(failure);
        let again = NewEvent { uid: Some("again".to_owned()), ..event(1) };
        let begin = Instant::now();
        let taken = loop {
            match store.append(again.clone()).await {
                Err(StoreError::Unavailable) => assert!(begin.elapsed() < RECOVERY_MAX, "the store does not recover"),
                taken => break taken.unwrap(),
            }
        };
        assert_eq!(matches!(taken, Appended::Known(_)), failure == WriteFailure::AfterCommit, "{failure:?} {taken:?}");
        read_in_another_process(&home);
        let log = home.options.folder.join("kit.db-wal");
        assert!(log.is_file(), "the log is gone after {failure:?}, though the store is open");
    }
}

/// What was acknowledged before the disk was full is there, what was not is taken as soon as there is room.
#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let home = Home::new();
    let store = home.open();
    let first = append(&store, event(0)).await;
    store.fail_next_write(WriteFailure::NoRoom);
    let large =
        NewEvent { uid: Some("large".to_owned()), body: format!("\"{}\"", "x".repeat(200_000)).into(), ..event(1) };
    let refused = store.append(large.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable)), "{refused:?}");
    let begin = Instant::now();
    let taken = loop {
        match store.append(large.clone()).await {
            Err(StoreError::Unavailable) => assert!(begin.elapsed() < RECOVERY_MAX, "the store does not recover"),
            taken => break taken.unwrap(),
        }
    };
    assert!(matches!(taken, Appended::Stored), "{taken:?}");
    for id in [first, large.id] {
        assert!(store.event(id).await.unwrap().is_some(), "{id} is gone");
    }
}
