//! The schemes against signatures that Python and OpenSSL made: `vectors/make.py`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use schemes::signature::{Rule, Template};
use schemes::standard_webhooks::VerifyingKeys;
use schemes::{MacKeys, Message, Mismatch, Proven, WINDOW_DEFAULT, Window, standard_webhooks, stripe};
use secrecy::SecretString;
use serde_json::Value;

const FILES: [&str; 4] = [
    include_str!("vectors/standard-webhooks.json"),
    include_str!("vectors/port.json"),
    include_str!("vectors/of-body.json"),
    include_str!("vectors/stripe.json"),
];

#[derive(Clone, Debug)]
struct Vector {
    name: String,
    scheme: String,
    at: i64,
    secrets: Vec<String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Vector {
    fn read(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        Self {
            name: format!("{}: {}", text("scheme"), text("name")),
            scheme: text("scheme"),
            at: value["at"].as_i64().unwrap(),
            secrets: value["secrets"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().into()).collect(),
            headers: serde_json::from_value(value["headers"].clone()).unwrap(),
            body: BASE64_STANDARD.decode(value["body"].as_str().unwrap()).unwrap(),
        }
    }

    /// Headers that sign something: all of them.
    fn header_map(&self) -> HeaderMap {
        let pair = |(name, value): (&String, &String)| {
            (HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::try_from(value.as_str()).unwrap())
        };
        self.headers.iter().map(pair).collect()
    }

    fn verify(&self) -> Result<Proven, Mismatch> {
        self.verify_with(&self.header_map(), self.at)
    }

    fn verify_with(&self, headers: &HeaderMap, at: i64) -> Result<Proven, Mismatch> {
        let message = Message { headers, query: None, body: &self.body };
        let window = Window::new(Timestamp::from_second(at).unwrap(), WINDOW_DEFAULT);
        let secrets: Vec<SecretString> = self.secrets.iter().map(|text| text.as_str().into()).collect();
        let keys = MacKeys::of_texts(&secrets);
        match self.scheme.as_str() {
            "standard-webhooks" => {
                standard_webhooks::verify(&message, &VerifyingKeys::parse(&secrets).unwrap(), window)
            }
            "stripe" => stripe::verify(&message, &keys, window),
            "port" => Rule::port().verify(&message, &keys, window),
            "shopify" => Rule::shopify().verify(&message, &keys, window),
            "github" => Rule::github().verify(&message, &keys, window),
            other => panic!("no scheme {other}"),
        }
    }

    fn has_time(&self) -> bool {
        !matches!(self.scheme.as_str(), "shopify" | "github")
    }
}

fn vectors() -> Vec<Vector> {
    let lists = FILES.map(|text| serde_json::from_str::<Vec<Value>>(text).unwrap());
    lists.iter().flatten().map(Vector::read).collect()
}

/// The plain one of each kind of key, with a body of some length.
fn samples() -> Vec<Vector> {
    let is_sample = |vector: &Vector| {
        ["standard-webhooks: event", "standard-webhooks: event by ed25519", "port: event", "shopify: event"]
            .iter()
            .chain(&["github: event", "stripe: event"])
            .any(|name| *name == vector.name)
    };
    let samples: Vec<Vector> = vectors().into_iter().filter(is_sample).collect();
    assert_eq!(samples.len(), 6);
    samples
}

#[test]
fn every_signature_of_another_implementation_is_good() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 50);
    for vector in &vectors {
        let proven = vector.verify().unwrap_or_else(|mismatch| panic!("{}: {mismatch}", vector.name));
        assert_eq!(proven.nonce.is_some(), vector.has_time(), "{}", vector.name);
    }
}

#[test]
fn no_bit_of_the_body_may_differ() {
    for sample in samples() {
        for bit in 0..sample.body.len() * 8 {
            let mut forged = sample.clone();
            forged.body[bit / 8] ^= 1 << (bit % 8);
            let mismatch = forged.verify().unwrap_err();
            assert!(matches!(mismatch, Mismatch::Signature { .. }), "{}: bit {bit}: {mismatch}", sample.name);
        }
        for body in [&sample.body[..sample.body.len() - 1], &[&*sample.body, b"\n"].concat(), b""] {
            let forged = Vector { body: body.to_vec(), ..sample.clone() };
            assert!(forged.verify().is_err(), "{}", sample.name);
        }
    }
}

#[test]
fn no_bit_of_a_signed_header_may_differ() {
    for sample in samples() {
        for (name, value) in &sample.headers {
            for bit in 0..value.len() * 8 {
                let mut forged = value.clone().into_bytes();
                forged[bit / 8] ^= 1 << (bit % 8);
                // The case of hexadecimal digits says nothing.
                let is_same = forged.eq_ignore_ascii_case(value.as_bytes());
                let is_hex = matches!(sample.scheme.as_str(), "github" | "stripe");
                let is_digit = value.as_bytes()[bit / 8].is_ascii_hexdigit() && bit / 8 >= 7;
                let Ok(header) = HeaderValue::from_bytes(&forged) else { continue };
                let mut headers = sample.header_map();
                headers.insert(HeaderName::try_from(name.as_str()).unwrap(), header);
                let is_good = sample.verify_with(&headers, sample.at).is_ok();
                assert_eq!(is_good, is_same && is_hex && is_digit, "{}: `{name}`, bit {bit}", sample.name);
            }
        }
    }
}

