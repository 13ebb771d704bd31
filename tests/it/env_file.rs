//! A `.env` that others can read is told of, and in production it is something to mend.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::Value;

use crate::support::Project;

const HINT: &str = "chmod 600 .env";

fn with_mode(mode: u32) -> Project {
    let project = Project::new()
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:9/")
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")
        .with("COMMERCE_ACCESS_TOKEN", "token-beside-the-env-file");
    project.write(".env", "KIT_INGESTION_API_KEY_SECRET=key-in-the-env-file\n");
    set_permissions(project.path().join(".env"), Permissions::from_mode(mode)).unwrap();
    project
}

/// What `kit check` says besides, and whether it is content.
#[track_caller]
fn check(mode: u32, arguments: &[&str], said: Option<&str>, is_content: bool) {
    let Output { status, stdout, stderr } = with_mode(mode).run(arguments);
    let all = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert_eq!(status.success(), is_content, "{all}");
    assert_eq!(all.contains(HINT), said.is_some(), "{all}");
    assert!(said.is_none_or(|said| all.contains(said)), "{all}");
    assert!(!all.contains("key-in-the-env-file"), "{all}");
}

#[test]
fn check_tells_who_can_read_it_and_refuses_everybody_in_production() {
    check(0o600, &["check"], None, true);
    check(0o644, &["check"], Some("`.env`: it holds secrets, and its mode 644 lets everybody"), true);
    check(0o640, &["check"], Some("its mode 640 lets its group"), true);
    check(0o600, &["check", "--serve"], None, true);
    check(0o640, &["check", "--serve"], Some("its mode 640 lets its group"), true);
    check(0o644, &["check", "--serve"], Some("its mode 644 lets everybody"), false);
    check(0o602, &["check", "--serve"], Some("1 to mend before `kit serve` can start"), false);
}

#[test]
fn programs_read_the_same() {
    let read =
        |mode, arguments: &[&str]| -> Value { serde_json::from_slice(&with_mode(mode).run(arguments).stdout).unwrap() };
    let noted = read(0o644, &["check", "--json"]);
    assert_eq!((&noted["ok"], &noted["notes"][0]["hint"]), (&true.into(), &HINT.into()), "{noted}");
    let refused = read(0o644, &["check", "--serve", "--json"]);
    assert_eq!((&refused["ok"], &refused["faults"][0]["key"]), (&false.into(), &".env".into()), "{refused}");
    assert_eq!(refused["notes"], Value::Array(Vec::new()), "it is told once: {refused}");
}

#[test]
fn serve_starts_all_the_same_and_warns() {
    let (open, closed) = (with_mode(0o640), with_mode(0o600));
    let kit = open.start(&["serve"]);
    assert!(kit.log().contains(HINT), "{}", kit.log());
    let kit = closed.start(&["serve"]);
    assert!(!kit.log().contains(HINT), "{}", kit.log());
}
