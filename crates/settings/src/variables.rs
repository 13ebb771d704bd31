//! The variables of a run: the process environment over `.env`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::{Fault, Faults, Location};

/// Where the project folder keeps its variables.
pub const ENV_FILE: &str = ".env";

const ENV_BYTES_MAX: u64 = 1024 * 1024;
/// Unreadable values of these are faults; those of other programs are none of our business.
const OUR_PREFIXES: [&str; 4] = ["KIT_", "COMMERCE_", "OAUTH_", "AIO_"];

/// The variables a run sees. The process wins over `.env`, even with an empty value.
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, Variable>,
}

#[derive(Clone)]
struct Variable {
    value: String,
    at: Option<Location>,
}

impl Variables {
    /// Reads `.env` in the project folder and lays the process environment over it.
    ///
    /// A missing `.env` is fine. The process environment itself is never changed.
    pub fn read(root: &Path) -> Result<Self, Faults> {
        let mut variables = Self::default();
        let mut faults = Vec::new();
        match read_text(&root.join(ENV_FILE)) {
            Ok(Some(text)) => variables.add_file(&text, &mut faults),
            Ok(None) => {}
            Err(problem) => {
                faults.push(Fault::new(None, ENV_FILE, problem, "a `.env` file holds lines of the form `NAME=value`"));
            }
        }
        variables.add_process(&mut faults);
        Faults::none_or(faults, variables)
    }

    /// Variables without files or a process, for tests and demonstrations.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let mut variables = Self::default();
        for (name, value) in pairs {
            variables.set(name, value);
        }
        variables
    }

    /// The value, where an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|variable| variable.value.as_str()).filter(|value| !value.is_empty())
    }

    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), Variable { value: value.into(), at: None });
    }

    /// All names, also those with an empty value.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The line of `.env` that set it; nothing when the process did.
    pub(crate) fn location(&self, name: &str) -> Option<Location> {
        self.values.get(name)?.at.clone()
    }

    fn add_file(&mut self, text: &str, faults: &mut Vec<Fault>) {
        let texts: Vec<&str> = text.lines().collect();
        let lines_read = Cell::new(0);
        let lines = Lines { rest: text.as_bytes(), lines_read: &lines_read };
        let mut lines_done = 0;
        for item in dotenvy::from_read_iter(lines) {
            let at = Some(first_line(&texts, lines_done));
            lines_done = lines_read.get();
            match item {
                Ok((name, value)) => {
                    self.values.insert(name, Variable { value, at });
                }
                Err(_) => faults.push(Fault::new(
                    at,
                    "",
                    "expected `NAME=value`",
                    "put a value with spaces or special characters into single quotes",
                )),
            }
        }
    }

    fn add_process(&mut self, faults: &mut Vec<Fault>) {
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => self.set(name, value),
                Err(_) if is_ours(&name) => faults.push(Fault::new(
                    None,
                    &name,
                    "expected text in UTF-8",
                    "set the variable again from a terminal that uses UTF-8",
                )),
                Err(_) => {}
            }
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables ")?;
        f.debug_set().entries(self.values.keys()).finish()
    }
}

fn is_ours(name: &str) -> bool {
    OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A value may span lines: where the first definition after `lines_done` lines begins.
fn first_line(texts: &[&str], lines_done: usize) -> Location {
    let is_definition = |text: &&str| !text.trim_start().is_empty() && !text.trim_start().starts_with('#');
    let skipped = texts.iter().skip(lines_done).position(is_definition).unwrap_or_default();
    let line = u64::try_from(lines_done + skipped + 1).unwrap_or(u64::MAX);
    Location { file: PathBuf::from(ENV_FILE), line }
}

fn read_text(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot open the file: {error}")),
    };
    let mut bytes = Vec::new();
    if let Err(error) = file.take(ENV_BYTES_MAX + 1).read_to_end(&mut bytes) {
        return Err(format!("cannot read the file: {error}"));
    }
    if bytes.len() as u64 > ENV_BYTES_MAX {
        return Err(format!("expected at most {ENV_BYTES_MAX} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "expected text in UTF-8".to_owned())?;
    // Some editors on Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // The parser takes a blank at the very end of a file for an open quote.
    Ok(Some(format!("{text}\n")))
}

/// Hands out one line per read and counts them: the parser of `.env` knows no line numbers.
struct Lines<'a> {
    rest: &'a [u8],
    lines_read: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line_end = self.rest.iter().position(|byte| *byte == b'\n');
        let line_length = line_end.map_or(self.rest.len(), |end| end + 1);
        let length = line_length.min(buffer.len());
        let (line, rest) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(line);
        self.rest = rest;
        if line.ends_with(b"\n") {
            self.lines_read.set(self.lines_read.get() + 1);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
