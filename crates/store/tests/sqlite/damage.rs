//! Files that a disk, or somebody, has changed. Either everything that was acknowledged is there, or the start is
//! refused with a word on what is wrong and what helps.

#![expect(clippy::unwrap_used, reason = "all of it is tests; the lint only knows the functions that are marked so")]

use std::fs;
use std::path::{Path, PathBuf};

use store::{OpenError, Reader, Sqlite, Store, StoreError};
use uuid::Uuid;

use crate::home::{Home, append, at, claim, event};

const EVENTS: i64 = 60;
const PAGE: usize = 4_096;
const FRAME: usize = PAGE + 24;

fn file(home: &Home, name: &str) -> PathBuf {
    home.options.folder.join(name)
}

async fn fill(store: &Sqlite) -> Vec<Uuid> {
    let mut events = Vec::new();
    for second in 0..EVENTS {
        events.push(append(store, event(second)).await);
    }
    events
}

/// A folder with a store that was closed, and its events.
async fn closed() -> (Home, Vec<Uuid>) {
    let home = Home::new();
    let store = home.open();
    let events = fill(&store).await;
    store.close().await;
    (home, events)
}

/// A folder as a process leaves it that is killed: the last events are in the log only.
async fn killed() -> (Home, Vec<Uuid>) {
    let (home, mut events) = closed().await;
    let store = home.open();
    events.extend(fill(&store).await);
    let left = Home::new();
    fs::create_dir_all(&left.options.folder).unwrap();
    for name in ["kit.db", "kit.db-wal", "kit.db-shm", "kit.lock"] {
        fs::copy(file(&home, name), file(&left, name)).unwrap();
    }
    (left, events)
}

fn damage(home: &Home) -> (PathBuf, String) {
    match home.refusal() {
        error @ OpenError::Damaged { .. } => {
            let told = error.to_string();
            let OpenError::Damaged { file, .. } = error else { unreachable!("it was one") };
            assert!(told.starts_with(&format!("{} is damaged: ", file.display())), "{told}");
            assert!(told.contains("restore the folder from a backup") && told.contains(".recover"), "{told}");
            (file, told)
        }
        other => panic!("{other:?} is no word on damage"),
    }
}

/// Whether a start is refused; one that is not has everything.
async fn is_refused(home: &Home, events: &[Uuid]) -> bool {
    match Sqlite::open(&home.options) {
        Err(StoreError::Open { source: OpenError::Damaged { .. }, .. }) => true,
        Err(other) => panic!("{other:?} is no word on damage"),
        Ok(store) => {
            for event in events {
                assert!(store.event(*event).await.unwrap().is_some(), "an acknowledged event is lost without a word");
            }
            assert_eq!(claim(&store, at(10_000)).await.len(), 1, "all of them have one key");
            assert_eq!(store.health().await.open, events.len() as u64);
            store.close().await;
            false
        }
    }
}

#[tokio::test]
async fn a_killed_process_leaves_all_that_was_acknowledged() {
    let (home, events) = killed().await;
    assert!(!is_refused(&home, &events).await);
    assert!(!is_refused(&home, &events).await);
}

#[tokio::test]
async fn a_log_that_lost_entries_is_refused_and_kept() {
    let (home, events) = killed().await;
    let log = file(&home, "kit.db-wal");
    let whole = fs::read(&log).unwrap();
    let last = (whole.len() - 32) / FRAME;
    assert!(last > 10, "the events are in the log");
    for bytes in [0, 5, 32, 32 + 100, 32 + FRAME, 32 + (last / 2) * FRAME, 32 + last * FRAME - 1] {
        fs::write(&log, &whole[..bytes]).unwrap();
        for _ in 0..2 {
            let (file, told) = damage(&home);
            assert_eq!(file, log);
            assert!(told.contains("entries only the first"), "{told}");
        }
        assert_eq!(fs::read(&log).unwrap().len(), bytes, "what is left is not touched");
    }
    fs::remove_file(&log).unwrap();
    assert_eq!(damage(&home).0, log);
    fs::write(&log, whole).unwrap();
    assert!(!is_refused(&home, &events).await);
}

