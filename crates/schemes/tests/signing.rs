//! What we sign is what we take, and keys that are none are refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;
use schemes::signature::Rule;
use schemes::standard_webhooks::{self, KeyFault, SigningKeys, VerifyingKeys};
use schemes::{MacKeys, Message, WINDOW_DEFAULT, Window, stripe};
use secrecy::SecretString;

const SECRET: &str = "whsec_YSBzaGFyZWQgc2VjcmV0IG9mIHRoaXJ0eSBieXRlcw==";
/// The example of the Standard Webhooks specification: a seed with its public key.
const SECRET_KEY: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

fn at() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn window() -> Window {
    Window::new(at(), WINDOW_DEFAULT)
}

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| (*text).into()).collect()
}

#[test]
fn a_receiver_that_knows_one_of_the_keys_takes_what_we_sign_with_all() {
    let keys = SigningKeys::parse(&secrets(&[SECRET, SECRET_KEY])).unwrap();
    let headers = standard_webhooks::sign(&keys, "msg_1", at(), b"{}").unwrap();
    assert!(headers[standard_webhooks::SIGNATURE].is_sensitive());
    let message = Message { headers: &headers, query: None, body: b"{}" };
    let public = keys.public_keys().concat();
    for known in [SECRET, &public] {
        let keys = VerifyingKeys::parse(&secrets(&[known])).unwrap();
        assert!(standard_webhooks::verify(&message, &keys, window()).is_ok(), "{known}");
    }
    let others = VerifyingKeys::parse(&secrets(&["whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBmaXRzIG5vdGhpbmc="])).unwrap();
    assert!(standard_webhooks::verify(&message, &others, window()).is_err());
}

#[test]
fn an_id_that_could_be_read_as_another_pair_is_not_signed() {
    let keys = SigningKeys::parse(&secrets(&[SECRET])).unwrap();
    for id in ["", "a.b", "a b", "a\nb", "\u{e4}", &"a".repeat(257)] {
        assert!(standard_webhooks::sign(&keys, id, at(), b"").is_err(), "{id}");
    }
}

#[test]
fn a_key_has_its_prefix_and_its_length() {
    #[track_caller]
    fn check(text: &str, expected: KeyFault) {
        let verifying = VerifyingKeys::parse(&secrets(&[text])).unwrap_err();
        let signing = SigningKeys::parse(&secrets(&[text])).unwrap_err();
        assert!([verifying, signing].contains(&expected), "{text}: {verifying}, {signing}");
    }
    check("a secret", KeyFault::NotVerifying);
    check("", KeyFault::NotSigning);
    check("whsec_?", KeyFault::Encoding);
    check("whsec_c2hvcnQ=", KeyFault::SecretLength);
    check("whpk_c2hvcnQ=", KeyFault::PublicKey);
    check("whsk_c2hvcnQ=", KeyFault::SecretKey);
    let (seed, public) = ("AAAA".repeat(10), "AAAA".repeat(11));
    check(&format!("whsk_{seed}AA==AAAA{public}"), KeyFault::Encoding);
}

#[test]
fn keys_do_not_show_themselves() {
    let keys = SigningKeys::parse(&secrets(&[SECRET, SECRET_KEY])).unwrap();
    assert_eq!(format!("{keys:?}"), "SigningKeys(2)");
    assert_eq!(format!("{:?}", VerifyingKeys::parse(&secrets(&[SECRET])).unwrap()), "VerifyingKeys(1)");
    assert_eq!(format!("{:?}", MacKeys::of_texts(&secrets(&["a", "b"]))), "MacKeys(2)");
}

proptest! {
    #[test]
    fn what_port_would_sign_is_taken(secret in "[ -~]{1,40}", body: Vec<u8>) {
        let keys = MacKeys::of_texts(&secrets(&[&secret]));
        let headers = Rule::port().sign(&keys, at(), &body);
        let message = Message { headers: &headers, query: None, body: &body };
        prop_assert!(Rule::port().verify(&message, &keys, window()).is_ok());
    }

    #[test]
    fn what_we_sign_is_taken(id in "[!-\\-/-~]{1,64}", body: Vec<u8>) {
        let signing = SigningKeys::parse(&secrets(&[SECRET])).unwrap();
        let verifying = VerifyingKeys::parse(&secrets(&[SECRET])).unwrap();
        let headers = standard_webhooks::sign(&signing, &id, at(), &body).unwrap();
        let message = Message { headers: &headers, query: None, body: &body };
        prop_assert!(standard_webhooks::verify(&message, &verifying, window()).is_ok());
    }

    #[test]
    fn no_header_is_too_strange(values: [Vec<u8>; 3], text in "(v1a?,|t=|sha256=|v1=|,| |=|[0-9]{1,12}|[A-Za-z+/]{1,8}){0,12}") {
        let names = [
            "webhook-id", "webhook-timestamp", "webhook-signature", "x-port-timestamp", "x-port-signature",
            "x-shopify-hmac-sha256", "x-hub-signature-256", "stripe-signature",
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in names.iter().zip(values.iter().map(Vec::as_slice).chain([text.as_bytes()]).cycle()) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let message = Message { headers: &headers, query: None, body: text.as_bytes() };
        let keys = MacKeys::of_texts(&secrets(&["secret"]));
        for rule in [Rule::port(), Rule::shopify(), Rule::github()] {
            prop_assert!(rule.verify(&message, &keys, window()).is_err());
        }
        prop_assert!(stripe::verify(&message, &keys, window()).is_err());
        let keys = VerifyingKeys::parse(&secrets(&[SECRET])).unwrap();
        prop_assert!(standard_webhooks::verify(&message, &keys, window()).is_err());
    }
}
