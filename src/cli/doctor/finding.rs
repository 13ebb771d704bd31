//! What was found out about one thing.

use serde_json::{Value, json};

use crate::cli::table::printable;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: &'static str,
    pub verdict: Verdict,
    /// What was looked at, and what it said.
    pub seen: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    Bad {
        /// What to do about it.
        hint: String,
    },
    Skipped,
}

impl Finding {
    pub fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, seen: seen.into() }
    }

    pub fn bad(check: &'static str, seen: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Bad { hint: hint.into() }, seen: seen.into() }
    }

    pub fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Skipped, seen: why.into() }
    }

    pub fn is_bad(&self) -> bool {
        matches!(self.verdict, Verdict::Bad { .. })
    }

    /// `bad      clock          it is 3 min behind -> set it`, without secrets and without what steers a terminal.
    pub fn line(&self) -> String {
        let (word, hint) = match &self.verdict {
            Verdict::Ok => ("ok", String::new()),
            Verdict::Bad { hint } => ("bad", format!(" -> {hint}")),
            Verdict::Skipped => ("skipped", String::new()),
        };
        told(&format!("{word:<9}{:<15}{}{hint}", self.check, self.seen))
    }

    pub fn as_json(&self) -> Value {
        let (word, hint) = match &self.verdict {
            Verdict::Ok => ("ok", None),
            Verdict::Bad { hint } => ("bad", Some(told(hint))),
            Verdict::Skipped => ("skipped", None),
        };
        json!({"check": self.check, "verdict": word, "seen": told(&self.seen), "hint": hint})
    }
}

fn told(text: &str) -> String {
    printable(&redaction::process().text(text).replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let bad = Finding::bad("clock", "it is late\nby \u{1b}[1m hours", "set it");
        assert_eq!(bad.line(), "bad      clock          it is late by \u{fffd}[1m hours -> set it");
        assert_eq!(Finding::ok("token", "IMS gave one").line(), "ok       token          IMS gave one");
        let skipped = json!({"check": "ingress", "verdict": "skipped", "seen": "embedded", "hint": null});
        assert_eq!(Finding::skipped("ingress", "embedded").as_json(), skipped);
    }
}