#[test]
fn a_time_counts_in_both_directions() {
    for vector in vectors().iter().filter(|vector| vector.has_time()) {
        let check = |at: i64, is_good: bool| {
            let found = vector.verify_with(&vector.header_map(), at);
            assert_eq!(found.is_ok(), is_good, "{} at {at}", vector.name);
            if let Err(mismatch) = found {
                let off_s = vector.at - at;
                assert!(matches!(mismatch, Mismatch::Clock { off_s: found, .. } if found == off_s), "{mismatch}");
            }
        };
        check(vector.at - 300, true);
        check(vector.at + 300, true);
        check(vector.at - 301, false);
        check(vector.at + 301, false);
        check(vector.at + 86_400, false);
    }
}

#[test]
fn a_secret_that_is_not_theirs_fits_nothing() {
    for mut vector in vectors() {
        let text = match vector.scheme.as_str() {
            "standard-webhooks" => "whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBmaXRzIG5vdGhpbmc=",
            _ => "another secret that fits nothing",
        };
        vector.secrets = vec![text.to_owned(), text.to_owned()];
        let text = vector.verify().unwrap_err().to_string();
        let body_bytes = vector.body.len();
        assert!(text.starts_with("none of 2 secret(s) fits the signature in `"), "{text}");
        assert!(text.ends_with(&format!("over a body of {body_bytes} bytes")), "{text}");
    }
}

#[test]
fn each_header_is_there_once() {
    for sample in samples() {
        for name in sample.headers.keys() {
            let header = HeaderName::try_from(name.as_str()).unwrap();
            let mut headers = sample.header_map();
            let value = headers.get(&header).unwrap().clone();
            headers.append(&header, value);
            let expected = Mismatch::Repeated { header: name.clone(), times: 2 };
            assert_eq!(sample.verify_with(&headers, sample.at), Err(expected), "{}", sample.name);
            headers.remove(&header);
            let expected = Mismatch::Missing(name.clone());
            assert_eq!(sample.verify_with(&headers, sample.at), Err(expected), "{}", sample.name);
            for value in [&b""[..], b"\xff\xfe", b"v1,", b"v1,=", b"t=1,t=1,v1=00", &[b'a'; 5_000]] {
                headers.insert(&header, HeaderValue::from_bytes(value).unwrap());
                assert!(sample.verify_with(&headers, sample.at).is_err(), "{}: `{name}`", sample.name);
            }
        }
    }
}

#[test]
fn the_case_of_a_headers_name_says_nothing() {
    for sample in samples() {
        let upper = |name: &String| HeaderName::try_from(name.to_ascii_uppercase().as_str()).unwrap();
        let pairs = sample.headers.iter().map(|(name, value)| (upper(name), HeaderValue::try_from(value).unwrap()));
        assert!(sample.verify_with(&pairs.collect(), sample.at).is_ok(), "{}", sample.name);
    }
}

#[test]
fn a_nonce_names_what_was_signed_whichever_signatures_came_along() {
    let vectors = vectors();
    let nonce = |name: &str| {
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        vector.verify().unwrap().nonce.unwrap()
    };
    let plain = nonce("standard-webhooks: event");
    assert_eq!(plain, nonce("standard-webhooks: event signed by two secrets"));
    assert_eq!(plain, nonce("standard-webhooks: event by ed25519"));
    assert_eq!(nonce("stripe: event"), nonce("stripe: event signed by two secrets"));
    assert_ne!(plain, nonce("standard-webhooks: empty"));
    assert_ne!(nonce("port: event").to_string(), nonce("stripe: event").to_string());
    assert_eq!(plain.expires().as_second(), 1_767_225_600 + 301);
    assert!(plain.to_string().starts_with("standard-webhooks:"));
}

#[test]
fn a_rule_of_ones_own_signs_what_its_template_says() {
    let rule = Rule {
        scheme: "hmac",
        header: HeaderName::from_static("x-slip"),
        prefix: "v0=".to_owned(),
        encoding: schemes::Encoding::Hex,
        timestamp: Some(HeaderName::from_static("x-slip-time")),
        template: Template::parse("v0:{timestamp}:{body}").unwrap(),
    };
    let keys = MacKeys::of_texts(&["secret".into()]);
    let at = Timestamp::from_second(1_767_225_600).unwrap();
    let headers = rule.sign(&keys, at, b"{}");
    // printf 'v0:1767225600:{}' | openssl dgst -sha256 -hmac secret
    let expected = "v0=4fa0f84070c578b991b10419dd70e79a9ce36e33ed34a0fd7a5202384f9f086f";
    assert_eq!(headers["x-slip"], expected);
    let message = Message { headers: &headers, query: None, body: b"{}" };
    let window = Window::new(at, Duration::from_secs(1));
    assert!(rule.verify(&message, &keys, window).is_ok());
    assert!(rule.verify(&message, &MacKeys::of_texts(&[]), window).is_err());
}
