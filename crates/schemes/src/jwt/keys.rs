use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;
use thiserror::Error;

use super::ALGORITHMS;

/// More keys than this are no key set of an issuer.
const KEYS_MAX: usize = 64;

/// Public keys of an issuer.
#[derive(Clone)]
pub struct KeySet(Vec<Key>);

#[derive(Clone)]
struct Key {
    /// Issuers name their keys, so that verifiers find the one that signed.
    kid: Option<String>,
    /// The only algorithm that it signs by, when the issuer says so.
    algorithm: Option<Algorithm>,
    decoding: DecodingKey,
}

/// Why a text is no set of keys.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeySetFault {
    #[error("expected a JSON Web Key Set: an object with an array `keys`")]
    NotKeys,
    #[error("expected at most {KEYS_MAX} keys")]
    TooMany,
    #[error("expected a public key that can sign: RSA, ECDSA or Ed25519")]
    NoKey,
    #[error("expected a public key in PEM: RSA, ECDSA or Ed25519")]
    NotPem,
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517). Keys of other kinds and for other uses are left out; shared secrets, too.
    pub fn from_jwks(text: &[u8]) -> Result<Self, KeySetFault> {
        let document: Value = serde_json::from_slice(text).map_err(|_| KeySetFault::NotKeys)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(KeySetFault::NotKeys)?;
        if keys.len() > KEYS_MAX {
            return Err(KeySetFault::TooMany);
        }
        let keys: Vec<Key> = keys.iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(KeySetFault::NoKey) } else { Ok(Self(keys)) }
    }

    /// Reads one public key in PEM.
    pub fn from_pem(text: &str) -> Result<Self, KeySetFault> {
        let (algorithm, decoding) = from_pem(text).ok_or(KeySetFault::NotPem)?;
        Ok(Self(vec![Key { kid: None, algorithm, decoding }]))
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The keys that may have signed a token with this head. A key without a name may be anybody's.
    pub(super) fn of(&self, kid: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &DecodingKey> {
        let is_named = move |key: &&Key| match (kid, &key.kid) {
            (Some(kid), Some(own)) => kid == own,
            _ => true,
        };
        let signs_so = move |key: &&Key| {
            let is_said = key.algorithm.is_none_or(|own| own == algorithm);
            is_said && key.decoding.family().algorithms().contains(&algorithm)
        };
        self.0.iter().filter(is_named).filter(signs_so).map(|key| &key.decoding)
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let is_secret = matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
        let is_for_others = jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature);
        if is_secret || is_for_others {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok().filter(|key| key.family() != AlgorithmFamily::Hmac)?;
        let said = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
        let algorithm = said.map(|said| said.parse::<Algorithm>().ok().filter(|own| ALGORITHMS.contains(own)));
        // An algorithm that is not ours is none that a token of ours can have.
        if algorithm == Some(None) {
            return None;
        }
        Some(Self { kid: jwk.common.key_id, algorithm: algorithm.flatten(), decoding })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeySet({})", self.0.len())
    }
}

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// Object identifiers as they stand in a `SubjectPublicKeyInfo` (RFC 3279, 5480, 8410).
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519_ID: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// The identifier of the kind stands at the begin, before the key itself.
const HEAD_BYTES: usize = 32;

/// The key, and the one algorithm that it signs by where the kind of key leaves no choice.
fn from_pem(text: &str) -> Option<(Option<Algorithm>, DecodingKey)> {
    let body = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let base64: String = body.split_ascii_whitespace().collect();
    let der = BASE64_STANDARD.decode(base64).ok()?;
    let head = &der[..der.len().min(HEAD_BYTES)];
    let is = |kind: &[u8]| head.windows(kind.len()).any(|window| window == kind);
    if is(RSA) && ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der).is_ok() {
        Some((None, DecodingKey::from_rsa_der(&der)))
    } else if is(P256) && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &der).is_ok() {
        Some((Some(Algorithm::ES256), DecodingKey::from_ec_der(&der)))
    } else if is(P384) && ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, &der).is_ok() {
        Some((Some(Algorithm::ES384), DecodingKey::from_ec_der(&der)))
    } else if is(ED25519_ID) && ParsedPublicKey::new(&ED25519, &der).is_ok() {
        Some((Some(Algorithm::EdDSA), DecodingKey::from_ed_der(&der)))
    } else {
        None
    }
}
