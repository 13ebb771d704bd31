//! Members of JSON whose names say that they are secret, at any depth, also in JSON that stands in a string.
//!
//! The text is read from its begin to its end without being taken apart, so that one that was cut off is read as well.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use crate::names::STEMS;
use crate::{REDACTED, is_secret_member};

/// JSON within strings within JSON is opened so often.
const NESTED_MAX: usize = 4;

pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    within(text, NESTED_MAX)
}

fn within(text: &str, nested: usize) -> Cow<'_, str> {
    if !has_stem(text) {
        return Cow::Borrowed(text);
    }
    let mut reading = Reading { text, redacted: String::new(), copied: 0 };
    let mut at = 0;
    while let Some(found) = text[at..].find('"') {
        let start = at + found;
        let end = end_of_string(text, start);
        at = reading.string(start, end, nested);
    }
    reading.end()
}

/// Only a text with a part of such a name is read more closely.
fn has_stem(text: &str) -> bool {
    static STEMS_SEARCH: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(STEMS).ok());
    STEMS_SEARCH.as_ref().is_none_or(|search| search.is_match(text))
}

struct Reading<'t> {
    text: &'t str,
    redacted: String,
    copied: usize,
}

impl<'t> Reading<'t> {
    /// Looks at a string, which may be the name of a member. Returns where to go on.
    fn string(&mut self, start: usize, end: usize, nested: usize) -> usize {
        let after = end + blanks(&self.text[end..]);
        if self.text[after..].starts_with(':') {
            let value = after + 1 + blanks(&self.text[after + 1..]);
            if !is_secret_name(&self.text[start..end]) {
                return value;
            }
            let value_end = end_of_value(self.text, value);
            if is_telling(&self.text[value..value_end]) {
                self.replace(value, value_end, &format!("\"{REDACTED}\""));
            }
            return value_end;
        }
        if nested > 0
            && let Some(inner) = document(&self.text[start..end])
            && let Cow::Owned(inner) = within(&inner, nested - 1)
        {
            self.replace(start, end, &Value::from(inner).to_string());
        }
        end
    }

    fn replace(&mut self, start: usize, end: usize, by: &str) {
        self.redacted.push_str(&self.text[self.copied..start]);
        self.redacted.push_str(by);
        self.copied = end;
    }

    fn end(mut self) -> Cow<'t, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.redacted.push_str(&self.text[self.copied..]);
        Cow::Owned(self.redacted)
    }
}

fn is_secret_name(quoted: &str) -> bool {
    match serde_json::from_str::<Cow<'_, str>>(quoted) {
        Ok(name) => is_secret_member(&name),
        Err(_) => is_secret_member(quoted.trim_matches('"')),
    }
}

/// Whether a value says anything; what is not there is worth knowing.
fn is_telling(value: &str) -> bool {
    !matches!(value, "" | "null" | "true" | "false" | "\"\"")
}

/// The document that a string holds, as far as it looks like one.
fn document(quoted: &str) -> Option<String> {
    let is_document = quoted[1..].trim_start().starts_with(['{', '[']);
    (is_document && has_stem(quoted)).then(|| serde_json::from_str(quoted).ok()).flatten()
}

fn blanks(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// Behind the closing quote, or where the text ends.
fn end_of_string(text: &str, start: usize) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Behind a string, a number, a word, or a whole object or array.
fn end_of_value(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                at = end_of_string(text, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 1 { at + 1 } else { at },
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}
