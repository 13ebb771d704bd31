//! House rules that a machine can check: lengths, headings, leftovers, who depends on whom.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::golden::root;

const LINES_MAX: usize = 400;

/// Folders that hold no source of ours.
const SKIPPED: [&str; 4] = ["target", "data", ".git", "node_modules"];

/// What must not stay in a source file. Each is written in two halves, so that this file does not contain it.
const LEFTOVERS: [[&str; 2]; 7] = [
    ["todo", "!"],
    ["unimplemented", "!"],
    ["dbg", "!"],
    ["#[ign", "ore"],
    ["#[all", "ow("],
    ["FIX", "ME"],
    ["TO", "DO"],
];

/// Crates, and all of the workspace that they may depend on.
const DEPENDENCIES: [(&str, &[&str]); 9] = [
    ("sdk", &[]),
    ("store", &[]),
    ("schemes", &[]),
    ("egress", &["schemes"]),
    ("redaction", &[]),
    ("sandbox", &[]),
    ("settings", &["egress", "schemes"]),
    ("actions", &["sdk"]),
    ("adobe", &["egress", "redaction", "schemes", "sdk"]),
];

/// Only tests depend on these.
const FOR_TESTS: [&str; 2] = ["hostile", "testkit"];

#[test]
fn no_source_file_is_longer_than_the_limit() {
    for file in sources() {
        let lines = read(&file).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines, the limit is {LINES_MAX}", shown(&file));
    }
}

#[test]
fn every_crate_says_what_it_is_and_names_its_invariant() {
    for folder in crates() {
        let lib = [folder.join("lib.rs"), folder.join("src/lib.rs")].into_iter().find(|file| file.is_file());
        let lib = lib.unwrap_or_else(|| panic!("{} has no lib.rs", shown(&folder)));
        let text = read(&lib);
        assert!(text.starts_with("//!"), "{} begins with what the crate is", shown(&lib));
        let has_invariant = text.lines().any(|line| line.starts_with("//! Invariant: "));
        assert!(has_invariant, "{} has no line that begins with `//! Invariant: `", shown(&lib));
    }
}

#[test]
fn nothing_unfinished_is_left_in_the_sources() {
    for file in sources() {
        for (number, line) in (1..).zip(read(&file).lines()) {
            for leftover in LEFTOVERS.map(|halves| halves.concat()) {
                assert!(!line.contains(&leftover), "{}:{number} has `{leftover}`", shown(&file));
            }
        }
    }
}

#[test]
fn dependencies_between_crates_point_one_way() {
    let crates = crates();
    let names: Vec<String> = crates.iter().map(|folder| name(folder)).collect();
    for folder in &crates {
        let depends_on = dependencies(&folder.join("Cargo.toml"));
        let allowed = DEPENDENCIES.iter().find(|(of, _)| *of == name(folder)).map(|(_, allowed)| *allowed);
        for dependency in depends_on.iter().filter(|dependency| names.contains(dependency)) {
            let is_allowed = allowed.is_none_or(|allowed| allowed.contains(&dependency.as_str()));
            assert!(is_allowed, "`{}` must not depend on `{dependency}`", name(folder));
            let is_for_tests = FOR_TESTS.contains(&dependency.as_str()) && !FOR_TESTS.contains(&name(folder).as_str());
            assert!(!is_for_tests, "`{}` may have `{dependency}` in its tests only", name(folder));
        }
    }
    let program = dependencies(&root().join("Cargo.toml"));
    let is_for_tests = |dependency: &String| FOR_TESTS.contains(&dependency.as_str());
    assert!(!program.iter().any(is_for_tests), "the program may have {FOR_TESTS:?} in its tests only");
    for (of, _) in DEPENDENCIES {
        assert!(names.iter().any(|name| name == of), "`{of}` is a crate of the workspace");
    }
}

#[test]
fn every_crate_is_named_in_the_architecture() {
    let text = read(&root().join("ARCHITECTURE.md"));
    for folder in crates() {
        let name = name(&folder);
        let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_');
        assert!(words.any(|word| word == name), "ARCHITECTURE.md does not name the crate `{name}`");
    }
}

#[test]
fn every_script_can_be_run_and_stops_at_its_first_failure() {
    // What has an extension belongs to a script: nobody runs it by itself.
    let is_script = |path: &PathBuf| path.is_file() && path.extension().is_none();
    let mut scripts: Vec<PathBuf> = entries(&root().join("scripts")).into_iter().filter(is_script).collect();
    scripts.extend(Some(root().join(".ci/run")).filter(|path| path.is_file()));
    for script in scripts {
        let mode = fs::metadata(&script).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{} is executable", shown(&script));
        let text = read(&script);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("#!"), "{} begins with `#!`", shown(&script));
        if first.ends_with("sh") {
            let sets = text.lines().find_map(|line| line.strip_prefix("set -")).unwrap_or_default();
            let options = sets.split(' ').next().unwrap_or_default();
            assert!(options.contains('e') && options.contains('u'), "{} has a line `set -eu`", shown(&script));
        }
    }
}

/// Every Rust file of the workspace.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() && !SKIPPED.contains(&name(&path).as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    assert!(sources.len() > 100, "the sources are found");
    sources
}

/// The folders of all crates but the program's own.
fn crates() -> Vec<PathBuf> {
    let mut folders = entries(&root().join("crates"));
    folders.extend(["actions", "onboarding"].map(|name| root().join(name)));
    folders
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// What a Cargo.toml depends on outside tests.
fn dependencies(manifest: &Path) -> Vec<String> {
    let mut is_read = false;
    let mut dependencies = Vec::new();
    for line in read(manifest).lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end().trim_end_matches(']');
            is_read = section.ends_with("dependencies")
                && !section.ends_with("dev-dependencies")
                && section != "workspace.dependencies";
        } else if is_read && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            dependencies.push(name.to_owned());
        }
    }
    dependencies
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", shown(path)))
}

/// The path as seen from the checkout.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
