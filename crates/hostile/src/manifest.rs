use std::sync::LazyLock;

use settings::{Manifest, Variables};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder can be made"));

/// Any `app.config.yaml` and any `.env` is read or refused with faults, never with a panic.
pub fn manifest(text: &[u8]) {
    let file = if text.first().is_some_and(|first| first % 4 == 0) { ".env" } else { "app.config.yaml" };
    std::fs::write(FOLDER.path().join(file), text).expect("the folder can be written");
    match Variables::read(FOLDER.path()) {
        Ok(variables) => drop(Manifest::load(FOLDER.path(), &variables)),
        Err(faults) => assert!(!faults.to_string().is_empty()),
    }
}