#[tokio::test]
async fn a_log_with_foreign_bytes_is_refused() {
    let (home, events) = killed().await;
    let log = file(&home, "kit.db-wal");
    let whole = fs::read(&log).unwrap();
    for position in [0, 26, 40, 32 + FRAME + 500, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x5a;
        fs::write(&log, bytes).unwrap();
        assert!(is_refused(&home, &events).await, "byte {position}");
    }
    fs::write(&log, whole).unwrap();
    assert!(!is_refused(&home, &events).await);
}

/// When the machine went down the index may be gone: then the log ends where it was written last, as it is meant to.
#[tokio::test]
async fn an_entry_that_was_being_written_is_nobodys_loss() {
    let (home, events) = killed().await;
    let log = file(&home, "kit.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    bytes.extend([7; FRAME / 2]);
    fs::write(&log, bytes).unwrap();
    fs::remove_file(file(&home, "kit.db-shm")).unwrap();
    assert!(!is_refused(&home, &events).await);
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused() {
    let (home, events) = closed().await;
    let whole = fs::read(home.database()).unwrap();
    for bytes in [0, 1, 50, 100, PAGE, PAGE + 7, whole.len() / 2, whole.len() - PAGE, whole.len() - 1] {
        fs::write(home.database(), &whole[..bytes]).unwrap();
        for _ in 0..2 {
            assert_eq!(damage(&home).0, home.database(), "{bytes} of {}", whole.len());
        }
        assert_eq!(fs::read(home.database()).unwrap().len(), bytes);
    }
    fs::write(home.database(), whole).unwrap();
    assert!(!is_refused(&home, &events).await);
}

#[tokio::test]
async fn a_page_of_garbage_is_refused() {
    let (home, events) = closed().await;
    let whole = fs::read(home.database()).unwrap();
    let mut refused = 0;
    let pages = whole.len() / PAGE;
    for page in 0..pages {
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xa5);
        fs::write(home.database(), bytes).unwrap();
        refused += usize::from(is_refused(&home, &events).await);
    }
    assert!(refused + 2 >= pages, "{refused} of {pages}: only a page that nothing uses may be anything");
    fs::write(home.database(), whole).unwrap();
    assert!(!is_refused(&home, &events).await);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_made_anew() {
    let (home, _) = closed().await;
    fs::remove_file(home.database()).unwrap();
    let (file, told) = damage(&home);
    assert_eq!(file, home.database());
    assert!(told.contains("it is empty or missing") && told.contains("to begin anew, remove the folder"), "{told}");
    fs::remove_dir_all(&home.options.folder).unwrap();
    append(&home.open(), event(0)).await;
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_made_up_for() {
    let home = Home::new();
    fs::create_dir_all(&home.options.folder).unwrap();
    fs::write(home.database(), b"").unwrap();
    fs::write(file(&home, "kit.lock"), b"").unwrap();
    append(&home.open(), event(0)).await;
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    fn check(bytes: &[u8]) {
        let home = Home::new();
        fs::create_dir_all(&home.options.folder).unwrap();
        fs::write(home.database(), bytes).unwrap();
        for _ in 0..2 {
            let (file, told) = damage(&home);
            assert_eq!(file, home.database());
            assert!(told.contains("file is not a database"), "{told}");
        }
        let refused = Reader::open(Path::new(&home.options.folder));
        let is_told = matches!(&refused, Err(StoreError::Open { source: OpenError::Damaged { .. }, .. }));
        assert!(is_told, "{refused:?}");
        assert!(fs::read(home.database()).unwrap() == bytes, "the file is as it was");
    }
    check(b"the shopping list");
    check(&b"the shopping list\n".repeat(1_000));
    check(&[0xff; 100]);
}
