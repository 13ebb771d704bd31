//! Watches what leaves the kits of a test: logs, what commands print, files and rows of the store, answers, and what a
//! collector of traces got are searched for every secret that the kits were given or made. A find fails the test.
//!
//! The forms of a secret are made here anew: what takes secrets out is not asked what there is to find.

mod allowed;
mod files;
mod forms;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use redaction::is_secret_variable;
use serde_json::Value;

pub use self::allowed::FOLDER;

/// A shorter secret would be found where nobody told it.
const SECRET_BYTES_MIN: usize = 8;

/// Before a find, so much of the text is shown.
const SHOWN_BYTES: usize = 80;

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Log,
    /// What a command printed on stdout; on stderr no secret has a place at all.
    Stdout(String),
    File(String),
    Row {
        table: String,
        column: String,
    },
    Answer(String),
    Trace,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => formatter.write_str("the log"),
            Self::Stdout(command) => write!(formatter, "stdout of `kit {command}`"),
            Self::File(name) => write!(formatter, "the file `{name}`"),
            Self::Row { table, column } => write!(formatter, "a row of `{table}`, column `{column}`"),
            Self::Answer(path) => write!(formatter, "an answer of `{path}`"),
            Self::Trace => formatter.write_str("a trace"),
        }
    }
}

/// The secrets of one test, by their values, and where they were found.
#[derive(Debug, Default)]
pub struct Watch {
    secrets: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// Made when it is needed, until there is one more secret.
    search: Mutex<Option<Arc<Search>>>,
    found: Mutex<Vec<String>>,
}

/// All forms of all secrets, and whose they are.
#[derive(Debug)]
struct Search {
    forms: AhoCorasick,
    names: Vec<BTreeSet<String>>,
}

thread_local! {
    static OF_TEST: Arc<Watch> = Arc::default();
}

/// That of the test that runs here: each has a thread of its own.
pub fn of_test() -> Arc<Watch> {
    OF_TEST.with(Arc::clone)
}

impl Watch {
    /// From now on this is searched for.
    pub fn give(&self, name: &str, secret: &str) {
        let is_distinctive = secret.len() >= SECRET_BYTES_MIN || secret.is_empty();
        assert!(is_distinctive, "the secret `{name}` of a test has at least {SECRET_BYTES_MIN} bytes");
        if !secret.is_empty() {
            lock(&self.secrets).entry(secret.to_owned()).or_default().insert(name.to_owned());
            *lock(&self.search) = None;
        }
    }

    /// What a kit gets by its environment.
    pub fn give_variable(&self, name: &str, value: &str) {
        // A key at rest may be none at all.
        if !is_secret_variable(name) || value == "none" {
            return;
        }
        let several = serde_json::from_str::<Vec<String>>(value).unwrap_or_else(|_| vec![value.trim().to_owned()]);
        let is_list = name == "OTEL_EXPORTER_OTLP_HEADERS";
        for secret in several {
            let secret = if is_list { secret.split_once('=').map_or("", |(_, value)| value) } else { &secret };
            self.give(name, secret);
        }
    }

    /// What a kit gets by the variables of a command.
    pub fn give_to(&self, command: &Command) {
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        for (name, value) in command.get_envs() {
            self.give_variable(&text(name), &value.map(text).unwrap_or_default());
        }
    }

    /// What a kit gets by its `.env`.
    pub fn give_env_file(&self, lines: &str) {
        for (name, value) in lines.lines().filter_map(|line| line.split_once('=')) {
            self.give_variable(name, value.trim_matches(['"', '\'']));
        }
    }

    /// A command that tells new secrets once; a log has no place for them.
    pub fn printed(&self, command: &str, stdout: &[u8], stderr: &[u8]) {
        if allowed::TELL_ONCE.iter().any(|tells| command.starts_with(tells)) {
            for secret in forms::made(&String::from_utf8_lossy(stdout)) {
                self.give(command, &secret);
            }
        }
        self.look(&Place::Stdout(command.to_owned()), stdout);
        self.look(&Place::Log, stderr);
    }

    /// An answer. A token is told to whoever asked for it, and is a secret from then on.
    pub fn answered(&self, path: &str, headers: &str, text: &str) {
        self.look(&Place::Answer(path.to_owned()), headers.as_bytes());
        self.look(&Place::Answer(path.to_owned()), text.as_bytes());
        if let Ok(Value::Object(body)) = serde_json::from_str(text)
            && let Some(token) = body.get("access_token").and_then(Value::as_str)
        {
            self.give("access token", token);
        }
    }

    /// The files and rows of a store that no kit has open any more.
    pub fn stored(&self, folder: &Path) {
        files::look(self, folder);
    }

    /// Searches for all secrets; what may be there is no find.
    pub fn look(&self, place: &Place, text: &[u8]) {
        let search = self.search();
        for found in search.forms.find_overlapping_iter(text) {
            let names = &search.names[found.pattern().as_usize()];
            if names.iter().any(|name| allowed::is_allowed(place, name)) {
                continue;
            }
            let names = names.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
            let before = String::from_utf8_lossy(&text[found.start().saturating_sub(SHOWN_BYTES)..found.start()]);
            lock(&self.found).push(format!("`{names}` is in {place}, after: {before:?}"));
            return;
        }
    }

    fn search(&self) -> Arc<Search> {
        let mut search = lock(&self.search);
        let make = || {
            let secrets = lock(&self.secrets);
            let (texts, names): (Vec<String>, Vec<BTreeSet<String>>) = secrets
                .iter()
                .flat_map(|(secret, names)| forms::of(secret).into_iter().map(|form| (form, names.clone())))
                .unzip();
            Arc::new(Search { forms: AhoCorasick::new(texts).unwrap(), names })
        };
        Arc::clone(search.get_or_insert_with(make))
    }

    /// # Panics
    /// Something was found.
    #[track_caller]
    pub fn check(&self) {
        let found = std::mem::take(&mut *lock(&self.found));
        assert!(found.is_empty(), "secrets were told:\n{}", found.join("\n"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
