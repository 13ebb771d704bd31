//! A client certificate that a proxy has checked, and names in a header by subject or fingerprint.
//!
//! Whoever reaches the kit past the proxy writes that header himself: only what comes from a trusted proxy counts.

use http::HeaderName;

use crate::network::Hop;
use crate::{Message, Mismatch, Proven, header};

/// The name of the scheme.
pub const SCHEME: &str = "client-certificate";

/// Hex digits of fingerprints by SHA-1 and SHA-256.
const FINGERPRINT_DIGITS: [usize; 2] = [40, 64];

#[derive(Clone, Debug)]
pub struct Rule {
    pub header: HeaderName,
    allowed: Vec<String>,
}

impl Rule {
    /// `allowed`: subjects, or fingerprints in hex with or without colons.
    pub fn new(header: HeaderName, allowed: &[String]) -> Self {
        Self { header, allowed: allowed.iter().map(|text| plain(text)).collect() }
    }

    pub fn verify(&self, message: &Message<'_>, hop: Hop) -> Result<Proven, Mismatch> {
        match hop {
            Hop::Stranger => return Err(Mismatch::NoProxy),
            Hop::TrustedProxy => {}
        }
        let said = plain(header::only(message.headers, self.header.as_str())?);
        if self.allowed.contains(&said) {
            return Ok(Proven::TIMELESS);
        }
        let (header, allowed) = (self.header.as_str().to_owned(), self.allowed.len());
        Err(Mismatch::Certificate { header, allowed })
    }
}

/// Fingerprints are compared whatever their case and colons; subjects as they are.
fn plain(text: &str) -> String {
    let digits: String = text.trim().chars().filter(|letter| *letter != ':').collect();
    let is_fingerprint =
        FINGERPRINT_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_fingerprint { digits.to_ascii_lowercase() } else { text.trim().to_owned() }
}
