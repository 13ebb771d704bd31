mod actions;
mod faults;
mod includes;
mod inputs;
mod registrations;
mod robustness;
mod sequences;

use std::fs;

use tempfile::TempDir;

use crate::{Action, Faults, MANIFEST_FILE, Manifest, Variables};

/// The variable whose value no fault and no `Debug` may show.
const SECRET: &str = "s3cr3t-value";

fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn variables() -> Variables {
    Variables::from_pairs([
        ("NAME", "value"),
        ("na-me_2", "other"),
        ("EMPTY", ""),
        ("SECRET", SECRET),
        ("DOLLAR", "$NAME"),
    ])
}

fn load(files: &[(&str, &str)]) -> Result<Manifest, Faults> {
    Manifest::load(project(files).path(), &variables())
}

/// A project of one file with one action; `lines` are its keys, and the first is in line 7.
fn load_action(lines: &[&str]) -> Result<Action, Faults> {
    let mut text = String::from(
        "application:\n  runtimeManifest:\n    packages:\n      stock-backoffice:\n        actions:\n          updated:\n",
    );
    for line in lines {
        text.push_str("            ");
        text.push_str(line);
        text.push('\n');
    }
    load(&[(MANIFEST_FILE, &text)]).map(|mut manifest| manifest.actions.remove(0))
}

/// `file:line key: problem`, without the hint.
fn told(faults: &Faults) -> Vec<String> {
    faults
        .iter()
        .map(|fault| {
            assert!(!fault.hint.is_empty(), "{fault}");
            let at = fault.at.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{at} {}: {}", fault.key, fault.problem)
        })
        .collect()
}
