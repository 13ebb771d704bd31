//! Values that no file of the store shows.

use std::fs;

use jiff::Timestamp;
use store::{Beside, OpenError, Options, Reader, SealError, Sqlite, Store, StoreError, Vault};

use crate::home::{Home, at};

const NAMES: &[&str] = &["secret", "other-secret"];

/// Long enough for pages of its own.
fn secret(begin: &str) -> Vec<u8> {
    format!("{begin}-{}", "s3cr3t".repeat(1_500)).into_bytes()
}

fn vault(keys: &[u8]) -> Vault {
    let keys: Vec<[u8; 32]> = keys.iter().map(|key| [*key; 32]).collect();
    Vault::new(NAMES, keys.iter().map(<[u8; 32]>::as_slice)).expect("these are keys")
}

fn with(home: &Home, keys: &[u8]) -> Options {
    Options { vault: vault(keys), ..home.options.clone() }
}

fn open(home: &Home, keys: &[u8]) -> Sqlite {
    Sqlite::open(&with(home, keys)).expect("the keys open everything")
}

fn refusal(home: &Home, keys: &[u8]) -> SealError {
    let beside = Beside::open_with(&home.options.folder, vault(keys));
    let said = match beside {
        Err(StoreError::Open { source: OpenError::Sealed(error), .. }) => error,
        other => panic!("commands must be refused: {other:?}"),
    };
    match Sqlite::open(&with(home, keys)) {
        Err(StoreError::Open { source: OpenError::Sealed(error), .. }) => assert_eq!(error, said),
        other => panic!("the store must not open: {other:?}"),
    }
    said
}

async fn put(store: &Sqlite, name: &str, value: Vec<u8>) {
    store.put_value(name, value, Timestamp::MAX).await.expect("the store writes");
}

async fn value(store: &Sqlite, name: &str) -> Vec<u8> {
    store.value(name, at(0)).await.expect("the value is sealed with a known key").expect("the value is there")
}

