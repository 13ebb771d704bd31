use std::fmt;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

/// Keys for HMAC-SHA256. The first one signs; a signature of any of them is good, so that one can take another's place.
#[derive(Clone)]
pub struct MacKeys(Vec<Key>);

impl MacKeys {
    /// Keys that are the bytes of these texts.
    pub fn of_texts(secrets: &[SecretString]) -> Self {
        Self(secrets.iter().map(|secret| key(secret.expose_secret().as_bytes())).collect())
    }

    pub(crate) fn of_bytes<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(secrets.into_iter().map(key).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The signature by each key over what these parts make together.
    pub(crate) fn sign_with_each(&self, parts: &[&[u8]]) -> impl Iterator<Item = Tag> {
        self.0.iter().map(move |key| tag(key, parts))
    }

    /// Whether one of the signatures is one of ours. All are compared, whichever fits.
    pub(crate) fn fits_any(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        let mut fits = subtle::Choice::from(0);
        for own in self.sign_with_each(parts) {
            for signature in signatures {
                fits |= own.as_ref().ct_eq(signature);
            }
        }
        fits.into()
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MacKeys({})", self.0.len())
    }
}

fn key(secret: &[u8]) -> Key {
    Key::new(HMAC_SHA256, secret)
}

fn tag(key: &Key, parts: &[&[u8]]) -> Tag {
    let mut context = Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    context.sign()
}
