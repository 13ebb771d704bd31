//! OpenWhisk's own JavaScript client drives the runtime API.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Project, RUNTIME_AUTH};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
const MANIFEST: &str = "app.config.yaml";

/// A project with the sequence `starter-kit/twice`, which is `starter-kit/info` and then the same again.
pub fn with_sequence() -> Project {
    let project = Project::new();
    let info = "          $include: ./actions/starter_kit/actions.config.yaml\n";
    let sequence = "        sequences:\n          twice: { actions: 'info, /_/starter-kit/info', web: 'yes' }\n";
    let manifest = project.read(MANIFEST);
    assert!(manifest.contains(info), "{manifest}");
    project.write(MANIFEST, &manifest.replace(info, &format!("{info}{sequence}")));
    project
}

#[test]
fn openwhisks_javascript_client_finds_its_way_around() {
    let modules = Path::new(CLIENTS).join("node_modules/openwhisk");
    assert!(modules.is_dir(), "the client is not installed; scripts/test does that");
    let kit = with_sequence().with("AIO_runtime_namespace", "12345-shop-stage").start(&["dev"]);
    let mut node = Command::new("node");
    node.arg("openwhisk.mjs").current_dir(CLIENTS).stdin(Stdio::null());
    node.env("KIT_URL", kit.url("")).env("AIO_runtime_namespace", "12345-shop-stage");
    let output = node.env("AIO_runtime_auth", RUNTIME_AUTH).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}\n{}", String::from_utf8_lossy(&output.stderr), kit.log());
    assert!(said.ends_with("all steps passed\n"), "{said}");
    assert_eq!(kit.terminate(), Some(0));
}
