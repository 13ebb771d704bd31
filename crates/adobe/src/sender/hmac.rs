//! `x-adobe-signature`, as older senders prove themselves (contract, section 4.5).

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::headers::{decode, only};

const SIGNATURE: &str = "x-adobe-signature";

/// What the header proves.
pub(super) enum Said {
    Fits,
    /// It is not there, or does not count.
    Nothing,
    Differs(String),
}

/// Compares with each secret, in constant time. Without secrets the header does not count.
pub(super) fn said(headers: &HeaderMap, secrets: &[SecretString], body: &[u8]) -> Said {
    if secrets.is_empty() {
        return Said::Nothing;
    }
    let text = match only(headers, SIGNATURE) {
        Ok(Some(text)) => text,
        Ok(None) => return Said::Nothing,
        Err(reason) => return Said::Differs(reason),
    };
    let Some(signature) = decode(text) else {
        return Said::Differs(format!("`{SIGNATURE}` is no standard base64"));
    };
    let fits = |secret: &SecretString| {
        let key = Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
        verify(&key, body, &signature).is_ok()
    };
    if secrets.iter().any(fits) {
        return Said::Fits;
    }
    let (bytes, count) = (body.len(), secrets.len());
    Said::Differs(format!("`{SIGNATURE}` fits this body of {bytes} bytes with none of {count} client secrets"))
}
