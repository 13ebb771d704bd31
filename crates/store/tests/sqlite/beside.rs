//! The handle of command lines, beside a store that runs or alone.

use std::sync::Arc;

use store::{Appended, Beside, Credential, OpenError, Reader, Store, StoreError};
use tokio::task::JoinSet;

use crate::home::{Home, VERSION, append, at, event, mode, user_version};
use crate::versions::old_home;

/// Writes from both sides at once.
const MANY: i64 = 100;

fn credential(client: &str) -> Credential {
    Credential {
        id: format!("{client}-id"),
        client_id: client.to_owned(),
        name: format!("{client} name"),
        created: at(0),
        secrets: Vec::new(),
        revoked: None,
    }
}

fn open(home: &Home) -> Beside {
    Beside::open(&home.options.folder).expect("the test's own folder can be written to")
}

fn refusal(home: &Home) -> OpenError {
    match Beside::open(&home.options.folder) {
        Err(StoreError::Open { path, source }) => {
            assert_eq!(path, home.options.folder);
            source
        }
        other => panic!("the store must be refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_running_store_sees_what_is_written_beside_it() {
    let home = Home::new();
    let store = home.open();
    store.put_credential(credential("c-1")).await.unwrap();
    let beside = open(&home);
    beside.put_credential(&credential("c-2")).unwrap();
    assert_eq!(store.credentials().await.unwrap(), [credential("c-1"), credential("c-2")]);
    let revoked = Credential { revoked: Some(at(1)), ..credential("c-1") };
    beside.put_credential(&revoked).unwrap();
    assert_eq!(store.credentials().await.unwrap(), [revoked, credential("c-2")]);
    beside.reserve("k", b"first", at(0), at(10)).unwrap();
    beside.reserve("k", b"second", at(9), at(20)).unwrap();
    assert_eq!(store.value("k", at(9)).await.unwrap().as_deref(), Some(&b"first"[..]), "the first still lives");
    assert!(!store.reserve("k", b"third".to_vec(), at(9), at(20)).await.unwrap());
    beside.reserve("k", b"fourth", at(10), at(20)).unwrap();
    assert_eq!(store.value("k", at(10)).await.unwrap().as_deref(), Some(&b"fourth"[..]));
    assert!(!beside.replace_value("k", b"first", b"fifth").unwrap(), "somebody has changed it since");
    assert!(beside.replace_value("k", b"fourth", b"fifth").unwrap());
    assert_eq!(store.value("k", at(19)).await.unwrap().as_deref(), Some(&b"fifth"[..]));
    assert_eq!(store.value("k", at(20)).await.unwrap(), None, "it expires when the one before would have");
    assert!(!beside.replace_value("other", b"", b"x").unwrap());
}

#[tokio::test]
async fn what_is_taken_is_refused_on_both_sides() {
    let home = Home::new();
    let store = home.open();
    let beside = open(&home);
    beside.put_credential(&credential("c-1")).unwrap();
    for twin in [
        Credential { id: "c-1-id".to_owned(), ..credential("c-2") },
        Credential { name: "c-1 name".to_owned(), ..credential("c-2") },
    ] {
        let refused = beside.put_credential(&twin);
        assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
        let refused = store.put_credential(twin).await;
        assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    }
    assert_eq!(store.credentials().await.unwrap(), [credential("c-1")]);
}

#[tokio::test]
async fn a_running_store_writes_on_while_another_writes_beside_it() {
    let home = Home::new();
    let store = Arc::new(home.open());
    append(&store, event(0)).await;
    let beside = open(&home);
    let writes = tokio::task::spawn_blocking(move || {
        for number in 0..MANY {
            beside.put_credential(&credential(&format!("c-{number}")))?;
        }
        Ok::<Beside, StoreError>(beside)
    });
    let mut appends = JoinSet::new();
    for second in 0..MANY {
        let store = Arc::clone(&store);
        appends.spawn(async move { store.append(event(second)).await });
    }
    for appended in appends.join_all().await {
        assert!(matches!(appended, Ok(Appended::Stored)), "{appended:?}");
    }
    let beside = writes.await.unwrap().unwrap();
    append(&store, event(MANY)).await;
    drop(beside);
    append(&store, event(MANY)).await;
    assert_eq!(store.credentials().await.unwrap().len(), 100);
    assert_eq!(store.health().await.failure, None);
}

/// Whoever writes beside a running store keeps it from nothing, not even from a restart.
#[tokio::test]
async fn a_handle_beside_a_running_store_holds_no_lock() {
    let home = Home::new();
    let store = home.open();
    let beside = open(&home);
    let event = append(&store, event(0)).await;
    store.close().await;
    drop(store);
    let store = home.open();
    beside.put_credential(&credential("c-1")).unwrap();
    assert!(store.event(event).await.unwrap().is_some());
    assert_eq!(store.credentials().await.unwrap(), [credential("c-1")]);
    assert!(matches!(home.refusal(), OpenError::Locked));
}

#[tokio::test]
async fn alone_it_makes_the_store_and_holds_its_lock() {
    let home = Home::new();
    let alone = open(&home);
    assert_eq!(mode(&home.options.folder), 0o700);
    alone.put_credential(&credential("c-1")).unwrap();
    assert!(matches!(home.refusal(), OpenError::Locked), "no kit starts meanwhile");
    // Another command line need not wait.
    open(&home).put_credential(&credential("c-2")).unwrap();
    assert_eq!(Reader::open(&home.options.folder).unwrap().credentials().unwrap().len(), 2);
    drop(alone);
    let store = home.open();
    assert_eq!(store.credentials().await.unwrap(), [credential("c-1"), credential("c-2")]);
    append(&store, event(0)).await;
}

#[tokio::test]
async fn alone_it_brings_an_older_store_up_to_date() {
    let home = old_home();
    let alone = open(&home);
    alone.put_credential(&credential("c-1")).unwrap();
    drop(alone);
    assert_eq!(user_version(&home.connect()), VERSION);
    let store = home.open();
    assert_eq!(store.catalogue().await.unwrap().registrations.len(), 2);
    assert_eq!(store.credentials().await.unwrap(), [credential("c-1")]);
}

#[tokio::test]
async fn other_versions_are_refused_and_left_alone() {
    fn check(home: &Home, version: i64, expected: &str) {
        home.connect().pragma_update(None, "user_version", version).expect("the file is a database");
        assert_eq!(refusal(home).to_string(), expected);
        assert_eq!(user_version(&home.connect()), version);
    }
    const NEWER: &str = "it was written by a newer version (schema 6, this program knows up to 5)";
    let home = Home::new();
    let store = home.open();
    check(
        &home,
        1,
        "an older version wrote it (schema 1, this program knows 5); a kit that starts brings it up to date",
    );
    check(&home, VERSION + 1, NEWER);
    append(&store, event(0)).await;
    store.close().await;
    drop(store);
    check(&home, VERSION + 1, NEWER);
    // The refused handle holds nothing.
    home.connect().pragma_update(None, "user_version", VERSION).unwrap();
    home.open();
}
