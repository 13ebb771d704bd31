//! Secrets at rest: sealed, with a key that can be replaced, and never in a file in readable form.

use std::path::PathBuf;
use std::process::Stdio;

use jiff::Timestamp;
use serde_json::Value;
use store::Reader;

use crate::support::{Answer, ENCRYPTION_KEY, Project, Server, shows};

const NEW_KEY: &str = "6b65792d6f662d74686520746573747320746861742069732062657474657221";
const KEYS: &str = r#"["6b65792d6f662d74686520746573747320746861742069732062657474657221","cGxlYXNlIG1ha2UgYSBrZXkgb2YgeW91ciBvd24hISE="]"#;
const KEYS_BACK: &str = r#"["cGxlYXNlIG1ha2UgYSBrZXkgb2YgeW91ciBvd24hISE=","6b65792d6f662d74686520746573747320746861742069732062657474657221"]"#;

/// An events service with a client, whose secrets are kept as `key` says.
fn events_service(key: &str) -> (Project, Vec<(String, String)>) {
    let project = Project::new().with("KIT_ROLE", "events-service").with("KIT_ENCRYPTION_KEY", key);
    let made = project.run(&["credential", "create", "shop"]);
    assert!(made.status.success(), "{made:?}");
    let lines = String::from_utf8(made.stdout).unwrap();
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    (project, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn data(project: &Project) -> PathBuf {
    project.path().join("data")
}

fn said<'a>(client: &'a [(String, String)], name: &str) -> &'a str {
    &client.iter().find(|(known, _)| known == name).unwrap().1
}

async fn token(kit: &Server, client: &[(String, String)]) -> String {
    let (id, secret) = (said(client, "OAUTH_CLIENT_ID"), said(client, "OAUTH_CLIENT_SECRET"));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=openid,adobeio_api");
    let request = kit.client.post(kit.url("/ims/token/v3")).body(form);
    let granted = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    granted.body["access_token"].as_str().unwrap_or_else(|| panic!("{granted:?}")).to_owned()
}

/// Whether a token that was issued before still counts: the key that signed it is the same.
async fn counts(kit: &Server, client: &[(String, String)], token: &str) -> bool {
    let providers = kit.url(&format!("/events/{}/providers", said(client, "IO_CONSUMER_ID")));
    let request = kit.client.get(providers).bearer_auth(token).header("x-api-key", said(client, "OAUTH_CLIENT_ID"));
    Answer::of(request).await.status == 200
}

