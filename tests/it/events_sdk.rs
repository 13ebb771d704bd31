//! Adobe's own JavaScript SDK drives our events service.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Project;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

#[test]
fn adobes_javascript_sdk_finds_its_way_around() {
    assert!(Path::new(CLIENTS).join("node_modules").is_dir(), "the SDK is not installed; scripts/test does that");
    let variables = [
        ("OAUTH_CLIENT_ID", "sdk-client"),
        ("OAUTH_CLIENT_SECRET", "sdk-secret"),
        ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
        ("IO_CONSUMER_ID", "10"),
        ("IO_PROJECT_ID", "20"),
        ("IO_WORKSPACE_ID", "30"),
    ];
    let project = variables.iter().fold(Project::new(), |project, (name, value)| project.with(name, value));
    let kit = project.start(&["dev"]);
    let mut node = Command::new("node");
    node.arg("events-sdk.mjs").current_dir(CLIENTS).envs(variables).env("KIT_URL", kit.url("")).stdin(Stdio::null());
    let output = node.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}\n{}", String::from_utf8_lossy(&output.stderr), kit.log());
    assert!(said.ends_with("all steps passed\n"), "{said}");
    assert_eq!(kit.terminate(), Some(0));
}
