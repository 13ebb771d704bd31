use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The public half of a key that the sender signs with: RSA, 2048 to 8192 bits.
pub(super) struct SenderKey(ParsedPublicKey);

impl SenderKey {
    /// Reads PEM with a `SubjectPublicKeyInfo` (RFC 7468, section 13).
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let der = read_pem(pem)?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok().map(Self)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over the bytes as they came.
    pub fn has_signed(&self, body: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(body, signature).is_ok()
    }
}

/// The bytes between the two lines that frame a public key.
pub(super) fn read_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?.trim();
    let encoded: String = text.strip_prefix(BEGIN)?.strip_suffix(END)?.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(encoded).ok()
}

impl fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderKey")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a key host answers is a key or none, never a panic.
        #[test]
        fn what_is_no_key_is_none(bytes in any::<Vec<u8>>(), text in "[A-Za-z0-9+/=\n]{0,200}") {
            prop_assert!(SenderKey::from_pem(&bytes).is_none());
            let pem = format!("{BEGIN}\n{text}\n{END}\n");
            prop_assert!(SenderKey::from_pem(pem.as_bytes()).is_none());
        }
    }
}