fn signing_keys(project: &Project) -> Value {
    let listed = project.run(&["signing-key", "list", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    serde_json::from_slice(&listed.stdout).unwrap()
}

/// What commands say that need the secrets and cannot have them.
#[track_caller]
fn check_refused(project: &Project, hint: &str) {
    let output = project.run(&["signing-key", "rotate"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(hint), "{told}");
}

/// Secrets that a service without a key keeps, as its files have them: what signs tokens, and a part of what signs
/// deliveries.
fn readable_secrets(project: &Project) -> [Vec<u8>; 2] {
    let reader = Reader::open(&data(project)).unwrap();
    let value = |name: &str| reader.value(name, Timestamp::now()).unwrap().unwrap();
    let keys: Value = serde_json::from_slice(&value("events-api/signing-keys")).unwrap();
    let private = keys["signing"][1]["private"].as_str().unwrap();
    [value("events-api/token-key"), private.as_bytes()[600..700].to_vec()]
}

#[tokio::test]
async fn secrets_that_were_readable_are_sealed_and_keys_replace_each_other() {
    let (project, client) = events_service("none");
    let kit = project.start(&["serve"]);
    let token = token(&kit, &client).await;
    assert!(project.run(&["signing-key", "rotate"]).status.success());
    let keys = signing_keys(&project);
    kit.kill();
    let secrets = readable_secrets(&project);
    assert!(secrets.iter().all(|secret| shows(&data(&project), secret)), "without a key they are readable");

    let mut project = project;
    for (key, refused, why) in [
        (ENCRYPTION_KEY, "none", "no key was given"),
        (KEYS, ENCRYPTION_KEY, "a key that is none of those given"),
        (NEW_KEY, ENCRYPTION_KEY, "a key that is none of those given"),
    ] {
        project = project.with("KIT_ENCRYPTION_KEY", key);
        let kit = project.start(&["serve"]);
        assert!(counts(&kit, &client, &token).await);
        assert_eq!(signing_keys(&project), keys);
        assert!(!secrets.iter().any(|secret| shows(&data(&project), secret)), "running");
        kit.kill();
        assert!(!secrets.iter().any(|secret| shows(&data(&project), secret)), "killed");
        project = project.with("KIT_ENCRYPTION_KEY", refused);
        let told = project.refusal(&["serve"]);
        assert!(told.contains(why) && told.contains("  hint: `KIT_ENCRYPTION_KEY` or"), "{told}");
        assert!(!told.contains(ENCRYPTION_KEY) && !told.contains(NEW_KEY), "{told}");
        check_refused(&project, why);
        let output = project.run(&["credential", "list"]);
        assert!(output.status.success(), "what needs no secret goes on: {output:?}");
    }
}

#[tokio::test]
async fn a_command_beside_a_kit_with_another_key_changes_nothing() {
    let (project, client) = events_service(ENCRYPTION_KEY);
    let kit = project.start(&["serve"]);
    let token = token(&kit, &client).await;
    let keys = signing_keys(&project);
    let project = project.with("KIT_ENCRYPTION_KEY", KEYS);
    check_refused(&project, "start that kit again, so that it has the `KIT_ENCRYPTION_KEY` of this command");
    let project = project.with("KIT_ENCRYPTION_KEY", "");
    check_refused(&project, "no key was given");
    let project = project.with("KIT_ENCRYPTION_KEY", ENCRYPTION_KEY);
    assert_eq!(signing_keys(&project), keys);
    assert!(counts(&kit, &client, &token).await);
    assert_eq!(kit.terminate(), Some(0));
}

/// Starts the service and kills it when its log has grown, which is when the first transaction is on disk; or when it
/// listens.
fn start_and_kill(project: &Project) {
    let log = data(project).join("kit.db-wal");
    let mut child =
        project.command(&["serve"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let (listens, told) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let _ = std::io::BufRead::read_line(&mut stdout, &mut String::new());
        let _ = listens.send(());
    });
    while told.try_recv().is_err() && std::fs::metadata(&log).map_or(0, |log| log.len()) == 0 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reading.join().unwrap();
}

#[tokio::test]
async fn a_kill_while_secrets_are_sealed_again_loses_none() {
    let (project, client) = events_service(ENCRYPTION_KEY);
    let kit = project.start(&["serve"]);
    let token = token(&kit, &client).await;
    let keys = signing_keys(&project);
    assert_eq!(kit.terminate(), Some(0));
    let mut project = project;
    for round in 0..12 {
        project = project.with("KIT_ENCRYPTION_KEY", [KEYS, KEYS_BACK][round % 2]);
        start_and_kill(&project);
    }
    let kit = project.start(&["serve"]);
    assert!(counts(&kit, &client, &token).await);
    assert_eq!(signing_keys(&project), keys);
    assert_eq!(kit.terminate(), Some(0));
}

#[test]
fn production_wants_a_key_or_a_word_that_it_has_none() {
    let (project, _) = events_service("none");
    let project = project.with("KIT_ENCRYPTION_KEY", "");
    let wanted = "`KIT_ENCRYPTION_KEY`: expected a key for the secrets that our own events service keeps";
    let told = project.refusal(&["serve"]);
    assert!(told.contains(wanted) && told.contains("`openssl rand -base64 32`"), "{told}");
    let checked = project.run(&["check", "--serve"]);
    assert!(String::from_utf8(checked.stderr).unwrap().contains(wanted));
    assert!(project.run(&["check"]).status.success(), "`kit dev` goes without");
    project.write("key", NEW_KEY);
    std::process::Command::new("chmod").args(["644", "key"]).current_dir(project.path()).status().unwrap();
    let project = project.with("KIT_ENCRYPTION_KEY_FILE", "key");
    let told = project.refusal(&["serve"]);
    assert!(told.contains("`KIT_ENCRYPTION_KEY_FILE`: expected a file that its owner alone can write"), "{told}");
    std::process::Command::new("chmod").args(["600", "key"]).current_dir(project.path()).status().unwrap();
    assert!(project.run(&["check", "--serve"]).status.success());
}
