//! Who may use the files of a store.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::{Beside, OpenError, Store};

use crate::home::{Home, append, event, mode};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the path is the test's own");
}

/// The modes of the folder and of all that is in it.
#[track_caller]
fn check_private(home: &Home) {
    assert_eq!(mode(&home.options.folder), 0o700);
    for file in fs::read_dir(&home.options.folder).expect("the folder is the test's own").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn folder_and_files_are_for_their_owner_only() {
    let home = Home::new();
    let store = home.open();
    append(&store, event(0)).await;
    assert!(home.options.folder.join("kit.db-wal").exists() && home.options.folder.join("kit.db-shm").exists());
    check_private(&home);
    assert_eq!(mode(&home.parent.path().join("kit")), 0o700);
}

#[tokio::test]
async fn what_an_earlier_version_left_open_is_closed() {
    for is_command in [false, true] {
        let home = Home::new();
        let store = home.open();
        append(&store, event(0)).await;
        set_mode(&home.options.folder, 0o755);
        for file in ["kit.db", "kit.db-wal", "kit.db-shm", "kit.lock"] {
            set_mode(&home.options.folder.join(file), 0o666);
        }
        // Whoever closes it last takes files away, and no look at them is to meet that.
        if is_command {
            Beside::open(&home.options.folder).unwrap();
            check_private(&home);
        } else {
            store.close().await;
            drop(store);
            let _again = home.open();
            check_private(&home);
        }
    }
}

#[test]
fn an_empty_folder_is_taken() {
    let home = Home::new();
    fs::create_dir_all(&home.options.folder).unwrap();
    set_mode(&home.options.folder, 0o777);
    let _store = home.open();
    check_private(&home);
}

#[test]
fn a_folder_with_things_of_others_is_taken_when_it_is_private_and_never_changed() {
    let home = Home::new();
    fs::create_dir_all(&home.options.folder).unwrap();
    let other = home.options.folder.join("other");
    fs::write(&other, "of somebody else").unwrap();
    set_mode(&other, 0o644);
    for open in [0o755, 0o770, 0o1777] {
        set_mode(&home.options.folder, open);
        let refusal = home.refusal();
        assert!(matches!(refusal, OpenError::Exposed { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("take a folder of its own for the store"), "{refusal}");
        assert_eq!(fs::metadata(&home.options.folder).unwrap().permissions().mode() & 0o7777, open);
        assert_eq!(fs::read_dir(&home.options.folder).unwrap().count(), 1, "nothing was made");
    }
    set_mode(&home.options.folder, 0o700);
    home.open();
    assert_eq!(mode(&other), 0o644);
}
