//! Bearer tokens against those that OpenSSL signed: `vectors/make.py tokens`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use proptest::prelude::*;
use schemes::jwt::{ALGORITHMS, Algorithm, KeySet, KeySetFault, Rule, SKEW_DEFAULT, TokenFault, bearer};
use schemes::{Message, Mismatch};
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/tokens.json")).unwrap()
}

fn rule() -> Rule {
    Rule {
        issuer: Some("https://issuer.example.com/".to_owned()),
        audiences: vec!["kit".to_owned()],
        algorithms: ALGORITHMS.to_vec(),
        skew: SKEW_DEFAULT,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

/// All keys of the vectors in one set.
fn key_set() -> KeySet {
    let vectors = vectors();
    let keys: Vec<&Value> = vectors["tokens"].as_array().unwrap().iter().map(|vector| &vector["jwk"]).collect();
    KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn tokens() -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let vectors = vectors();
    let vectors = vectors["tokens"].as_array().unwrap();
    vectors.iter().map(|vector| (text(&vector["algorithm"]), text(&vector["token"]), text(&vector["pem"]))).collect()
}

#[test]
fn every_token_of_another_implementation_is_good() {
    let tokens = tokens();
    assert_eq!(tokens.len(), 5);
    for (algorithm, token, pem) in &tokens {
        assert_eq!(rule().verify(token, &key_set(), at(0)), Ok(()), "{algorithm}");
        assert_eq!(rule().verify(token, &KeySet::from_pem(pem).unwrap(), at(0)), Ok(()), "{algorithm}");
        let only = Rule { algorithms: vec![algorithm.parse::<Algorithm>().unwrap()], ..rule() };
        assert_eq!(only.verify(token, &key_set(), at(0)), Ok(()), "{algorithm}");
    }
}

#[test]
fn a_token_of_another_key_is_none() {
    let tokens = tokens();
    for (algorithm, token, _) in &tokens {
        for (other, _, pem) in tokens.iter().filter(|(other, _, _)| other != algorithm) {
            let verified = rule().verify(token, &KeySet::from_pem(pem).unwrap(), at(0));
            assert!(
                matches!(verified, Err(TokenFault::UnknownKey { .. } | TokenFault::Signature { .. })),
                "{algorithm} {other}"
            );
        }
        let vectors = vectors();
        let others: Vec<&Value> = vectors["tokens"].as_array().unwrap().iter().map(|vector| &vector["jwk"]).collect();
        let others: Vec<&&Value> = others.iter().filter(|jwk| jwk["alg"] != **algorithm).collect();
        let keys = KeySet::from_jwks(json!({ "keys": others }).to_string().as_bytes()).unwrap();
        let expected = TokenFault::UnknownKey { kid: format!("key of {algorithm}"), keys: 4 };
        assert_eq!(rule().verify(token, &keys, at(0)), Err(expected));
    }
}

#[test]
fn no_bit_of_a_token_may_differ() {
    for (algorithm, token, _) in tokens() {
        let keys = key_set();
        for (place, byte) in token.bytes().enumerate().step_by(7) {
            let other = if byte == b'A' { 'B' } else { 'A' };
            let mut forged = token.clone();
            forged.replace_range(place..=place, &other.to_string());
            assert!(rule().verify(&forged, &keys, at(0)).is_err(), "{algorithm}: byte {place}");
        }
    }
}

#[test]
fn a_token_counts_from_its_begin_to_its_end() {
    #[track_caller]
    fn check(seconds: i64, expected: &Result<(), TokenFault>) {
        for (algorithm, token, _) in tokens() {
            assert_eq!(rule().verify(&token, &key_set(), at(seconds)), *expected, "{algorithm}");
        }
    }
    check(-60, &Ok(()));
    check(-61, &Err(TokenFault::TooEarly(61)));
    check(3_659, &Ok(()));
    check(3_660, &Err(TokenFault::Expired(60)));
    let strict = Rule { skew: Duration::ZERO, ..rule() };
    let (_, token, _) = tokens().remove(0);
    assert_eq!(strict.verify(&token, &key_set(), at(3_600)), Ok(()));
    assert_eq!(strict.verify(&token, &key_set(), at(3_601)), Err(TokenFault::Expired(1)));
}

#[test]
fn a_token_is_of_the_issuer_and_for_us() {
    let (_, token, _) = tokens().remove(0);
    let other = |rule: Rule| rule.verify(&token, &key_set(), at(0));
    assert_eq!(
        other(Rule { issuer: Some("https://issuer.example.com".to_owned()), ..rule() }),
        Err(TokenFault::Other("iss"))
    );
    assert_eq!(other(Rule { audiences: vec!["ki".to_owned()], ..rule() }), Err(TokenFault::Other("aud")));
    assert_eq!(other(Rule { audiences: vec!["x".to_owned(), "another".to_owned()], ..rule() }), Ok(()));
    assert_eq!(other(Rule { issuer: None, audiences: Vec::new(), ..rule() }), Ok(()));
    assert_eq!(other(Rule { algorithms: vec![Algorithm::ES256], ..rule() }), Err(TokenFault::Algorithm));
}

#[test]
fn a_token_by_a_shared_secret_or_by_none_is_refused() {
    let (_, token, _) = tokens().remove(0);
    let claims = token.split('.').nth(1).unwrap();
    for head in [r#"{"alg":"HS256"}"#, r#"{"alg":"none"}"#, r#"{"alg":"RS256","kid":1}"#, "{}", "", "[]"] {
        let forged = format!("{}.{claims}.AAAA", BASE64_URL_SAFE_NO_PAD.encode(head));
        let fault = rule().verify(&forged, &key_set(), at(0)).unwrap_err();
        assert!(matches!(fault, TokenFault::Algorithm | TokenFault::Unreadable), "{head}: {fault}");
    }
}

#[test]
fn a_token_with_critical_extensions_is_refused() {
    let (_, token, _) = tokens().remove(0);
    let claims = token.split('.').nth(1).unwrap();
    let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#);
    assert_eq!(rule().admits(&format!("{head}.{claims}.AAAA")), Err(TokenFault::Critical));
    assert_eq!(rule().admits(&token), Ok(()));
}

#[test]
fn a_key_set_has_keys_that_sign() {
    #[track_caller]
    fn check(text: &str, expected: KeySetFault) {
        assert_eq!(KeySet::from_jwks(text.as_bytes()).unwrap_err(), expected, "{text}");
    }
    check("", KeySetFault::NotKeys);
    check("[]", KeySetFault::NotKeys);
    check(r#"{"keys":[]}"#, KeySetFault::NoKey);
    check(r#"{"keys":[1,{},{"kty":"oct","k":"c2VjcmV0"}]}"#, KeySetFault::NoKey);
    let vectors = vectors();
    let mut key = vectors["tokens"][0]["jwk"].clone();
    check(&json!({"keys": vec![&key; 65]}).to_string(), KeySetFault::TooMany);
    key["use"] = json!("enc");
    check(&json!({ "keys": [key] }).to_string(), KeySetFault::NoKey);
    for text in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "a secret"] {
        assert_eq!(KeySet::from_pem(text).unwrap_err(), KeySetFault::NotPem, "{text}");
    }
}

#[test]
fn a_bearer_token_stands_in_its_header() {
    #[track_caller]
    fn check(value: &str, expected: Option<&str>) {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        let found = bearer(&Message { headers: &headers, query: None, body: b"" });
        assert_eq!(found.ok(), expected, "{value}");
    }
    check("Bearer a.b.c", Some("a.b.c"));
    check("bearer  a.b.c ", Some("a.b.c"));
    for value in ["", "Bearer", "Bearer ", "Basic a.b.c", "Bearera.b.c"] {
        check(value, None);
    }
    let headers = HeaderMap::new();
    let missing = bearer(&Message { headers: &headers, query: None, body: b"" });
    assert_eq!(missing, Err(Mismatch::Missing("authorization".to_owned())));
}

proptest! {
    #[test]
    fn no_token_and_no_key_set_is_too_strange(token in "([A-Za-z0-9_-]{0,40}\\.){0,3}[A-Za-z0-9_-]{0,40}", set: Vec<u8>) {
        prop_assert!(rule().verify(&token, &key_set(), at(0)).is_err());
        prop_assert!(KeySet::from_jwks(&set).is_err());
    }
}
