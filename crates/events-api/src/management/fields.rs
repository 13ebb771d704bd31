//! Reads the members of a document by rules and collects what is wrong with them.

use std::fmt;

use sdk::Fault;
use sdk::json::member;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// Faults named in one answer.
const FAULTS_MAX: usize = 50;

/// What a text must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    chars_min: usize,
    chars_max: usize,
    only: Option<Alphabet>,
}

/// The characters that a text may have.
#[derive(Clone, Copy)]
pub(super) struct Alphabet {
    has: fn(char) -> bool,
    /// As refusals name them.
    words: &'static str,
}

impl Alphabet {
    pub(super) const fn new(has: fn(char) -> bool, words: &'static str) -> Self {
        Self { has, words }
    }
}

impl fmt::Debug for Alphabet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words)
    }
}

impl Text {
    pub(super) const fn new(chars_min: usize, chars_max: usize) -> Self {
        Self { chars_min, chars_max, only: None }
    }

    pub(super) const fn of(self, alphabet: Alphabet) -> Self {
        Self { only: Some(alphabet), ..self }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        let Self { chars_min, chars_max, only } = self;
        if !(*chars_min..=*chars_max).contains(&text.chars().count()) {
            return Err(match chars_min {
                0 => format!("must have at most {chars_max} characters"),
                _ => format!("must have {chars_min} to {chars_max} characters"),
            });
        }
        match only {
            Some(Alphabet { has, words }) if !text.chars().all(has) => Err(format!("may have only {words}")),
            Some(_) | None => Ok(()),
        }
    }
}

/// The members of one object. `null` counts as left out: so do the clients that send all members they know.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    path: String,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(document: &'a Value) -> Result<Self, Problem> {
        Self::at(document, String::new()).map_err(|fault| Problem::bad_request(fault.to_string()))
    }

    pub(super) fn at(document: &'a Value, path: String) -> Result<Self, Fault> {
        match document.as_object() {
            Some(members) => Ok(Self { members, path, faults: Vec::new() }),
            None => Err(Fault::new(path, "must be an object")),
        }
    }

    pub(super) fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(member(&self.path, name), message));
    }

    pub(super) fn add(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Neither left out nor an empty text.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "")
    }

    /// A text by its rule; nothing when it is left out or wrong.
    pub(super) fn text(&mut self, name: &str, rule: &Text) -> Option<&'a str> {
        let value = self.get(name)?;
        let checked = match value {
            Value::String(text) => rule.check(text).map(|()| text.as_str()),
            _ => Err("must be a string".to_owned()),
        };
        checked.map_err(|message| self.fault(name, message)).ok()
    }

    /// Like `text`; an empty one counts as left out.
    pub(super) fn filled(&mut self, name: &str, rule: &Text) -> Option<&'a str> {
        if self.has(name) { self.text(name, rule) } else { None }
    }

    /// A text that must be there; empty when it is wrong.
    pub(super) fn required(&mut self, name: &str, rule: &Text) -> &'a str {
        if self.get(name).is_none() {
            self.fault(name, "is required");
        }
        self.text(name, rule).unwrap_or_default()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        if value.as_bool().is_none() {
            self.fault(name, "must be `true` or `false`");
        }
        value.as_bool()
    }

    /// The items of an array with their pointers; nothing when it is left out or wrong.
    pub(super) fn items(&mut self, name: &str) -> Option<Vec<(String, &'a Value)>> {
        let value = self.get(name)?;
        let Some(items) = value.as_array() else {
            self.fault(name, "must be an array");
            return None;
        };
        let path = member(&self.path, name);
        Some(items.iter().enumerate().map(|(index, item)| (format!("{path}/{index}"), item)).collect())
    }

    /// `http` and `https` addresses with a host.
    pub(super) fn url(&mut self, name: &str, rule: &Text) -> Option<&'a str> {
        let text = self.filled(name, rule)?;
        if is_web_address(text) {
            return Some(text);
        }
        self.fault(name, "must be an address that begins with `https://` or `http://`");
        None
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// What was read, when nothing was wrong.
    pub(super) fn end<T>(self, read: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }

    /// The same for a whole body.
    pub(super) fn finish<T>(self, read: T) -> Result<T, Problem> {
        self.end(read).map_err(|faults| refusal(&faults))
    }
}

/// The refusal that names these faults.
pub(super) fn refusal(faults: &[Fault]) -> Problem {
    let mut texts: Vec<String> = faults.iter().take(FAULTS_MAX).map(ToString::to_string).collect();
    if faults.len() > FAULTS_MAX {
        texts.push(format!("{} more faults", faults.len() - FAULTS_MAX));
    }
    Problem::bad_request(texts.join("; "))
}

fn is_web_address(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    is_web && uri.host().is_some_and(|host| !host.is_empty())
}
