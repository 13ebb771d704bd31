use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::Signatures;
use crate::{Encoding, MacKeys};

const SECRET: &str = "whsec_";
const PUBLIC_KEY: &str = "whpk_";
const SECRET_KEY: &str = "whsk_";

/// Bytes of an HMAC secret, as the specification asks for.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SEED_BYTES: usize = 32;
/// A seed with its public key behind it, as most libraries write an Ed25519 secret key.
const PAIR_BYTES: usize = 64;

/// What is wrong with a key's text. None of it is repeated.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyFault {
    #[error("expected a secret `whsec_` or a public key `whpk_`")]
    NotVerifying,
    #[error("expected a secret `whsec_` or a secret key `whsk_`")]
    NotSigning,
    #[error("expected base64 with padding behind the prefix")]
    Encoding,
    #[error("expected 24 to 64 bytes behind `whsec_`")]
    SecretLength,
    #[error("expected an Ed25519 public key of 32 bytes behind `whpk_`")]
    PublicKey,
    #[error("expected an Ed25519 secret key of 32 or 64 bytes behind `whsk_`")]
    SecretKey,
}

/// What signatures of a sender are checked with; several while one takes another's place.
#[derive(Clone)]
pub struct VerifyingKeys {
    macs: MacKeys,
    ed25519: Vec<UnparsedPublicKey<Vec<u8>>>,
}

impl VerifyingKeys {
    /// Reads secrets `whsec_...` and public keys `whpk_...`.
    pub fn parse(texts: &[SecretString]) -> Result<Self, KeyFault> {
        let (mut secrets, mut ed25519) = (Vec::new(), Vec::new());
        for text in texts.iter().map(ExposeSecret::expose_secret) {
            if let Some(text) = text.strip_prefix(SECRET) {
                secrets.push(secret(text)?);
            } else if let Some(text) = text.strip_prefix(PUBLIC_KEY) {
                let bytes = bytes(text)?;
                let key = if bytes.len() == SEED_BYTES { bytes } else { return Err(KeyFault::PublicKey) };
                ed25519.push(UnparsedPublicKey::new(&ED25519, key));
            } else {
                return Err(KeyFault::NotVerifying);
            }
        }
        Ok(Self { macs: MacKeys::of_bytes(secrets.iter().map(Vec::as_slice)), ed25519 })
    }

    pub fn count(&self) -> usize {
        self.macs.count() + self.ed25519.len()
    }

    pub(super) fn fits_any(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        if self.macs.fits_any(parts, &signatures.mac) {
            return true;
        }
        if self.ed25519.is_empty() || signatures.ed25519.is_empty() {
            return false;
        }
        let text = parts.concat();
        // What is public needs no constant time.
        let fits = |key: &UnparsedPublicKey<Vec<u8>>| {
            signatures.ed25519.iter().any(|signature| key.verify(&text, signature).is_ok())
        };
        self.ed25519.iter().any(fits)
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifyingKeys({})", self.count())
    }
}

/// What we sign with, each of them: receivers pick the one that they know.
pub struct SigningKeys {
    macs: MacKeys,
    ed25519: Vec<Ed25519KeyPair>,
}

impl SigningKeys {
    /// Reads secrets `whsec_...` and secret keys `whsk_...`.
    pub fn parse(texts: &[SecretString]) -> Result<Self, KeyFault> {
        let (mut secrets, mut ed25519) = (Vec::new(), Vec::new());
        for text in texts.iter().map(ExposeSecret::expose_secret) {
            if let Some(text) = text.strip_prefix(SECRET) {
                secrets.push(secret(text)?);
            } else if let Some(text) = text.strip_prefix(SECRET_KEY) {
                ed25519.push(pair(&bytes(text)?)?);
            } else {
                return Err(KeyFault::NotSigning);
            }
        }
        Ok(Self { macs: MacKeys::of_bytes(secrets.iter().map(Vec::as_slice)), ed25519 })
    }

    /// The texts `whpk_...` that receivers check Ed25519 signatures with.
    pub fn public_keys(&self) -> Vec<String> {
        let text = |pair: &Ed25519KeyPair| format!("{PUBLIC_KEY}{}", BASE64_STANDARD.encode(pair.public_key()));
        self.ed25519.iter().map(text).collect()
    }

    /// `v1,...` and `v1a,...` over what these parts make together.
    pub(super) fn signatures(&self, parts: &[&[u8]]) -> Vec<String> {
        let macs = self.macs.sign_with_each(parts).map(|tag| format!("v1,{}", Encoding::Base64.encode(tag.as_ref())));
        let mut signatures: Vec<String> = macs.collect();
        if !self.ed25519.is_empty() {
            let text = parts.concat();
            let signed = |pair: &Ed25519KeyPair| Encoding::Base64.encode(pair.sign(&text).as_ref());
            signatures.extend(self.ed25519.iter().map(|pair| format!("v1a,{}", signed(pair))));
        }
        signatures
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKeys({})", self.macs.count() + self.ed25519.len())
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, KeyFault> {
    Encoding::Base64.decode(text).ok_or(KeyFault::Encoding)
}

fn secret(text: &str) -> Result<Vec<u8>, KeyFault> {
    let bytes = bytes(text)?;
    if SECRET_BYTES.contains(&bytes.len()) { Ok(bytes) } else { Err(KeyFault::SecretLength) }
}

fn pair(bytes: &[u8]) -> Result<Ed25519KeyPair, KeyFault> {
    let pair = match bytes.len() {
        SEED_BYTES => Ed25519KeyPair::from_seed_unchecked(bytes),
        PAIR_BYTES => Ed25519KeyPair::from_seed_and_public_key(&bytes[..SEED_BYTES], &bytes[SEED_BYTES..]),
        _ => return Err(KeyFault::SecretKey),
    };
    pair.map_err(|_| KeyFault::SecretKey)
}
