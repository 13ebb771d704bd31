use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use subtle::ConstantTimeEq;

/// Validation URLs remembered at the same time; those sent beyond that count once their registration is stored.
const SENT_MAX: usize = 1_024;

/// Validation URLs that are on their way. A receiver may fetch one before it answers, or a moment later, and so before
/// the registration that waits for it is in the catalogue.
#[derive(Debug, Default)]
pub(crate) struct Validations(Mutex<HashMap<String, Sent>>);

#[derive(Debug)]
struct Sent {
    challenge: String,
    until: Timestamp,
    is_fetched: bool,
}

impl Validations {
    pub(crate) fn remember(&self, id: &str, challenge: &str, until: Timestamp, now: Timestamp) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= SENT_MAX {
            sent.retain(|_, other| now < other.until);
        }
        if sent.len() < SENT_MAX {
            sent.insert(id.to_owned(), Sent { challenge: challenge.to_owned(), until, is_fetched: false });
        }
    }

    pub(crate) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Notes that a URL was fetched; says whether it was sent and still counts.
    pub(crate) fn fetch(&self, id: &str, challenge: &str, now: Timestamp) -> bool {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sent) = sent.get_mut(id) else { return false };
        let is_right: bool = sent.challenge.as_bytes().ct_eq(challenge.as_bytes()).into();
        sent.is_fetched |= is_right && now < sent.until;
        is_right && now < sent.until
    }

    pub(crate) fn is_fetched(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|sent| sent.is_fetched)
    }
}
