//! Whether a request comes from Commerce, which signs its synchronous webhooks (contract, section 9.2).

use aws_lc_rs::rsa::PublicEncryptingKey;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;

use super::headers::{SIGNATURE_BYTES_MAX, decode, only};
use super::key::{SenderKey, read_pem};

const SIGNATURE: &str = "x-adobe-commerce-webhook-signature";

/// How a variable that has one line only writes the ends of lines.
const WRITTEN_LINE_END: &str = r"\n";

/// The text is no public key that signatures of Commerce could be checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a public RSA key of 2048 to 8192 bits in PEM, from `-----BEGIN PUBLIC KEY-----` on")]
pub struct CommerceKeyError;

/// Checks the signature of Commerce's webhooks: RSASSA-PKCS1-v1_5 with SHA-256 over the base64 text of the raw body.
#[derive(Debug)]
pub struct CommerceSignature(SenderKey);

impl CommerceSignature {
    /// `public_key` is PEM with a `SubjectPublicKeyInfo`, as Commerce's admin shows it; `\n` may stand for line ends.
    ///
    /// # Errors
    /// It is no such key.
    pub fn new(public_key: &str) -> Result<Self, CommerceKeyError> {
        let pem = public_key.replace(WRITTEN_LINE_END, "\n");
        // A key that is too short would be taken as it is, and no signature would ever fit it.
        let is_long = read_pem(pem.as_bytes()).is_some_and(|der| PublicEncryptingKey::from_der(&der).is_ok());
        SenderKey::from_pem(pem.as_bytes()).filter(|_| is_long).map(Self).ok_or(CommerceKeyError)
    }

    /// Whether the private half of the key signed this very body.
    ///
    /// # Errors
    /// Why nothing is proved, for the owner of the receiver: the caller must not learn it.
    pub fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
        let name = SIGNATURE;
        let text = only(headers, name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        let signature = decode(text)
            .ok_or_else(|| format!("`{name}` is no standard base64 of at most {SIGNATURE_BYTES_MAX} bytes"))?;
        if self.0.has_signed(BASE64_STANDARD.encode(body).as_bytes(), &signature) {
            return Ok(());
        }
        let (signature, body) = (signature.len(), body.len());
        Err(format!(
            "`{name}` of {signature} bytes does not fit the body of {body} bytes: another key signed it, or it was changed"
        ))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    macro_rules! vector {
        ($name:literal) => {
            include_str!(concat!("../../tests/vectors/commerce-signature/", $name))
        };
    }

    const KEY: &str = vector!("commerce.public.pem");
    const CART: &str = vector!("cart.json");
    const SIGNATURE_OF_CART: &str = vector!("cart.signature");

    fn headers(values: &[&str]) -> HeaderMap {
        let value = |text: &&str| (HeaderName::from_static(SIGNATURE), HeaderValue::from_str(text).unwrap());
        values.iter().map(value).collect()
    }

    fn check(values: &[&str], body: &[u8]) -> Result<(), String> {
        CommerceSignature::new(KEY).unwrap().check(&headers(values), body)
    }

    #[track_caller]
    fn refused(values: &[&str], body: &[u8], part: &str) {
        let reason = check(values, body).unwrap_err();
        assert!(reason.contains(part), "{reason}");
        assert!(values.iter().all(|value| value.len() < 8 || !reason.contains(value)), "{reason}");
    }

    #[test]
    fn what_commerce_signed_is_proved() {
        check(&[SIGNATURE_OF_CART], CART.as_bytes()).unwrap();
        check(&[&format!("  {SIGNATURE_OF_CART} ")], CART.as_bytes()).unwrap();
        check(&[vector!("empty.signature")], b"").unwrap();
    }

    #[test]
    fn a_key_is_read_from_many_lines_and_from_one() {
        let one_line = KEY.trim().replace('\n', r"\n");
        for key in [KEY, &one_line, &format!("{one_line}\\n"), &KEY.replace('\n', "\r\n")] {
            CommerceSignature::new(key).unwrap().check(&headers(&[SIGNATURE_OF_CART]), CART.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_is_no_such_key_is_refused() {
        let cut = KEY.replacen("MII", "", 1);
        for key in [
            "",
            "a-token",
            vector!("short.public.pem"),
            vector!("curve.public.pem"),
            vector!("pkcs1.public.pem"),
            &KEY.replace("PUBLIC KEY", "CERTIFICATE"),
            &cut,
        ] {
            assert_eq!(CommerceSignature::new(key).unwrap_err(), CommerceKeyError, "{key}");
        }
    }

    #[test]
    fn what_was_signed_otherwise_proves_nothing() {
        for signature in [
            vector!("cart.other-key.signature"),
            vector!("cart.raw-body.signature"),
            vector!("cart.wrapped.signature"),
            vector!("cart.sha1.signature"),
            vector!("cart.pss.signature"),
            vector!("empty.signature"),
        ] {
            refused(&[signature], CART.as_bytes(), "does not fit the body of 83 bytes");
        }
        refused(&[SIGNATURE_OF_CART], CART.trim_end().as_bytes(), "does not fit the body of 82 bytes");
        refused(&[SIGNATURE_OF_CART], b"", "does not fit the body of 0 bytes");
    }

    #[test]
    fn every_flipped_bit_of_signature_and_body_is_noticed() {
        let signature = BASE64_STANDARD.decode(SIGNATURE_OF_CART).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut signature = signature.clone();
            signature[bit / 8] ^= 1 << (bit % 8);
            refused(&[&BASE64_STANDARD.encode(signature)], CART.as_bytes(), "does not fit");
        }
        for bit in 0..CART.len() * 8 {
            let mut body = CART.as_bytes().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            refused(&[SIGNATURE_OF_CART], &body, "does not fit");
        }
    }

    #[test]
    fn the_header_has_one_form() {
        refused(&[], CART.as_bytes(), "is missing");
        refused(&[SIGNATURE_OF_CART, SIGNATURE_OF_CART], CART.as_bytes(), "is there more than once");
        let unpadded = SIGNATURE_OF_CART.trim_end_matches('=');
        let url_safe = SIGNATURE_OF_CART.replace('+', "-").replace('/', "_");
        let prefixed = format!("sha256={SIGNATURE_OF_CART}");
        let (first, second) = SIGNATURE_OF_CART.split_at(64);
        let wrapped = format!("{first} {second}");
        let long = "A".repeat(1_400);
        assert_ne!(url_safe, SIGNATURE_OF_CART, "the vector has a letter that differs");
        for text in ["", "=", "!", unpadded, &url_safe, &prefixed, &wrapped, &long] {
            refused(&[text], CART.as_bytes(), "is no standard base64 of at most 1024 bytes");
        }
        refused(&["AAAA"], CART.as_bytes(), "of 3 bytes does not fit");
    }

    proptest! {
        #[test]
        fn no_header_is_believed_but_the_right_one(text in "[ -~]{0,400}", body: Vec<u8>) {
            prop_assert!(check(&[&text], &body).is_err());
        }
    }
}
