//! What is wrong with the config files, in words a user can act on.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::slice;

use settings::Fault;

/// The contract names the file by this path, wherever the folder is.
const REGISTRATIONS_PATH: &str = "/onboarding/config/starter-kit-registrations.json";

/// One thing that is wrong with the config files: which file, what, and how to mend it.
///
/// Causes are part of the text: several problems are reported together and a chain has room for one.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(
        "{}: cannot be read: {error}\n  hint: put the file there; the kit's own copy is a good start",
        file.display()
    )]
    Unreadable { file: PathBuf, error: io::Error },

    #[error("{}:{line}:{column}: {fault}\n  hint: mend the file in this place", file.display())]
    Malformed { file: PathBuf, line: usize, column: usize, fault: String },

    /// `MISSING_REGISTRATIONS` in Adobe's kit.
    #[error(
        "{}: {}\n{}\n  hint: an entity that nobody sends or receives still stands there, with an empty list",
        file.display(),
        Self::MISSING_REGISTRATIONS,
        missing_registrations(missing)
    )]
    MissingRegistrations { file: PathBuf, missing: Vec<&'static str> },

    #[error(
        "{}: `{entity}` names the provider `{key}`, which nobody described\n  hint: known are {}; \
         a new one goes into providers.json",
        file.display(),
        listed(known)
    )]
    UnknownProvider { file: PathBuf, entity: String, key: String, known: Vec<String> },

    #[error(
        "{}: `{entity}` has no events of the provider `{key}`\n  hint: add them under `{entity}`, `{key}`, or take \
         `{key}` out of `{entity}` in starter-kit-registrations.json",
        file.display()
    )]
    NoEvents { file: PathBuf, entity: String, key: String },

    /// Nothing in the file belongs to the provider whose samples were asked for.
    #[error("{}: no entity has events of the provider `{key}`\n  hint: known are {}", file.display(), listed(known))]
    NoSamples { file: PathBuf, key: String, known: Vec<String> },

    /// JSON that no program can hold: a number too large, or nested too deeply.
    #[error(
        "{}: the sample of `{code}` cannot be used: {error}\n  hint: write a sample that the provider could send",
        file.display()
    )]
    UnusableSample { file: PathBuf, code: String, error: serde_json::Error },

    #[error("{}: {what} stands there twice, {places}\n  hint: remove or rename one of them", file.display())]
    Twice { file: PathBuf, what: String, places: String },

    /// In a place that has a key: of a file that breaks its schema, or of `app.config.yaml`.
    #[error("{0}")]
    Placed(Box<Fault>),

    #[error(
        "{}: unable to add a suffix to the labels: the namespace `{namespace}` has none\n  hint: set \
         AIO_runtime_namespace in .env to the name of the runtime namespace",
        file.display()
    )]
    NoSuffix { file: PathBuf, namespace: String },
}

impl Problem {
    const MISSING_REGISTRATIONS: &'static str = "MISSING_REGISTRATIONS";

    /// The label that Adobe's kit gives this problem, where it has one.
    pub fn label(&self) -> Option<&'static str> {
        match self {
            Self::MissingRegistrations { .. } => Some(Self::MISSING_REGISTRATIONS),
            Self::Unreadable { .. }
            | Self::Malformed { .. }
            | Self::UnknownProvider { .. }
            | Self::NoEvents { .. }
            | Self::NoSamples { .. }
            | Self::UnusableSample { .. }
            | Self::Twice { .. }
            | Self::Placed(_)
            | Self::NoSuffix { .. } => None,
        }
    }
}

/// Everything that one look at the config files found. Never empty.
#[derive(Debug)]
pub struct LoadError(Vec<Problem>);

impl LoadError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "a failed load has a reason");
        Self(problems)
    }

    pub fn iter(&self) -> slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Vec<Problem>> for LoadError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::new(problems)
    }
}

impl<'a> IntoIterator for &'a LoadError {
    type Item = &'a Problem;
    type IntoIter = slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

/// The tree that Adobe's kit prints, word for word.
fn missing_registrations(missing: &[&str]) -> String {
    let last = missing.len().saturating_sub(1);
    let lines = missing.iter().enumerate().map(|(index, entity)| {
        let branch = if index == last { "└── " } else { "├── " };
        format!("{branch}Registration \"{entity}\" is required\n")
    });
    format!("{}\nCheck that they are present in \"{REGISTRATIONS_PATH}\"", lines.collect::<String>())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
