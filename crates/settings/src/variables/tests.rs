use std::env;
use std::fs;

use super::{ENV_FILE, Variables};
use crate::Faults;

/// Set in every process that runs tests.
const OF_THE_PROCESS: &str = "PATH";

fn read(text: impl AsRef<[u8]>) -> Result<Variables, Faults> {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(ENV_FILE), text).unwrap();
    Variables::read(root.path())
}

#[test]
fn values_come_from_the_file() {
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(read(line).unwrap().get("SETTINGS_TEST"), expected, "{line}");
    }
    check("SETTINGS_TEST=a", Some("a"));
    check("\u{feff}SETTINGS_TEST=a", Some("a"));
    check("export SETTINGS_TEST='a b' # why\r\n", Some("a b"));
    check("SETTINGS_TEST='$PATH'", Some("$PATH"));
    check("SETTINGS_TEST=\"a\nb\"", Some("a\nb"));
    check("SETTINGS_TEST=a\nSETTINGS_TEST=b", Some("b"));
    check("SETTINGS_TEST=a ", Some("a"));
    check("SETTINGS_TEST=", None);
    check("# SETTINGS_TEST=a", None);
    check("# it's\nSETTINGS_TEST=a", Some("a"));
    check("#it's\nSETTINGS_TEST=a", Some("a"));
    check("A=1 # it's\nSETTINGS_TEST=a", Some("a"));
    check("", None);
}

#[test]
fn the_process_wins_over_the_file() {
    let variables = read(format!("{OF_THE_PROCESS}=of-the-file\n")).unwrap();
    assert_eq!(variables.get(OF_THE_PROCESS), env::var(OF_THE_PROCESS).ok().as_deref());
    assert_eq!(variables.location(OF_THE_PROCESS), None);
}

#[test]
fn a_missing_file_is_fine() {
    let root = tempfile::tempdir().unwrap();
    assert!(Variables::read(root.path()).unwrap().get(OF_THE_PROCESS).is_some());
}

#[test]
fn bad_lines_are_all_told_with_their_number_and_without_their_text() {
    let faults = read("A=1\n\n# note\nB=s3cr3t value\nC=\"two\nlines\"\n=s3cr3t\nD=2\nE='s3cr3t\n\n").unwrap_err();
    let lines: Vec<u64> = faults.iter().map(|fault| fault.at.as_ref().unwrap().line).collect();
    assert_eq!(lines, [4, 7, 9], "{faults}");
    assert!(faults.to_string().starts_with(".env:4: expected `NAME=value`\n  hint: "), "{faults}");
    assert!(!faults.to_string().contains("s3cr3t"), "{faults}");
}

#[test]
fn a_file_that_is_no_text_is_told() {
    let faults = read(b"A=\xff").unwrap_err();
    assert!(faults.to_string().starts_with("`.env`: expected text in UTF-8"), "{faults}");
    let faults = read(" ".repeat(1024 * 1024 + 1)).unwrap_err();
    assert!(faults.to_string().starts_with("`.env`: expected at most 1048576 bytes"), "{faults}");
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let mut variables = Variables::from_pairs([("A", ""), ("B", "b")]);
    assert_eq!(variables.get("A"), None);
    assert_eq!(variables.get("B"), Some("b"));
    variables.set("A", "a");
    assert_eq!(variables.get("A"), Some("a"));
    assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn debug_shows_names_only() {
    let variables = Variables::from_pairs([("A", "s3cr3t"), ("B", "")]);
    assert_eq!(format!("{variables:?}"), r#"Variables {"A", "B"}"#);
}
