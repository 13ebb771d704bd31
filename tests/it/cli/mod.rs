//! What commands print and how they end: for people word by word, for programs the same of a folder and of a kit
//! elsewhere, and on and on over restarts.

mod elsewhere;
mod following;
mod invoking;
mod pages;
mod sending;

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{PRODUCT_CREATE, Project, Server, product};

/// The key of the runtime API of kits in these tests.
const KEY: &str = "00000000-0000-4000-8000-00000000000a:key-of-the-runtime-api-of-the-tests-0";

/// A kit's project, whose failures are tried again in an hour, so that they stay as they are.
fn project() -> Project {
    Project::new().with("KIT_RETRY_DELAYS", "1h").with("AIO_runtime_auth", KEY)
}

/// Runs a command whose arguments have no spaces in them.
fn run(project: &Project, line: &str) -> Output {
    project.run(&line.split(' ').collect::<Vec<_>>())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command that succeeds prints.
#[track_caller]
fn printed(project: &Project, line: &str) -> String {
    let output = run(project, line);
    assert!(output.status.success(), "`kit {line}`: {output:?}");
    text(&output.stdout)
}

#[track_caller]
fn json_of(project: &Project, line: &str) -> Value {
    serde_json::from_str(&printed(project, line)).unwrap()
}

/// A command that is refused says this on stderr, and a hint with this in it; nothing on stdout.
#[track_caller]
fn check_refused(project: &Project, line: &str, error: &str, hint: &str) {
    let output = run(project, line);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "`kit {line}`: {said}");
    assert!(said.starts_with(&format!("error: {error}")), "`kit {line}`: {said}");
    let hints: String = said.lines().filter_map(|line| line.strip_prefix("  hint: ")).collect();
    assert!(hints.contains(hint), "`kit {line}`: {said}");
}

/// Brings a product, and waits until its delivery stands like this.
async fn bring(kit: &Server, project: &Project, uid: &str, state: &str) {
    let answer = kit.send(uid, PRODUCT_CREATE, &product(uid)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    kit.until(&format!("`{uid}` is {state}"), || async {
        let output = run(project, &format!("delivery get {uid} --json"));
        let found: Value = serde_json::from_slice(&output.stdout).ok()?;
        (found[0]["state"] == state).then_some(())
    })
    .await;
}

/// A kit that delivered one product, and whose Commerce refused another.
async fn kit_with_a_failure(project: &Project) -> Server {
    let kit = project.start(&["dev"]);
    bring(&kit, project, "good", "done").await;
    kit.fault(&json!({"target": "commerce", "method": "POST", "path": "products", "status": 400, "count": 1})).await;
    bring(&kit, project, "bad", "refused").await;
    kit
}
