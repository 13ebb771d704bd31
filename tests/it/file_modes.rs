//! Nobody but its owner can use what the program stores, whatever the umask.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{PRODUCT_CREATE, Project, Server, product};

/// The command as it would run where everybody may do everything with new files.
fn without_umask(project: &Project, arguments: &[&str]) -> Command {
    let plain = project.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(project.path()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

#[track_caller]
fn check_private(folder: &Path, names: &[&str]) {
    assert_eq!(mode(folder), 0o700);
    let mut found: Vec<String> =
        files(folder).iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    found.sort();
    assert_eq!(found, names);
    for file in files(folder) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

const STORE: [&str; 4] = ["kit.db", "kit.db-shm", "kit.db-wal", "kit.lock"];
const ALL: [&str; 7] =
    ["kit.db", "kit.db-shm", "kit.db-wal", "kit.lock", "sandbox.db", "sandbox.db-shm", "sandbox.db-wal"];

#[tokio::test]
async fn all_that_a_kit_stores_is_private_and_what_was_not_is_mended() {
    let project = Project::new();
    let data = project.path().join("data");
    let kit = Server::spawn(without_umask(&project, &["dev"]), project.path());
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.calls_reach("products", 1).await;
    check_private(&data, &ALL);
    kit.kill();
    set_mode(&data, 0o755);
    for file in files(&data) {
        set_mode(&file, 0o664);
    }
    let kit = Server::spawn(without_umask(&project, &["dev"]), project.path());
    check_private(&data, &ALL);
    let log = kit.log();
    assert_eq!(
        log.matches("others could use what is stored here").count(),
        2,
        "once for the store, once for the sandbox: {log}"
    );
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn production_and_commands_make_private_files_too() {
    let project = Project::new().with("KIT_ROLE", "events-service").with("KIT_DATA", "deep/in/data");
    let data = project.path().join("deep/in/data");
    assert!(without_umask(&project, &["credential", "create", "shop"]).output().unwrap().status.success());
    assert_eq!((mode(&data), mode(&data.join("kit.db"))), (0o700, 0o600));
    let kit = Server::spawn(without_umask(&project, &["serve"]), project.path());
    assert!(project.run(&["signing-key", "rotate"]).status.success());
    check_private(&data, &STORE);
    assert_eq!(kit.terminate(), Some(0));
}

#[test]
fn a_folder_that_is_open_and_has_other_things_in_it_is_refused() {
    let project = Project::new().with("KIT_DATA", ".");
    set_mode(project.path(), 0o755);
    let told = project.refusal(&["dev"]);
    assert!(told.contains("others can use ") && told.contains("take a folder of its own for the store"), "{told}");
    assert_eq!(mode(project.path()), 0o755, "it is not the kit's to change");
    assert!(!project.path().join("kit.lock").exists());
}
