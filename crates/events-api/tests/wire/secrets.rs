use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::Clock as _;
use events_api::webhook_secrets::{KEY_NAME, Style, WebhookSecrets};
use http::StatusCode;
use jiff::Timestamp;
use sdk::Fate;
use secrecy::{ExposeSecret, SecretString};

use crate::courier::{HOOK, carry, hook};
use crate::receiver::{Received, Receiver};
use crate::world::World;

const STANDARD: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const PORT: [&str; 2] = ["x-port-timestamp", "x-port-signature"];
const DAY: Duration = Duration::from_hours(24);

async fn world() -> (World, Receiver) {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| StatusCode::NO_CONTENT).await;
    world.register(hook(&receiver.url, "webhook")).await;
    (world, receiver)
}

/// Changes the secrets as the command line does, and lets the service notice.
async fn change<T>(world: &World, change: impl FnOnce(&mut WebhookSecrets, Timestamp) -> T) -> T {
    let now = world.clock.now();
    let kept = world.store.value(KEY_NAME, now).await.unwrap();
    let mut secrets = kept.map(|bytes| WebhookSecrets::read(&bytes).unwrap()).unwrap_or_default();
    let changed = change(&mut secrets, now);
    world.store.put_value(KEY_NAME, secrets.bytes().unwrap(), Timestamp::MAX).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    changed
}

async fn create(world: &World, style: Style) -> SecretString {
    change(world, |secrets, now| secrets.create(HOOK, style, now).unwrap()).await
}

async fn rotate(world: &World) -> SecretString {
    change(world, |secrets, now| secrets.rotate(HOOK, now, DAY).unwrap()).await
}

async fn delivered(world: &World, receiver: &Receiver, attempt: u32, ids: &[&str]) -> Received {
    assert_eq!(carry(world, attempt, ids).await.fate, Fate::Done);
    let [request] = receiver.take().try_into().unwrap();
    assert!(request.header("x-adobe-digital-signature-1").is_some(), "RSA signatures are always there");
    request
}

/// `v1,` with the HMAC by a key over this text.
fn v1(key: &[u8], text: &str) -> String {
    format!("v1,{}", BASE64_STANDARD.encode(sign(&Key::new(HMAC_SHA256, key), text.as_bytes())))
}

/// What a secret of Standard Webhooks makes of a delivery.
fn standard(secret: &SecretString, request: &Received) -> String {
    let key = BASE64_STANDARD.decode(secret.expose_secret().strip_prefix("whsec_").unwrap()).unwrap();
    let [id, time] = ["webhook-id", "webhook-timestamp"].map(|name| request.header(name).unwrap());
    v1(&key, &format!("{id}.{time}.{}", request.body))
}

fn port(secret: &SecretString, request: &Received) -> String {
    let time = request.header("x-port-timestamp").unwrap();
    v1(secret.expose_secret().as_bytes(), &format!("{time}.{}", request.body))
}

fn has_none(request: &Received, names: &[&str]) -> bool {
    names.iter().all(|name| request.header(name).is_none())
}

#[tokio::test]
async fn a_webhook_with_a_secret_gets_standard_webhooks() {
    let (world, receiver) = world().await;
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert!(has_none(&request, &STANDARD) && has_none(&request, &PORT));
    let secret = create(&world, Style::default()).await;
    let first = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert_eq!(first.header("webhook-signature"), Some(&*standard(&secret, &first)));
    assert_eq!(first.header("webhook-id"), first.header("x-adobe-event-id"));
    let now = world.clock.now().as_second().to_string();
    assert_eq!(first.header("webhook-timestamp"), Some(&*now));
    assert!(has_none(&first, &PORT));
    world.clock.advance(Duration::from_mins(1));
    let second = delivered(&world, &receiver, 2, &["o-1"]).await;
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"), "the same on every attempt");
    assert_ne!(second.header("webhook-timestamp"), first.header("webhook-timestamp"), "that of the attempt");
    assert_eq!(second.header("webhook-signature"), Some(&*standard(&secret, &second)));
}

#[tokio::test]
async fn while_two_secrets_overlap_each_of_them_signs() {
    let (world, receiver) = world().await;
    let first = create(&world, Style::default()).await;
    let second = rotate(&world).await;
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    let both = format!("{} {}", standard(&first, &request), standard(&second, &request));
    assert_eq!(request.header("webhook-signature"), Some(&*both));
    world.clock.advance(DAY);
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert_eq!(request.header("webhook-signature"), Some(&*standard(&second, &request)));
    assert!(change(&world, |secrets, _| secrets.revoke(HOOK, None)).await);
    assert!(has_none(&delivered(&world, &receiver, 1, &["o-1"]).await, &STANDARD));
}

#[tokio::test]
async fn ports_one_signature_is_the_older_secrets_until_it_expires() {
    let (world, receiver) = world().await;
    let first = create(&world, Style::Port).await;
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert_eq!(request.header("x-port-signature"), Some(&*port(&first, &request)));
    assert_eq!(request.header("x-port-timestamp"), Some(&*world.clock.now().as_second().to_string()));
    assert!(has_none(&request, &STANDARD));
    let second = rotate(&world).await;
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert_eq!(request.header("x-port-signature"), Some(&*port(&first, &request)));
    world.clock.advance(DAY);
    let request = delivered(&world, &receiver, 1, &["o-1"]).await;
    assert_eq!(request.header("x-port-signature"), Some(&*port(&second, &request)));
}

#[tokio::test]
async fn a_batch_has_an_id_of_its_own() {
    let (world, receiver) = world().await;
    world.register(hook(&receiver.url, "webhook_batch")).await;
    let secret = create(&world, Style::default()).await;
    let first = delivered(&world, &receiver, 1, &["o-1", "o-2"]).await;
    assert_eq!(first.header("webhook-signature"), Some(&*standard(&secret, &first)));
    let id = first.header("webhook-id").unwrap();
    assert!(id.starts_with("batch-") && !id.contains('.'), "{id}");
    assert_eq!(delivered(&world, &receiver, 2, &["o-1", "o-2"]).await.header("webhook-id"), Some(id));
    assert_ne!(delivered(&world, &receiver, 1, &["o-1"]).await.header("webhook-id"), Some(id));
}

#[tokio::test]
async fn neither_secrets_nor_what_they_sign_are_in_a_trace() {
    let (world, receiver) = world().await;
    let secret = create(&world, Style::default()).await;
    let trace = carry(&world, 1, &["o-1"]).await.trace.unwrap();
    let [request] = receiver.take().try_into().unwrap();
    let text = serde_json::to_string(&trace).unwrap();
    assert!(!text.contains(secret.expose_secret()) && !text.contains(request.header("webhook-signature").unwrap()));
    assert!(text.contains("webhook-id"), "{text}");
}

#[tokio::test]
async fn secrets_that_cannot_be_read_are_no_reason_to_leave_them_out() {
    let (world, receiver) = world().await;
    world.store.put_value(KEY_NAME, b"x".to_vec(), Timestamp::MAX).await.unwrap();
    let carried = carry(&world, 1, &["o-1"]).await;
    assert_eq!((carried.fate, carried.status), (Fate::Retry { after: None }, 601));
    assert_eq!(carried.reason.as_deref(), Some("`events-api/webhook-secrets` in the store is damaged"));
    assert!(receiver.take().is_empty());
}
