use std::fmt;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

/// Secrets that callers say as they are; several while one takes another's place. Only their hashes are kept, so that a
/// comparison takes the same time whatever the lengths.
#[derive(Clone)]
pub struct Secrets(Vec<Digest>);

impl Secrets {
    pub fn new(secrets: &[SecretString]) -> Self {
        Self(secrets.iter().map(|secret| digest(&SHA256, secret.expose_secret().as_bytes())).collect())
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether it is one of them. All are compared, whichever it is.
    pub fn has(&self, said: &[u8]) -> bool {
        let said = digest(&SHA256, said);
        let none = subtle::Choice::from(0);
        self.0.iter().fold(none, |found, known| found | known.as_ref().ct_eq(said.as_ref())).into()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({})", self.0.len())
    }
}
