use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::Clock as _;
use events_api::signing_keys::{self, SigningKeys};
use futures_util::future::join_all;
use http::StatusCode;
use jiff::Timestamp;
use sdk::Fate;

use crate::courier::{carry, hook};
use crate::receiver::{Received, Receiver};
use crate::world::World;

const PAIRS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];

async fn world(delivery_type: &str) -> (World, Receiver) {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| StatusCode::NO_CONTENT).await;
    world.register(hook(&receiver.url, delivery_type)).await;
    (world, receiver)
}

/// A public key as the service serves it to everybody.
async fn served(world: &World, path: &str) -> Result<Vec<u8>, u16> {
    let answer = world.http.get(format!("{}{path}", world.url)).send().await.unwrap();
    if answer.status() != StatusCode::OK {
        return Err(answer.status().as_u16());
    }
    assert_eq!(answer.headers()["content-type"], "application/x-pem-file");
    let pem = answer.text().await.unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    let [first, encoded @ .., last] = &lines[..] else { panic!("{pem}") };
    assert_eq!((*first, *last), ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"));
    assert!(encoded.iter().all(|line| line.len() <= 64), "{pem}");
    Ok(BASE64_STANDARD.decode(encoded.concat()).unwrap())
}

/// Both signatures fit, each with its own key; the paths of the keys.
async fn check(world: &World, request: &Received) -> [String; 2] {
    let mut paths = Vec::new();
    for (signature, path) in PAIRS {
        let signature = BASE64_STANDARD.decode(request.header(signature).unwrap()).unwrap();
        let path = request.header(path).unwrap();
        let key = served(world, path).await.unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(request.body.as_bytes(), &signature).unwrap();
        assert!(key.verify(format!("{} ", request.body).as_bytes(), &signature).is_err());
        paths.push(path.to_owned());
    }
    paths.try_into().unwrap()
}

async fn delivered(world: &World, receiver: &Receiver) -> [String; 2] {
    assert_eq!(carry(world, 1, &["o-1"]).await.fate, Fate::Done);
    let [request] = receiver.take().try_into().unwrap();
    check(world, &request).await
}

/// Changes the keys as the command line does, and lets the service notice.
async fn change<T>(world: &World, change: impl FnOnce(&mut SigningKeys, Timestamp) -> T) -> T {
    let now = world.clock.now();
    let kept = world.store.value(signing_keys::KEY_NAME, now).await.unwrap().unwrap();
    let mut keys = SigningKeys::read(&kept).unwrap();
    let changed = change(&mut keys, now);
    world.store.put_value(signing_keys::KEY_NAME, keys.bytes().unwrap(), Timestamp::MAX).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    changed
}

#[tokio::test]
async fn every_delivery_is_signed_with_two_keys() {
    let (world, receiver) = world("webhook").await;
    let first = delivered(&world, &receiver).await;
    assert_ne!(first[0], first[1]);
    assert_eq!(delivered(&world, &receiver).await, first);
    world.register(hook(&receiver.url, "webhook_batch")).await;
    assert_eq!(carry(&world, 2, &["o-1", "o-2"]).await.fate, Fate::Done);
    let [batch] = receiver.take().try_into().unwrap();
    assert!(batch.body.starts_with('['));
    assert_eq!(check(&world, &batch).await, first);
}

#[tokio::test]
async fn the_keys_are_made_once_and_outlive_the_process() {
    let (world, receiver) = world("webhook").await;
    assert!(world.store.value(signing_keys::KEY_NAME, world.clock.now()).await.unwrap().is_none(), "at first need");
    let carried = join_all((0..20).map(|_| carry(&world, 1, &["o-1"]))).await;
    assert!(carried.iter().all(|carried| carried.fate == Fate::Done));
    let requests = receiver.take();
    let first = check(&world, &requests[0]).await;
    assert_eq!(requests.len(), 20);
    for request in &requests {
        assert_eq!(PAIRS.map(|(_, path)| request.header(path).unwrap()), first.each_ref().map(String::as_str));
    }
    let kept = world.store.value(signing_keys::KEY_NAME, world.clock.now()).await.unwrap().unwrap();
    let kept = SigningKeys::read(&kept).unwrap();
    assert_eq!(kept.signing().iter().map(|key| signing_keys::path(key.id)).collect::<Vec<_>>(), first);
}

#[tokio::test]
async fn nobody_has_to_prove_anything_to_get_a_public_key() {
    let (world, receiver) = world("webhook").await;
    let unknown = "/prod/keys/pub-key-4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55.pem";
    assert_eq!(served(&world, unknown).await, Err(404));
    let [path, _] = delivered(&world, &receiver).await;
    for path in
        [unknown, "/prod/keys/", "/prod/keys/x", "/prod/keys/..%2f..", &path.replace(".pem", ""), &path.to_uppercase()]
    {
        assert_eq!(served(&world, path).await, Err(404), "{path}");
    }
    let posted = world.post(&path).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

#[tokio::test]
async fn a_rotated_key_signs_no_more_and_is_served_for_25_hours() {
    let (world, receiver) = world("webhook").await;
    let [first, second] = delivered(&world, &receiver).await;
    let new = change(&world, |keys, now| keys.rotate(now).unwrap()).await;
    assert_eq!(delivered(&world, &receiver).await, [second.clone(), signing_keys::path(new)]);
    world.clock.advance(Duration::from_hours(25) - Duration::from_secs(2));
    assert!(served(&world, &first).await.is_ok() && served(&world, &second).await.is_ok());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(served(&world, &first).await, Err(404));
    assert!(served(&world, &second).await.is_ok());
}

#[tokio::test]
async fn a_revoked_key_is_gone_at_once() {
    let (world, receiver) = world("webhook").await;
    let [first, second] = delivered(&world, &receiver).await;
    let new = change(&world, |keys, now| {
        let id = keys.signing()[1].id;
        keys.revoke(id, now).unwrap().unwrap()
    });
    let new = new.await;
    assert_eq!(served(&world, &second).await, Err(404));
    assert_eq!(delivered(&world, &receiver).await, [first, signing_keys::path(new)]);
}

#[tokio::test]
async fn nothing_leaves_unsigned() {
    let (world, receiver) = world("webhook").await;
    world.store.put_value(signing_keys::KEY_NAME, b"{}".to_vec(), Timestamp::MAX).await.unwrap();
    let carried = carry(&world, 1, &["o-1"]).await;
    assert_eq!((carried.fate, carried.status), (Fate::Retry { after: None }, 601));
    assert_eq!(carried.reason.as_deref(), Some("`events-api/signing-keys` in the store is damaged"));
    assert!(receiver.take().is_empty());
    assert_eq!(served(&world, "/prod/keys/pub-key-4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55.pem").await, Err(503));
}
