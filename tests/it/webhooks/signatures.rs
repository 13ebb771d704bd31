//! Deliveries that the events API has signed, forged ones, and what each of them leaves behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ACTIVATION, CLIENT, CONSUMER, PRODUCTS, event, project, reason, runs, with};
use crate::support::{Answer, Project, Server, product};

const VALIDATOR: &str = "events-api/signature-validator";

/// A key of the events API, and where its public half is.
struct Key {
    pair: KeyPair,
    path: String,
}

impl Key {
    fn new(name: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        Self { pair, path: format!("/prod/keys/pub-key-{name}.pem") }
    }

    fn pem(&self) -> String {
        let der = self.pair.public_key().as_der().unwrap();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    fn sign(&self, body: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).unwrap();
        STANDARD.encode(signature)
    }
}

/// The events API's host of keys and validation URLs; it remembers what it was asked for.
#[derive(Clone, Default)]
struct Host {
    pages: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Serves these keys; the host and its address.
    async fn with(keys: &[&Key]) -> (Self, String) {
        let host = Self::default();
        host.pages.lock().unwrap().extend(keys.iter().map(|key| (key.path.clone(), key.pem())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (host, address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(host): State<Host>, request: Request) -> Result<String, StatusCode> {
    host.asked.lock().unwrap().push(request.uri().to_string());
    host.pages.lock().unwrap().get(request.uri().path()).cloned().ok_or(StatusCode::NOT_FOUND)
}

fn checking(address: &str) -> Project {
    project()
        .with("KIT_WEBHOOK_SIGNATURES", "required")
        .with("KIT_EVENTS_KEYS_URL", address)
        .with("IO_MANAGEMENT_BASE_URL", &format!("{address}events/"))
}

/// The headers of a pair: its number, the key whose path is named, and the signature.
fn pair(number: u8, key: &Key, signature: String) -> [(String, String); 2] {
    [
        (format!("x-adobe-digital-signature-{number}"), signature),
        (format!("x-adobe-public-key{number}-path"), key.path.clone()),
    ]
}

impl Server {
    async fn deliver_signed(&self, body: &[u8], headers: &[(String, String)]) -> Answer {
        let request = self.client.post(self.url(PRODUCTS)).body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        Answer::of(request).await
    }
}

/// What the activation says of a refused delivery, and that its sender was told nothing of it.
fn refused(project: &Project, answer: &Answer) -> String {
    let activation = answer.body["activationId"].as_str().unwrap();
    let told = format!("the request is not authorized; activation {activation} says why");
    assert_eq!((answer.status, answer.error()), (401, told.as_str()), "{answer:?}");
    assert_eq!(answer.header(ACTIVATION), Some(activation));
    reason(project, activation)["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn either_signature_lets_a_delivery_pass_and_a_replay_has_no_effect() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let (host, address) = Host::with(&[&one, &two]).await;
    let project = checking(&address);
    let kit = project.start(&["dev"]);
    let body = |id: &str| event(id, &product("A")).to_string().into_bytes();
    let (first, second) = (body("1"), body("2"));
    let both = [pair(1, &one, one.sign(&first)), pair(2, &two, two.sign(&first))].concat();
    let answer = kit.deliver_signed(&first, &both).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let alone = pair(2, &two, two.sign(&second)).map(|(name, value)| (name.to_uppercase(), value));
    assert_eq!(kit.deliver_signed(&second, &alone).await.status, 200);
    let replays = join_all((0..10).map(|_| kit.deliver_signed(&first, &both))).await;
    assert!(replays.iter().all(|replay| (replay.status, &replay.text) == (200, &answer.text)), "{replays:?}");
    assert_eq!((runs(&project, CONSUMER).len(), kit.calls("products").await.len()), (2, 2));
    assert_eq!(runs(&project, VALIDATOR).len(), 12);
    assert!(host.asked().len() <= 2, "each key is fetched once: {:?}", host.asked());
}

#[tokio::test]
async fn one_download_serves_all_who_wait_for_a_key() {
    let key = Key::new("one");
    let (host, address) = Host::with(&[&key]).await;
    let project = checking(&address);
    let kit = project.start(&["dev"]);
    let bodies: Vec<Vec<u8>> =
        (0..20).map(|id| event(&id.to_string(), &product("A")).to_string().into_bytes()).collect();
    let headers: Vec<_> = bodies.iter().map(|body| pair(1, &key, key.sign(body))).collect();
    let answers = join_all(bodies.iter().zip(&headers).map(|(body, headers)| kit.deliver_signed(body, headers))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(host.asked(), [key.path.as_str()]);
}

#[tokio::test]
async fn a_forged_delivery_learns_nothing_and_its_activation_says_which_part_differed() {
    let (key, stranger) = (Key::new("one"), Key::new("stranger"));
    let (host, address) = Host::with(&[&key]).await;
    let project = checking(&address);
    let kit = project.start(&["dev"]);
    let body = event("1", &product("A")).to_string().into_bytes();
    let length = body.len();

    let unsigned = refused(&project, &kit.deliver_signed(&body, &[]).await);
    assert!(unsigned.contains("x-adobe-digital-signature-1"), "{unsigned}");
    assert!(host.asked().is_empty(), "nothing is fetched for whoever shows no signature");

    let mut changed = body.clone();
    let place = length - 4;
    changed[place] ^= 1;
    let told = refused(&project, &kit.deliver_signed(&changed, &pair(1, &key, key.sign(&body))).await);
    assert!(told.contains("`x-adobe-digital-signature-1`") && told.contains(&format!("{length} bytes")), "{told}");

    let of_stranger = pair(1, &key, stranger.sign(&body));
    assert!(refused(&project, &kit.deliver_signed(&body, &of_stranger).await).contains("no signature of this body"));

    let unknown = refused(&project, &kit.deliver_signed(&body, &pair(1, &stranger, stranger.sign(&body))).await);
    assert!(unknown.contains("pub-key-stranger.pem") || unknown.contains("404"), "{unknown}");

    for path in ["https://example.com/prod/keys/a.pem", "/prod/keys/../a.pem", "/other/a.pem"] {
        let headers = pair(
            1,
            &Key { path: path.to_owned(), pair: KeyPair::generate(KeySize::Rsa2048).unwrap() },
            key.sign(&body),
        );
        assert!(
            refused(&project, &kit.deliver_signed(&body, &headers).await).contains("x-adobe-public-key1-path"),
            "{path}"
        );
    }
    let other = with(event("1", &product("A")), &json!({"recipientclientid": "client-2"})).to_string().into_bytes();
    let told = refused(&project, &kit.deliver_signed(&other, &pair(1, &key, key.sign(&other))).await);
    assert!(told.contains("`client-2`") && told.contains(CLIENT), "{told}");

    assert!(runs(&project, CONSUMER).is_empty() && kit.calls("products").await.is_empty());
    assert_eq!(kit.deliver_signed(&body, &pair(1, &key, key.sign(&body))).await.status, 200);
}

/// Adobe signs a batch as a whole, and so is it checked.
#[tokio::test]
async fn a_batch_has_one_signature() {
    let key = Key::new("one");
    let (_host, address) = Host::with(&[&key]).await;
    let project = checking(&address);
    let kit = project.start(&["dev"]);
    let batch = json!([event("1", &product("A")), event("2", &product("B"))]).to_string().into_bytes();
    let answer = kit.deliver_signed(&batch, &pair(1, &key, key.sign(&batch))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let foreign = with(event("4", &product("B")), &json!({"recipientclientid": "client-2"}));
    let mixed = json!([event("3", &product("A")), foreign]).to_string().into_bytes();
    refused(&project, &kit.deliver_signed(&mixed, &pair(1, &key, key.sign(&mixed))).await);
    assert_eq!(runs(&project, CONSUMER).len(), 2, "nothing of a batch that is not ours alone");
}

#[tokio::test]
async fn a_key_host_that_does_not_answer_has_the_sender_come_again() {
    let project = checking("http://127.0.0.1:9/");
    let kit = project.start(&["dev"]);
    let (key, body) = (Key::new("one"), event("1", &product("A")).to_string().into_bytes());
    let answer = kit.deliver_signed(&body, &pair(1, &key, key.sign(&body))).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")), "{answer:?}");
    assert!(!reason(&project, answer.body["activationId"].as_str().unwrap())["reason"].is_null());
    assert!(runs(&project, CONSUMER).is_empty());
}

#[tokio::test]
async fn an_hmac_counts_only_where_that_was_said() {
    async fn status(signatures: &str) -> u16 {
        let (_host, address) = Host::with(&[]).await;
        let kit = checking(&address).with("KIT_WEBHOOK_SIGNATURES", signatures).start(&["dev"]);
        let body = event("1", &product("A")).to_string().into_bytes();
        let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"secret-of-the-receiver");
        let signature = STANDARD.encode(aws_lc_rs::hmac::sign(&secret, &body));
        kit.deliver_signed(&body, &[("x-adobe-signature".to_owned(), signature)]).await.status
    }
    assert_eq!((status("required").await, status("hmac-too").await), (401, 200));
}

#[tokio::test]
async fn a_validation_url_of_the_events_api_is_called() {
    let (host, address) = Host::with(&[]).await;
    host.pages.lock().unwrap().insert("/csm/registrations/validate".to_owned(), "ok".to_owned());
    let project = checking(&address);
    let kit = project.start(&["dev"]);
    let url = format!("{address}csm/registrations/validate?id=1&challenge=s3cret");
    let answer = kit.deliver(&json!({"validationUrl": url})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(host.asked(), ["/csm/registrations/validate?id=1&challenge=s3cret"]);
    let recorded: Vec<Value> = runs(&project, VALIDATOR);
    assert_eq!(recorded.len(), 1);
    assert!(!recorded[0].to_string().contains("s3cret"), "{recorded:?}");
}
