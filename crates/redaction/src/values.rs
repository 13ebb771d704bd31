//! What is known of secrets, and how texts are searched for them.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, Input, Match, MatchKind};

use crate::shapes::{SHAPES, Shape, count_back};
use crate::{REDACTED, forms, is_secret_header, members};

/// Secrets of the settings; what is beyond is known by its name only.
const SETTINGS_MAX: usize = 1_024;

/// Secrets that were learned while running. The oldest goes when there is one more.
const PASSING_MAX: usize = 64;

/// A longer one is no credential.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// Names of headers that the settings call secret.
const HEADERS_MAX: usize = 64;

/// Knows secrets and takes them out of texts.
#[derive(Debug)]
pub struct Redactor(RwLock<Arc<Known>>);

#[derive(Clone, Debug, Default)]
struct Known {
    settings: BTreeSet<Secret>,
    passing: VecDeque<Secret>,
    headers: BTreeSet<String>,
    search: Option<Arc<AhoCorasick>>,
}

/// The forms of one secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Secret(BTreeSet<String>);

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Plain,
    Json,
}

impl Default for Redactor {
    fn default() -> Self {
        let known = Known::default();
        let search = known.build();
        Self(RwLock::new(Arc::new(Known { search, ..known })))
    }
}

impl Redactor {
    /// Learns a secret for as long as the process lives.
    pub fn learn(&self, secret: &str) {
        self.learn_forms(secret.len(), forms::of(secret));
    }

    /// Learns what HTTP sends for a user and a password; the password itself is learned apart.
    pub fn learn_pair(&self, user: &str, password: &str) {
        self.learn_forms(user.len() + password.len(), forms::of_pair(user, password));
    }

    /// Learns that a header has a secret, whatever its name says.
    pub fn learn_header(&self, name: &str) {
        self.change(|known| {
            if known.headers.len() < HEADERS_MAX {
                known.headers.insert(name.to_ascii_lowercase());
            }
        });
    }

    /// Learns a secret that others take the place of, such as an access token.
    pub fn learn_passing(&self, secret: &str) {
        let forms = Secret(forms::of(secret));
        if forms.0.is_empty() || secret.len() > SECRET_BYTES_MAX || self.known().passing.contains(&forms) {
            return;
        }
        self.change(|known| {
            known.passing.push_back(forms);
            if known.passing.len() > PASSING_MAX {
                known.passing.pop_front();
            }
            known.search = known.build();
        });
    }

    /// The text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.known().redact(text, Text::Plain)
    }

    /// A document without secrets, also below names that say so. One that was cut off is taken as far as it goes.
    pub fn json<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.known();
        match members::redact(text) {
            Cow::Borrowed(text) => known.redact(text, Text::Json),
            Cow::Owned(text) => Cow::Owned(known.redact(&text, Text::Json).into_owned()),
        }
    }

    /// The value of a header.
    pub fn header<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        let known = self.known();
        if is_secret_header(name) || known.headers.contains(&name.to_ascii_lowercase()) {
            return Cow::Borrowed(REDACTED);
        }
        known.redact(value, Text::Plain)
    }

    fn learn_forms(&self, bytes: usize, forms: BTreeSet<String>) {
        let forms = Secret(forms);
        if forms.0.is_empty() || bytes > SECRET_BYTES_MAX || self.known().settings.contains(&forms) {
            return;
        }
        self.change(|known| {
            if known.settings.len() < SETTINGS_MAX {
                known.settings.insert(forms);
                known.search = known.build();
            }
        });
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut known));
    }
}

impl Known {
    /// `None` only where a search is larger than the machine can count, which the limits rule out.
    fn build(&self) -> Option<Arc<AhoCorasick>> {
        let shapes = SHAPES.iter().map(|(begin, _)| *begin);
        let secrets = self.settings.iter().chain(&self.passing).flat_map(|secret| &secret.0).map(String::as_str);
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(shapes.chain(secrets));
        search.ok().map(Arc::new)
    }

    fn redact<'t>(&self, text: &'t str, kind: Text) -> Cow<'t, str> {
        let Some(search) = &self.search else { return Cow::Borrowed(REDACTED) };
        let mut redacted = String::new();
        let (mut at, mut copied) = (0, 0);
        while let Some(found) = search.find(Input::new(text).range(at..)) {
            let Some(end) = end(text, &found, kind) else {
                at = found.start() + 1;
                continue;
            };
            redacted.push_str(&text[copied..found.start()]);
            redacted.push_str(REDACTED);
            (at, copied) = (end, end);
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        redacted.push_str(&text[copied..]);
        Cow::Owned(redacted)
    }
}

/// Where a secret that begins here ends; `None` when this is none.
fn end(text: &str, found: &Match, kind: Text) -> Option<usize> {
    let start = found.start();
    if kind == Text::Json && (is_within_escape(&text.as_bytes()[..start]) || !is_whole(&text[start..found.end()])) {
        return None;
    }
    match SHAPES.get(found.pattern().as_usize()) {
        Some((begin, shape)) => Shape::length(*shape, &text[start..], begin.len()).map(|length| start + length),
        None => Some(found.end()),
    }
}

/// Whether what follows belongs to an escape that has begun: `\` and `n`, or a part of `\u0041`.
fn is_within_escape(before: &[u8]) -> bool {
    let digits = before.iter().rev().take(3).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let is_open = |end: usize| count_back(&before[..end], b'\\') % 2 == 1;
    let of_unicode = (0..=digits).any(|digits| {
        let end = before.len() - digits;
        before[..end].ends_with(b"u") && is_open(end - 1)
    });
    is_open(before.len()) || of_unicode
}

/// Whether this is a stretch of one string of JSON, and no escape is cut by its end.
fn is_whole(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' | 0..=0x1f => return false,
            b'\\' => {
                let Some(escaped) = bytes.next() else { return false };
                if escaped == b'u' && bytes.by_ref().take(4).count() < 4 {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

/// Secrets are for nobody's eyes.
impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}
