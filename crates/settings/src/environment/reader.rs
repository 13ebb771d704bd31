//! Reads one variable at a time and keeps every fault.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;

use crate::environment::quantity;
use crate::{Fault, Variables};

pub(super) struct Reader<'a> {
    pub(super) variables: &'a Variables,
    pub(super) faults: Vec<Fault>,
}

/// A variable and what to say when its value is not what it should be.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) name: &'a str,
    pub(super) expected: &'a str,
    pub(super) hint: &'a str,
}

impl Reader<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Faults name the variable and never show the value: some hold credentials.
    pub(super) fn fault(&mut self, name: &str, problem: impl Into<String>, hint: impl Into<String>) {
        let at = self.variables.location(name);
        self.faults.push(Fault::new(at, name, problem, hint));
    }

    /// The parsed value; nothing when it is not set or when it is wrong.
    pub(super) fn parse<T>(&mut self, setting: Setting<'_>, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let parsed = parse(self.get(setting.name)?);
        if parsed.is_none() {
            self.fault(setting.name, setting.expected, setting.hint);
        }
        parsed
    }

    pub(super) fn duration(
        &mut self,
        name: &str,
        default: &str,
        range: RangeInclusive<Duration>,
        span: &str,
    ) -> Duration {
        let expected = format!("expected a duration from {span}");
        let hint = format!("write a number and `ms`, `s`, `m`, `h` or `d`, such as `{default}`");
        let setting = Setting { name, expected: &expected, hint: &hint };
        self.parse(setting, |text| quantity::duration(text).filter(|duration| range.contains(duration)))
            .or_else(|| quantity::duration(default))
            .unwrap_or_default()
    }

    pub(super) fn size(&mut self, name: &str, default: &str, range: RangeInclusive<u64>, span: &str) -> u64 {
        let expected = format!("expected a size from {span}");
        let hint = format!("write a number and a unit; leave it out for `{default}`");
        let setting = Setting { name, expected: &expected, hint: &hint };
        self.parse(setting, |text| quantity::size(text).filter(|size| range.contains(size)))
            .or_else(|| quantity::size(default))
            .unwrap_or(*range.start())
    }

    pub(super) fn number<T>(&mut self, name: &str, default: T, range: &RangeInclusive<T>) -> T
    where
        T: Copy + PartialOrd + Display + std::str::FromStr,
    {
        let expected = format!("expected a whole number from {} to {}", range.start(), range.end());
        let hint = format!("leave it out for the default of {default}");
        let setting = Setting { name, expected: &expected, hint: &hint };
        self.parse(setting, |text| text.trim().parse().ok().filter(|number| range.contains(number))).unwrap_or(default)
    }

    /// A secret that can be sent as a bearer token.
    pub(super) fn token(&mut self, name: &str) -> Option<SecretString> {
        let setting = Setting {
            name,
            expected: "expected a token of visible ASCII characters, without spaces",
            hint: "copy the token again, without line breaks and quotes",
        };
        self.parse(setting, |text| {
            let is_sendable = text.chars().all(|letter| letter.is_ascii_graphic());
            is_sendable.then(|| SecretString::from(text))
        })
    }

    /// What goes into a path or a header: letters, digits and few signs.
    pub(super) fn word(&mut self, name: &str) -> Option<String> {
        let setting = Setting {
            name,
            expected: "expected letters, digits and `-`, `_`, `.`, `@` only",
            hint: "copy it again, without blanks and quotes",
        };
        self.parse(setting, |text| {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
            text.chars().all(is_plain).then(|| text.to_owned())
        })
    }
}

/// One secret as it is, or a JSON array of several while one takes another's place; none of them empty.
pub(super) fn one_or_more(text: &str, secrets_max: usize) -> Option<Vec<SecretString>> {
    let secrets: Vec<String> =
        if text.starts_with('[') { serde_json::from_str(text).ok()? } else { vec![text.to_owned()] };
    let is_fine = (1..=secrets_max).contains(&secrets.len()) && secrets.iter().all(|secret| !secret.is_empty());
    is_fine.then(|| secrets.into_iter().map(SecretString::from).collect())
}
