use std::collections::HashSet;

use adobe::{OAuth1, OAuth1Credentials};
use http::HeaderMap;
use sdk::{Stop, TargetPort};
use secrecy::SecretString;

use super::{commerce, get, post};
use crate::support::{Seen, Stand, Time, json};

fn oauth(time: &Time) -> OAuth1 {
    let credentials = OAuth1Credentials {
        consumer_key: "consumer".to_owned(),
        consumer_secret: SecretString::from("consumer-secret"),
        access_token: "access".to_owned(),
        access_token_secret: SecretString::from("access-secret"),
    };
    OAuth1::new(credentials, time.clock())
}

/// A parameter of the `Authorization` header.
fn parameter(seen: &Seen, name: &str) -> String {
    let header = seen.header("authorization").unwrap().strip_prefix("OAuth ").unwrap();
    let mut pairs = header.split(", ").map(|pair| pair.split_once('=').unwrap());
    pairs.find(|(found, _)| *found == name).unwrap().1.trim_matches('"').to_owned()
}

/// Signs again where 401 was the answer, as no real credentials of this kind do.
#[derive(Debug)]
struct Stubborn(OAuth1);

#[async_trait::async_trait]
impl adobe::Authorize for Stubborn {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        self.0.authorize(request).await
    }

    fn rejected(&self, _: &HeaderMap) -> bool {
        true
    }
}

#[tokio::test]
async fn every_attempt_has_a_nonce_of_its_own() {
    let stand = Stand::start(|_, _| json(401, r#"{"message":"nonce_used"}"#)).await;
    let time = Time::new();
    let commerce = commerce(&stand.url, Stubborn(oauth(&time)));
    for _ in 0..10 {
        let reply = commerce.call(get("products/A%2FB?searchCriteria[pageSize]=1&b=")).await.unwrap();
        assert_eq!(reply.status, 401);
        time.advance(1_000);
    }
    let seen = stand.seen("/V1/products/A%2FB?searchCriteria[pageSize]=1&b=");
    assert_eq!(seen.len(), 20, "each call is made once more, and no more");
    let nonces: HashSet<String> = seen.iter().map(|seen| parameter(seen, "oauth_nonce")).collect();
    let signatures: HashSet<String> = seen.iter().map(|seen| parameter(seen, "oauth_signature")).collect();
    assert_eq!((nonces.len(), signatures.len()), (20, 20));
    assert!(nonces.iter().all(|nonce| nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    let times: Vec<String> = seen.iter().map(|seen| parameter(seen, "oauth_timestamp")).collect();
    assert_eq!((times[0].as_str(), times[2].as_str()), ("1795341600", "1795341601"));
}

#[tokio::test]
async fn a_refused_signature_is_the_answer() {
    let stand = Stand::start(|_, _| json(401, r#"{"message":"signature_invalid"}"#)).await;
    let reply = commerce(&stand.url, oauth(&Time::new())).call(post("products", "{}")).await.unwrap();
    assert_eq!(reply.error.as_deref(), Some("Commerce answered 401: signature_invalid"));
    assert_eq!(stand.count("/"), 1);
}