/// Whether any file of the folder has this text in it.
fn shows(home: &Home, text: &str) -> bool {
    let files = fs::read_dir(&home.options.folder).expect("the folder is the test's own").flatten();
    let mut contents = files.map(|file| fs::read(file.path()).expect("the file is the test's own"));
    contents.any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[tokio::test]
async fn what_is_sealed_from_the_start_never_shows() {
    let home = Home::new();
    let store = open(&home, &[1]);
    put(&store, "secret", secret("put")).await;
    assert!(store.reserve("other-secret", secret("reserved"), at(0), Timestamp::MAX).await.unwrap());
    put(&store, "readable", b"everybody may know".to_vec()).await;
    assert!(!shows(&home, "s3cr3t") && shows(&home, "everybody may know"));
    assert_eq!(value(&store, "secret").await, secret("put"));
    assert_eq!(value(&store, "other-secret").await, secret("reserved"));
    store.close().await;
    assert!(!shows(&home, "s3cr3t"));
}

#[tokio::test]
async fn what_was_readable_is_sealed_at_the_next_start_and_shows_nowhere() {
    let home = Home::new();
    let store = home.open();
    put(&store, "secret", secret("first")).await;
    put(&store, "other-secret", b"a short s3cr3t".to_vec()).await;
    // As after a kill: the log is not copied.
    assert!(shows(&home, "first-s3cr3t") && shows(&home, "a short s3cr3t"));
    store.close().await;
    assert!(shows(&home, "first-s3cr3t") && shows(&home, "a short s3cr3t"));
    let store = open(&home, &[1]);
    assert!(!shows(&home, "s3cr3t"));
    assert_eq!(value(&store, "secret").await, secret("first"));
    assert_eq!(value(&store, "other-secret").await, b"a short s3cr3t");
    store.close().await;
    assert!(!shows(&home, "s3cr3t"));
}

#[tokio::test]
async fn a_new_key_takes_over_at_the_next_start_and_the_old_one_may_go() {
    let home = Home::new();
    let store = open(&home, &[1]);
    put(&store, "secret", secret("a")).await;
    store.close().await;
    let store = open(&home, &[2, 1]);
    assert_eq!(value(&store, "secret").await, secret("a"));
    put(&store, "other-secret", secret("b")).await;
    store.close().await;
    let store = open(&home, &[2]);
    assert_eq!(value(&store, "secret").await, secret("a"));
    assert_eq!(value(&store, "other-secret").await, secret("b"));
    store.close().await;
    assert_eq!(refusal(&home, &[1]), SealError::OtherKey("secret"));
    assert_eq!(refusal(&home, &[]), SealError::NoKey("secret"));
    assert_eq!(value(&open(&home, &[2]), "secret").await, secret("a"), "a refusal changes nothing");
}

#[tokio::test]
async fn a_start_finds_a_mix_of_all_keys_and_none() {
    let home = Home::new();
    let store = open(&home, &[1]);
    put(&store, "secret", secret("a")).await;
    store.close().await;
    let connection = home.connect();
    connection
        .execute(
            "INSERT INTO value(key, value, expires) VALUES ('other-secret', CAST('readable s3cr3t' AS BLOB), 9e15)",
            [],
        )
        .unwrap();
    // What an interrupted renewal leaves is one of its two ends: none is renewed where one cannot be.
    assert_eq!(refusal(&home, &[2]), SealError::OtherKey("secret"));
    let kept: Vec<u8> =
        connection.query_row("SELECT value FROM value WHERE key = 'other-secret'", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, b"readable s3cr3t");
    drop(connection);
    let store = open(&home, &[2, 1]);
    assert_eq!(value(&store, "secret").await, secret("a"));
    assert_eq!(value(&store, "other-secret").await, b"readable s3cr3t");
    assert!(!shows(&home, "s3cr3t"));
}

#[tokio::test]
async fn a_seal_that_was_broken_is_told_and_never_overwritten() {
    let home = Home::new();
    let store = open(&home, &[1]);
    put(&store, "secret", secret("a")).await;
    put(&store, "other-secret", secret("b")).await;
    store.close().await;
    let connection = home.connect();
    let swapped = "UPDATE value SET value = (SELECT value FROM value WHERE key = 'other-secret') WHERE key = 'secret'";
    assert_eq!(connection.execute(swapped, []).unwrap(), 1);
    drop(connection);
    assert_eq!(refusal(&home, &[1]), SealError::Damaged("secret"));
    assert_eq!(refusal(&home, &[2, 1]), SealError::Damaged("secret"));
}

#[tokio::test]
async fn commands_read_and_replace_what_a_running_store_has_sealed() {
    let home = Home::new();
    let store = open(&home, &[1]);
    put(&store, "secret", b"one".to_vec()).await;
    let folder = &home.options.folder;
    let beside = Beside::open_with(folder, vault(&[1])).unwrap();
    let reader = Reader::open_with(folder, vault(&[1])).unwrap();
    assert_eq!(reader.value("secret", at(0)).unwrap().unwrap(), b"one");
    assert!(!beside.replace_value("secret", b"zero", b"two").unwrap());
    assert!(beside.replace_value("secret", b"one", b"two s3cr3t").unwrap());
    assert!(!beside.replace_value("secret", b"one", b"three").unwrap(), "somebody has changed it since");
    beside.reserve("other-secret", b"first s3cr3t", at(0), Timestamp::MAX).unwrap();
    assert_eq!(value(&store, "secret").await, b"two s3cr3t");
    assert_eq!(value(&store, "other-secret").await, b"first s3cr3t");
    assert!(!shows(&home, "s3cr3t"));
    // The running store would not know what such a command writes.
    for (keys, expected) in [
        (&[2, 1][..], SealError::Company("secret")),
        (&[2][..], SealError::OtherKey("secret")),
        (&[][..], SealError::NoKey("secret")),
    ] {
        match Beside::open_with(folder, vault(keys)) {
            Err(StoreError::Open { source: OpenError::Sealed(error), .. }) => assert_eq!(error, expected),
            other => panic!("the command must be refused: {other:?}"),
        }
    }
    let without = Reader::open_with(folder, vault(&[])).unwrap().value("secret", at(0));
    assert!(matches!(without, Err(StoreError::Sealed(SealError::NoKey("secret")))), "{without:?}");
}

#[tokio::test]
async fn a_command_with_a_key_does_not_seal_what_a_running_store_keeps_readable() {
    let home = Home::new();
    let store = home.open();
    put(&store, "secret", b"one".to_vec()).await;
    let refused = Beside::open_with(&home.options.folder, vault(&[1]));
    assert!(
        matches!(refused, Err(StoreError::Open { source: OpenError::Sealed(SealError::Company("secret")), .. })),
        "{refused:?}"
    );
    store.close().await;
    let beside = Beside::open_with(&home.options.folder, vault(&[1])).unwrap();
    assert!(beside.replace_value("secret", b"one", b"two").unwrap());
    drop(beside);
    assert_eq!(refusal(&home, &[]), SealError::NoKey("secret"));
}
