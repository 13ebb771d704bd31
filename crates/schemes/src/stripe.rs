//! Stripe's webhooks: `stripe-signature: t=<seconds>,v1=<hex>` over `<seconds>.<body>`, with one `v1` for each secret
//! that is in use.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::header::only;
use crate::{Encoding, MacKeys, Message, Mismatch, Nonce, Proven, Window};

/// The name of the scheme; nonces begin with it.
pub const SCHEME: &str = "stripe";

pub const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

const SIGNATURES_MAX: usize = 16;

const EXPECTED: &str = "`t=<seconds>` once and at most 16 `v1=<hex>`, with commas between them";

/// The header that signs a body with each of the keys.
pub fn sign(keys: &MacKeys, at: Timestamp, body: &[u8]) -> HeaderMap {
    let time = at.as_second().to_string();
    let parts: [&[u8]; 3] = [time.as_bytes(), b".", body];
    let signatures = keys.sign_with_each(&parts).map(|tag| format!(",v1={}", Encoding::Hex.encode(tag.as_ref())));
    let text = format!("t={time}{}", signatures.collect::<String>());
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::try_from(text) {
        value.set_sensitive(true);
        headers.insert(SIGNATURE, value);
    }
    headers
}

/// Whether one of the keys made one of the signatures.
pub fn verify(message: &Message<'_>, keys: &MacKeys, window: Window) -> Result<Proven, Mismatch> {
    let header = SIGNATURE;
    let name = header.as_str();
    let (time, signatures) = members(only(message.headers, name)?)
        .ok_or_else(|| Mismatch::Malformed { header: name.to_owned(), expected: EXPECTED })?;
    let expires = window.end_of(name, time)?;
    let parts: [&[u8]; 3] = [time.as_bytes(), b".", message.body];
    if !keys.fits_any(&parts, &signatures) {
        let body_bytes = message.body.len();
        return Err(Mismatch::Signature { header: name.to_owned(), secrets: keys.count(), body_bytes });
    }
    Ok(Proven { nonce: Some(Nonce::new(SCHEME, &parts, expires)) })
}

/// The time and the signatures of the version that is known; others, such as `v0` of test events, are left out.
fn members(list: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let (mut time, mut signatures) = (None, Vec::new());
    for member in list.split(',') {
        match member.trim().split_once('=')? {
            ("t", text) if time.is_none() => time = Some(text),
            ("v1", text) if signatures.len() < SIGNATURES_MAX => signatures.push(Encoding::Hex.decode(text)?),
            ("t" | "v1", _) => return None,
            _ => {}
        }
    }
    time.filter(|_| !signatures.is_empty()).map(|time| (time, signatures))
}
