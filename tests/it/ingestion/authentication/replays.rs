//! One signed request makes one event.

use schemes::standard_webhooks::{self, SigningKeys};
use serde_json::json;

use super::{WHSEC, assert_unproven, at, body, project};
use tokio::task::JoinSet;

use crate::support::{Answer, PRODUCT_CREATE, Project, product};

const CONFIG: &str = "actions/ingestion/actions.config.yaml";

fn standard() -> Project {
    project("standard-webhooks", &[("KIT_INGESTION_STANDARD_WEBHOOKS_SECRET", WHSEC)])
}

fn sign(id: &str, seconds: i64, body: &[u8]) -> reqwest::header::HeaderMap {
    let keys = SigningKeys::parse(&[WHSEC.into()]).unwrap();
    standard_webhooks::sign(&keys, id, at(seconds), body).unwrap()
}

#[tokio::test]
async fn whoever_lost_the_answer_gets_it_again() {
    let project = standard();
    let kit = project.start(&["dev"]);
    let signed = sign("msg_1", 0, &body("A"));
    let first = kit.post_with(signed.clone(), body("A")).await;
    first.assert_new();
    kit.post_with(signed, body("A")).await.assert_replay_of(&first);
    // An honest sender that tries again signs anew, under the same id.
    kit.post_with(sign("msg_1", 5, &body("A")), body("A")).await.assert_replay_of(&first);
    kit.calls_reach("products", 1).await;
    assert_eq!(kit.calls("products").await.len(), 1);
}

#[tokio::test]
async fn a_request_makes_one_event_also_where_uids_are_ignored_and_after_a_crash() {
    let project = standard();
    project.write(CONFIG, &project.read(CONFIG).replace("UID_POLICY: key", "UID_POLICY: ignore"));
    let kit = project.start(&["dev"]);
    let signed = sign("msg_1", 0, &body("A"));
    let first = kit.post_with(signed.clone(), body("A")).await;
    first.assert_new();
    kit.post_with(signed.clone(), body("A")).await.assert_replay_of(&first);
    kit.kill();
    let kit = project.start(&["dev"]);
    kit.post_with(signed, body("A")).await.assert_replay_of(&first);
    let next = kit.post_with(sign("msg_2", 0, &body("A")), body("A")).await;
    next.assert_new();
    assert_ne!(next.activation(), first.activation());
}

#[tokio::test]
async fn of_many_at_once_one_is_new() {
    let project = standard();
    project.write(CONFIG, &project.read(CONFIG).replace("UID_POLICY: key", "UID_POLICY: ignore"));
    let kit = project.start(&["dev"]);
    let signed = sign("msg_1", 0, &body("A"));
    let mut sent = JoinSet::new();
    for _ in 0..16 {
        let request = kit.client.post(kit.url(super::WEBHOOK)).headers(signed.clone()).body(body("A"));
        sent.spawn(Answer::of(request));
    }
    let answers = sent.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1, "{answers:?}");
    let first = answers[0].activation();
    assert!(answers.iter().all(|answer| answer.activation() == first));
}

#[tokio::test]
async fn a_refused_request_may_come_again() {
    let project = standard();
    let kit = project.start(&["dev"]);
    let mut value = product("A");
    value["price"] = json!("dear");
    let wrong = json!({"data": {"uid": "A", "event": PRODUCT_CREATE, "value": value}}).to_string().into_bytes();
    let signed = sign("msg_1", 0, &wrong);
    for _ in 0..2 {
        let refused = kit.post_with(signed.clone(), wrong.clone()).await;
        assert_eq!(refused.status, 400, "{refused:?}");
    }
    kit.post_with(sign("msg_1", 0, &body("A")), body("A")).await.assert_new();
}

#[tokio::test]
async fn a_request_whose_event_was_removed_was_seen_before() {
    let project = standard();
    let kit = project.start(&["dev"]);
    let signed = sign("msg_1", 0, &body("A"));
    let first = kit.post_with(signed.clone(), body("A")).await;
    first.assert_new();
    kit.calls_reach("products", 1).await;
    let forgotten = project.run(&["event", "forget", "--entity", "product", "--key", "A", "--yes"]);
    assert!(forgotten.status.success(), "{forgotten:?}");
    let replayed = kit.post_with(signed, body("A")).await;
    assert_unproven(&project, &replayed, "seen before");
}
