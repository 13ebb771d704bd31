//! `kit torture`: a run that finds nothing, and what it finds when the program is broken on purpose.

use serde_json::Value;

use crate::support::Project;

/// Runs it in a folder of the test's own; its exit code and what it printed.
fn torture(arguments: &[&str]) -> (Option<i32>, Value) {
    let project = Project::new();
    let folder = project.path().to_str().unwrap().to_owned();
    let project = project.with("TMPDIR", &folder);
    let seed = uuid::Uuid::new_v4().as_u64_pair().0.to_string();
    let output = project.run(&[&["torture", "--json", "--seed", &seed], arguments].concat());
    let printed = serde_json::from_slice(&output.stdout);
    (output.status.code(), printed.unwrap_or_else(|_| panic!("seed {seed}: {output:?}")))
}

#[test]
fn kills_and_faults_lose_nothing_and_double_nothing() {
    let (code, report) = torture(&["--kills", "3", "--events", "300"]);
    assert_eq!((code, &report["findings"]), (Some(0), &Value::Array(Vec::new())), "{report:#}");
    assert_eq!(report["kills"], 3);
    assert_eq!(report["events"]["sent"], 300);
    assert!(report["faults"]["target"].as_u64() > Some(0), "{report:#}");
    assert!(report["target"]["effects"].as_u64() >= report["events"]["acknowledged"].as_u64(), "{report:#}");
}

fn check_plant(plant: &str) {
    let (code, report) = torture(&["--kills", "1", "--events", "300", "--plant", plant]);
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["kind"] == plant);
    assert!(found.is_some_and(|found| found["event"].is_string() && found["key"].is_string()), "{report:#}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_lost_event_is_found() {
    check_plant("lost");
}

#[test]
fn a_second_effect_is_found() {
    check_plant("double");
}

#[test]
fn an_event_that_overtakes_is_found() {
    check_plant("reorder");
}

#[test]
fn an_event_that_stands_still_is_found() {
    check_plant("stuck");
}

#[test]
fn what_is_tortured_is_no_command_of_its_own() {
    let help = String::from_utf8(Project::new().run(&["--help"]).stdout).unwrap();
    assert!(help.contains("torture ") && !help.contains("torture-child"), "{help}");
}
