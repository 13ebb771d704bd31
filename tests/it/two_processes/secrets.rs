//! `kit webhook-secret` beside a running events service.

use http::HeaderMap;
use jiff::Timestamp;
use schemes::standard_webhooks::{VerifyingKeys, verify};
use schemes::{Message, WINDOW_DEFAULT, Window};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::signatures::{Receiver, delivery};
use super::{EventsService, REGISTRATION, SLUG};
use crate::support::shows;

fn secret(printed: &Value) -> String {
    printed["secret"].as_str().unwrap().to_owned()
}

/// Whether a receiver that knows this secret takes the delivery.
fn is_taken(secret: &str, (headers, body): &(HeaderMap, axum::body::Bytes)) -> bool {
    let keys = VerifyingKeys::parse(&[SecretString::from(secret)]).unwrap();
    verify(&Message { headers, query: None, body }, &keys, Window::new(Timestamp::now(), WINDOW_DEFAULT)).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_shares_secrets_that_rotate_while_the_service_runs() {
    let (service, receiver) = (EventsService::start(), Receiver::open().await);
    let registration = service.register(&json!({"delivery_type": "webhook", "webhook_url": receiver.url})).await;
    let provider = &registration["events_of_interest"][0]["provider_id"];
    let next = async || delivery(&service, &receiver, provider, &uuid::Uuid::new_v4().to_string()).await;
    assert_eq!(next().await.0.get("webhook-signature"), None);
    assert_eq!(service.printed("webhook-secret", &["list"]), json!([]));
    service.check_refused("webhook-secret", &["rotate", SLUG], "it has no secret");
    service.check_refused("webhook-secret", &["create", "nobody"], "`kit registration list` shows those there are");
    service.check_refused("webhook-secret", &["create", SLUG, "--style", "prot"], "did you mean `port`?");

    let first = secret(&service.printed("webhook-secret", &["create", SLUG]));
    assert!(first.starts_with("whsec_"));
    let until = async |is_wanted: &dyn Fn(&(HeaderMap, axum::body::Bytes)) -> bool| {
        service
            .server()
            .until("a delivery that is signed so", || async { is_wanted(&next().await).then_some(()) })
            .await;
    };
    until(&|delivery| is_taken(&first, delivery)).await;
    service.check_refused("webhook-secret", &["create", SLUG], "`kit webhook-secret rotate` gives it another one");
    let second = secret(&service.printed("webhook-secret", &["rotate", REGISTRATION, "--overlap", "1h"]));
    until(&|delivery| is_taken(&first, delivery) && is_taken(&second, delivery)).await;
    service.check_refused("webhook-secret", &["rotate", SLUG], "two secrets count already");
    service.check_refused("webhook-secret", &["rotate", SLUG, "--overlap=-1h"], "cannot be negative");
    let listed = service.printed("webhook-secret", &["list"]);
    assert_eq!((&listed[0]["registration"], &listed[0]["style"]), (&json!(REGISTRATION), &json!("standard-webhooks")));
    let id = listed[0]["secrets"][0]["id"].as_str().unwrap();
    service.printed("webhook-secret", &["revoke", SLUG, "--secret", id]);
    until(&|delivery| !is_taken(&first, delivery) && is_taken(&second, delivery)).await;
    service.check_refused("webhook-secret", &["revoke", SLUG, "--secret", id], "nothing to revoke");
    service.printed("webhook-secret", &["revoke", SLUG]);
    until(&|(headers, _)| !headers.contains_key("webhook-signature")).await;

    let output = service.project.run(&["webhook-secret", "create", SLUG, "--style", "port"]);
    let port = String::from_utf8(output.stdout).unwrap();
    until(&|(headers, _)| headers.contains_key("x-port-signature")).await;
    let log = service.server().log();
    let data = service.project.path().join("data");
    for secret in [&first, &second, &port].map(|secret| secret.trim()) {
        assert!(!log.contains(secret), "a secret is told once");
        assert!(!shows(&data, secret.as_bytes()), "and no file has it in readable form");
    }
}

#[test]
fn without_a_webhook_there_is_nothing_to_sign() {
    let project = crate::support::Project::new();
    let kit = project.start(&["dev"]);
    let output = project.run(&["webhook-secret", "create", SLUG]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("has no webhook"), "{said}");
    assert_eq!(kit.terminate(), Some(0));
}
