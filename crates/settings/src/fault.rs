//! What is wrong with the settings, in words a user can act on.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::slice;
use std::vec;

/// A line of a file, counted from one; the path is relative to the project folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: PathBuf,
    pub line: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One thing that is wrong: where, which key, what was expected, what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub at: Option<Location>,
    /// Empty when the whole file is meant.
    pub key: String,
    pub problem: String,
    pub hint: String,
}

impl Fault {
    pub(crate) fn new(at: Option<Location>, key: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, key: key.to_owned(), problem: problem.into(), hint: hint.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        write!(f, "{}\n  hint: {}", self.problem, self.hint)
    }
}

/// Every fault of one read, by file and line. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults in order and without repetitions, or nothing when there are none.
    ///
    /// Callers that read several things at once join their faults with this.
    pub fn collect(faults: impl IntoIterator<Item = Fault>) -> Option<Self> {
        let mut faults: Vec<Fault> = faults.into_iter().collect();
        faults.sort();
        faults.dedup();
        if faults.is_empty() {
            return None;
        }
        Some(Self(faults))
    }

    /// `value`, unless there is a fault.
    pub(crate) fn none_or<T>(faults: Vec<Fault>, value: T) -> Result<T, Self> {
        match Self::collect(faults) {
            None => Ok(value),
            Some(faults) => Err(faults),
        }
    }

    pub fn iter(&self) -> slice::Iter<'_, Fault> {
        self.0.iter()
    }

    #[expect(clippy::len_without_is_empty, reason = "there is always at least one fault")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl Error for Faults {}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
