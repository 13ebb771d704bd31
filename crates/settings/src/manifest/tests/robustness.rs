use std::fs;

use proptest::prelude::*;

use super::{load, project};
use crate::Variables;

/// Texts that look enough like the real thing to come past the scanner.
const ALMOST_YAML: &str =
    "([a-c$&*!%?|>'\"{}\\[\\],:~<#@ü-]|: |- |\n|\n  |\n    |<<: |\\$include: |app\\.config\\.yaml|0|\\.inf){0,60}";

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in any::<String>()) {
        let _ = load(&[("app.config.yaml", &text)]);
    }

    #[test]
    fn no_text_close_to_yaml_makes_the_loader_panic(text in ALMOST_YAML) {
        let indented = text.replace('\n', "\n      ");
        let inside = format!("application:\n  runtimeManifest:\n    packages:\n      {indented}\n");
        let _ = load(&[("app.config.yaml", &inside)]);
        let _ = load(&[("app.config.yaml", &text)]);
    }

    #[test]
    fn no_variable_file_makes_the_reader_panic(bytes in any::<Vec<u8>>(), text in "[A-C=$ {}'\"\\\\\n#ü]{0,60}") {
        let root = project(&[(".env", &text)]);
        let _ = Variables::read(root.path());
        fs::write(root.path().join(".env"), bytes).unwrap();
        let _ = Variables::read(root.path());
    }
}
