use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use store::{
    Appended, Attempt, Claim, ClaimedDelivery, Lease, NewDelivery, NewEvent, OpenError, Options, Outcome, Rooms,
    Sqlite, Store, StoreError,
};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the store of a test lives.
pub struct Home {
    pub parent: TempDir,
    pub options: Options,
}

impl Home {
    pub fn new() -> Self {
        let parent = tempfile::tempdir().expect("the system has a folder for temporary files");
        let options = Options {
            dedupe_window: Duration::from_hours(48),
            ..Options::in_folder(parent.path().join("kit").join("data"))
        };
        Self { parent, options }
    }

    pub fn with_bytes_max(bytes_max: u64) -> Self {
        let mut home = Self::new();
        home.options.bytes_max = bytes_max;
        home
    }

    pub fn open(&self) -> Sqlite {
        Sqlite::open(&self.options).expect("nobody else uses the test's own folder")
    }

    pub fn refusal(&self) -> OpenError {
        match Sqlite::open(&self.options) {
            Err(StoreError::Open { path, source }) => {
                assert_eq!(path, self.options.folder);
                source
            }
            other => panic!("the store must not open: {other:?}"),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.options.folder.join("kit.db")
    }

    /// Another look at the file, past the store.
    pub fn connect(&self) -> Connection {
        Connection::open(self.database()).expect("the file is a database")
    }
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).expect("tests take place in this century")
}

pub fn event(second: i64) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        provider_id: "backoffice".into(),
        code: "stock.updated".into(),
        publisher: "ingestion/webhook".into(),
        uid: None,
        at: at(second),
        body: "{}".into(),
        deliveries: vec![NewDelivery { registration: 1, keys: vec!["sku-1".to_owned()] }],
        given_id: None,
        attributes: None,
        journals: Vec::new(),
    }
}

pub async fn append(store: &Sqlite, event: NewEvent) -> Uuid {
    let id = event.id;
    let appended = store.append(event).await;
    assert!(matches!(appended, Ok(Appended::Stored)), "{appended:?}");
    id
}

/// Claims up to a hundred deliveries.
pub async fn claim(store: &Sqlite, now: Timestamp) -> Vec<ClaimedDelivery> {
    let (lease, rooms) = (Duration::from_mins(1), Rooms::of_all(100));
    let claim = Claim { now, owner: 1, lease, deliveries_max: 100, bytes_max: usize::MAX, rooms };
    store.claim(claim).await.expect("the store takes claims").deliveries
}

pub fn attempt(claimed: &ClaimedDelivery, outcome: Outcome) -> Attempt {
    let lease = Lease { event: claimed.event.number, registration: claimed.registration, attempt: claimed.attempt };
    Attempt { lease, at: claimed.event.at, outcome, activations: Vec::new(), trace: None }
}

/// The newest version of the schema.
pub const VERSION: i64 = 5;

pub fn user_version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("the file is a database")
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("the path exists").permissions().mode() & 0o777
}
