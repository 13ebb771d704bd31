//! Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`, a list of signatures over
//! `<id>.<timestamp>.<body>` of which one has to fit: `v1,` by HMAC-SHA256, `v1a,` by Ed25519.

mod keys;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use thiserror::Error;

pub use keys::{KeyFault, SigningKeys, VerifyingKeys};

use crate::{Encoding, Message, Mismatch, Nonce, Proven, Window, header};

/// The name of the scheme; nonces begin with it.
pub const SCHEME: &str = "standard-webhooks";

pub const ID: HeaderName = HeaderName::from_static("webhook-id");
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Signatures in one list that are looked at; more are refused.
const SIGNATURES_MAX: usize = 16;

const EXPECTED: &str = "a list of at most 16 signatures `v1,<base64>` or `v1a,<base64>`";

/// Signatures of the kinds that are known, decoded.
#[derive(Debug, Default)]
struct Signatures {
    mac: Vec<Vec<u8>>,
    ed25519: Vec<Vec<u8>>,
}

/// Why an id cannot be signed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an id of a signed webhook must be visible ASCII text without a point, of at most 256 bytes")]
pub struct IdFault;

const ID_BYTES_MAX: usize = 256;

/// The three headers that sign a body, with a signature by each of the keys: receivers know one of them at least while
/// keys are exchanged. The id stays the same over all attempts.
pub fn sign(keys: &SigningKeys, id: &str, at: Timestamp, body: &[u8]) -> Result<HeaderMap, IdFault> {
    // A point would let one text be read as two different pairs of id and time.
    let is_id =
        (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    let id_value = if is_id { HeaderValue::try_from(id).map_err(|_| IdFault)? } else { return Err(IdFault) };
    let time = at.as_second().to_string();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let mut signature = HeaderValue::try_from(keys.signatures(&parts).join(" ")).map_err(|_| IdFault)?;
    signature.set_sensitive(true);
    let time = HeaderValue::try_from(time).map_err(|_| IdFault)?;
    Ok(HeaderMap::from_iter([(ID, id_value), (TIMESTAMP, time), (SIGNATURE, signature)]))
}

/// Whether one of the keys made one of the signatures.
pub fn verify(message: &Message<'_>, keys: &VerifyingKeys, window: Window) -> Result<Proven, Mismatch> {
    let id = header::only(message.headers, ID.as_str())?;
    let time = header::only(message.headers, TIMESTAMP.as_str())?;
    let signatures = signatures(header::only(message.headers, SIGNATURE.as_str())?)?;
    let expires = window.end_of(TIMESTAMP.as_str(), time)?;
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", message.body];
    if !keys.fits_any(&parts, &signatures) {
        let (header, body_bytes) = (SIGNATURE.as_str().to_owned(), message.body.len());
        return Err(Mismatch::Signature { header, secrets: keys.count(), body_bytes });
    }
    Ok(Proven { nonce: Some(Nonce::new(SCHEME, &parts, expires)) })
}

/// Signatures of versions to come are left out; one that claims to be known has to be readable.
fn signatures(list: &str) -> Result<Signatures, Mismatch> {
    let malformed = || Mismatch::Malformed { header: SIGNATURE.as_str().to_owned(), expected: EXPECTED };
    let mut signatures = Signatures::default();
    for (number, entry) in list.split(' ').filter(|entry| !entry.is_empty()).enumerate() {
        let (version, text) = entry.split_once(',').ok_or_else(malformed)?;
        if number >= SIGNATURES_MAX {
            return Err(malformed());
        }
        let kind = match version {
            "v1" => &mut signatures.mac,
            "v1a" => &mut signatures.ed25519,
            _ => continue,
        };
        kind.push(Encoding::Base64.decode(text).ok_or_else(malformed)?);
    }
    if signatures.mac.is_empty() && signatures.ed25519.is_empty() { Err(malformed()) } else { Ok(signatures) }
}
