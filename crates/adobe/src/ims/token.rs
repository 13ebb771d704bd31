use std::fmt;

use http::HeaderValue;
use jiff::Timestamp;

/// An access token, ready to be sent. Cheap to clone; `Debug` does not show it.
#[derive(Clone)]
pub struct Token {
    /// Marked as sensitive.
    bearer: HeaderValue,
    number: u64,
    /// When it was given, if it stands in for one that a service rejected.
    replaced_at: Option<Timestamp>,
}

impl Token {
    /// `None` when no header can carry the text.
    pub(super) fn new(text: &str, number: u64, replaced_at: Option<Timestamp>) -> Option<Self> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {text}")).ok().filter(|_| !text.is_empty())?;
        bearer.set_sensitive(true);
        Some(Self { bearer, number, replaced_at })
    }

    /// The value of `Authorization`.
    pub fn bearer(&self) -> &HeaderValue {
        &self.bearer
    }

    pub(super) fn replaced_at(&self) -> Option<Timestamp> {
        self.replaced_at
    }

    /// Whether somebody's text repeats this token.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let token = self.bearer.as_bytes().strip_prefix(b"Bearer ").unwrap_or_default();
        std::str::from_utf8(token).is_ok_and(|token| text.contains(token))
    }
}

/// Two are the same when they come from the same answer.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("number", &self.number).finish_non_exhaustive()
    }
}
