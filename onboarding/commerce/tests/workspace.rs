//! The Console's file for a workspace.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Failure, WORKSPACE_FILE, Workspace, WorkspaceFile};

const SECRET: &str = "p8e-client-secret";

fn whose() -> Workspace {
    Workspace { consumer_id: "100".into(), project_id: "200".into(), workspace_id: "300".into() }
}

fn file() -> Value {
    json!({"project": {
        "id": "200", "name": "shop", "org": {"id": 100, "ims_org_id": "X@AdobeOrg"},
        "workspace": {"id": "300", "name": "Stage-2 eu", "details": {
            "credentials": [{"oauth_server_to_server": {"client_id": "client", "client_secrets": [SECRET]}}],
            "runtime": {"namespaces": [{"name": "ns", "auth": "runtime-auth-key"}]},
        }},
    }})
}

fn read(text: &str, whose: Option<&Workspace>) -> Result<WorkspaceFile, Failure> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(WORKSPACE_FILE), text).unwrap();
    WorkspaceFile::read(folder.path(), whose)
}

#[track_caller]
fn check(text: &str, label: &str, expected: &[&str]) {
    let told = read(text, Some(&whose())).expect_err(text).to_string();
    assert!(told.starts_with(&format!("CONFIGURE_EVENTING → {label}\n")), "{told}");
    for words in expected {
        assert!(told.contains(words), "no `{words}` in {told}");
    }
    assert!(told.contains("Download all") && !told.contains(SECRET), "{told}");
}

#[test]
fn it_is_sent_without_blanks_and_its_secrets_are_known() {
    let pretty = serde_json::to_string_pretty(&file()).unwrap();
    let workspace = read(&pretty, Some(&whose())).unwrap();
    assert_eq!(serde_json::from_str::<Value>(workspace.text()).unwrap(), file());
    assert!(!workspace.text().contains('\n') && workspace.text().contains("Stage-2 eu"));
    let mut secrets = workspace.secrets();
    secrets.sort_unstable();
    assert_eq!(secrets, [SECRET, "runtime-auth-key"]);
    assert!(!format!("{workspace:?}").contains(SECRET));
    assert!(read(&pretty, None).is_ok());
}

#[test]
fn the_environment_is_named_by_the_setting_or_by_the_workspace() {
    let of = |name: &str, set: Option<&str>| {
        let mut file = file();
        file["project"]["workspace"]["name"] = name.into();
        read(&file.to_string(), None).unwrap().environment_id(set)
    };
    assert_eq!(of("Stage-2 eu", Some("Production")), "Production");
    assert_eq!(of("Stage-2 eu", None), "Stage_2_eu");
    assert_eq!(of("", None), "Stage");
}

#[test]
fn what_is_not_the_consoles_file_is_refused_with_what_is_wrong() {
    check("<html>", "UNEXPECTED_ERROR", &["expected JSON; line 1, column 1 is not"]);
    check(&format!("{{\"client_secrets\": [\"{SECRET}\","), "UNEXPECTED_ERROR", &["expected JSON"]);
    check("[]", "UNEXPECTED_ERROR", &["expected `project.org.id`, it is missing", "expected `project.workspace.id`"]);
    let mut other = file();
    other["project"]["id"] = "201".into();
    other["project"]["workspace"]["id"] = 301.into();
    check(
        &other.to_string(),
        "UNEXPECTED_ERROR",
        &[
            "`project.id` is `201`, but `IO_PROJECT_ID` is `200`",
            "`project.workspace.id` is `301`, but `IO_WORKSPACE_ID` is `300`",
        ],
    );
    check(&" ".repeat(1024 * 1024 + 1), "UNEXPECTED_ERROR", &["larger than 1048576 bytes"]);
}

#[test]
fn a_missing_file_is_told_with_where_to_get_it() {
    let folder = TempDir::new().unwrap();
    let told = WorkspaceFile::read(folder.path(), None).unwrap_err().to_string();
    let begins = "CONFIGURE_EVENTING → MISSING_WORKSPACE_FILE\n  The \"workspace.json\" file was not found.\n  hint: ";
    assert!(told.starts_with(begins) && told.contains("/sandbox/workspace.json"), "{told}");
}
