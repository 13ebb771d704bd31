//! An event's uid is its idempotency key.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::SAMPLE;
use crate::support::{Answer, PRODUCT_CREATE, PRODUCT_UPDATE, Project, Server, product};

const CONFIG: &str = "actions/ingestion/actions.config.yaml";

/// A product event with this uid, which need not be a text.
async fn post_uid(kit: &Server, uid: &Value) -> Answer {
    kit.post_data(&json!({"uid": uid, "event": PRODUCT_CREATE, "value": product("UID")})).await
}

#[tokio::test]
async fn the_same_event_comes_back_as_the_first() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let first = kit.post(SAMPLE).await;
    first.assert_new();
    let value =
        r#"{"sku": "PRODUCT_SKU", "name": "Product SKU", "price": 1, "description": "Product SKU description"}"#;
    let others = [
        value.to_owned(),
        value.replace(": 1,", ":1.0  ,"),
        value.replace(": 1,", ":\t10e-1,"),
        value.replace("PRODUCT_SKU", r"PRODUCT\u005fSKU"),
        r#"{"price":1,"description":"Product SKU description","name":"Product SKU","sku":"PRODUCT_SKU"}"#.to_owned(),
    ];
    for value in others {
        let body = format!(r#"{{"data":{{"value":{value},"event":"{PRODUCT_CREATE}","uid":"event_uid_1"}}}}"#);
        kit.post(body).await.assert_replay_of(&first);
    }
    // The uid belongs to the event code, and a code has one entity, so naming it changes nothing.
    let value: Value = serde_json::from_str(value).unwrap();
    let named = json!({"uid": "event_uid_1", "event": PRODUCT_CREATE, "value": value, "entity": "product"});
    kit.post_data(&named).await.assert_replay_of(&first);
    let other_code = kit.send("event_uid_1", PRODUCT_UPDATE, &value).await;
    other_code.assert_new();
    assert_ne!(other_code.activation(), first.activation());
}

#[tokio::test]
async fn a_uid_with_another_value_is_refused_with_the_time_of_its_first_use() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let begun = Timestamp::now();
    kit.send("taken \"once\"", PRODUCT_CREATE, &product("A")).await.assert_new();
    let ended = Timestamp::now();
    for value in [product("B"), json!({"sku": "A", "name": "Name of A", "price": 9.5, "description": ""})] {
        let refused = kit.send("taken \"once\"", PRODUCT_CREATE, &value).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        let time = refused
            .error()
            .strip_prefix("uid `taken \"once\"` was already used for another value at ")
            .and_then(|rest| rest.strip_suffix("; send a new uid for each event"))
            .unwrap_or_else(|| panic!("{refused:?}"));
        let time = time.parse::<Timestamp>().unwrap().as_millisecond();
        assert!((begun.as_millisecond()..=ended.as_millisecond()).contains(&time), "{refused:?}");
        refused.activation();
        assert!(!refused.is_replay());
    }
    // The refusals have not taken the uid away from its event.
    let first = kit.send("taken \"once\"", PRODUCT_CREATE, &product("A")).await;
    assert!(first.is_replay(), "{first:?}");
}

#[tokio::test]
async fn the_uid_of_a_refused_event_is_free_afterwards() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let refused = [
        json!({"uid": "free", "event": PRODUCT_CREATE, "value": {"sku": "A"}}),
        json!({"uid": "free", "event": PRODUCT_CREATE, "value": product("A"), "entity": "order"}),
        json!({"uid": "free", "event": "unknown", "value": product("A")}),
        json!({"uid": "free", "event": PRODUCT_CREATE}),
    ];
    for data in &refused {
        assert_eq!(kit.post_data(data).await.status, 400, "{data}");
    }
    kit.send("free", PRODUCT_CREATE, &product("A")).await.assert_new();
}

#[tokio::test]
async fn a_uid_is_a_text_or_a_number() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let texts = ["7", "a/b c", " ", "\u{0}", "Ä\u{1f980}", "\"\\", "null", "0", &"x".repeat(512), &"ä".repeat(256)];
    for uid in texts {
        let first = post_uid(&kit, &json!(uid)).await;
        first.assert_new();
        post_uid(&kit, &json!(uid)).await.assert_replay_of(&first);
    }
    // A number counts as its text.
    assert!(post_uid(&kit, &json!(7)).await.is_replay());
    assert!(post_uid(&kit, &json!(0)).await.is_replay());
    for uid in [json!(-1), json!(1.5), json!(u64::MAX)] {
        let first = post_uid(&kit, &uid).await;
        first.assert_new();
        post_uid(&kit, &json!(uid.to_string())).await.assert_replay_of(&first);
    }
    for uid in [json!(null), json!(true), json!(false), json!({}), json!([]), json!(["7"])] {
        let refused = post_uid(&kit, &uid).await;
        refused.assert_faults(&["/data/uid"]);
        assert_eq!(refused.error(), "`/data/uid` must be a non-empty string or a number");
    }
    for uid in ["x".repeat(513), "ä".repeat(257)] {
        let refused = post_uid(&kit, &json!(uid)).await;
        refused.assert_faults(&["/data/uid"]);
        assert_eq!(refused.error(), "`/data/uid` must have at most 512 bytes");
    }
}

#[tokio::test]
async fn twenty_senders_of_one_event_at_once_have_one_effect() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let (address, client) = (kit.address.clone(), kit.client.clone());
    let posts: Vec<_> = (0..20)
        .map(|_| {
            let url = format!("http://{address}{}", super::WEBHOOK);
            tokio::spawn(Answer::of(client.post(url).body(SAMPLE)))
        })
        .collect();
    let mut answers = Vec::new();
    for post in posts {
        answers.push(post.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.activation() == answers[0].activation()), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
    // The update waits for everything that came before it on this SKU.
    kit.send("after", PRODUCT_UPDATE, &product("PRODUCT_SKU")).await.assert_new();
    let calls = kit.calls_reach("products", 2).await;
    let methods: Vec<&str> = calls.iter().map(|call| call["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["POST", "PUT"]);
}

#[tokio::test]
async fn senders_whose_uid_never_changes_can_be_served_too() {
    let project = Project::new();
    let config = project.read(CONFIG);
    project.write(CONFIG, &config.replace("UID_POLICY: key", "UID_POLICY: ignore"));
    let kit = project.start(&["dev"]);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = kit.post(SAMPLE).await;
        answer.assert_new();
        ids.push(answer.activation().to_owned());
    }
    let other = kit.send("event_uid_1", PRODUCT_CREATE, &product("OTHER")).await;
    other.assert_new();
    ids.push(other.activation().to_owned());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(kit.calls_reach("products", 4).await.len(), 4);
    // It is still a required member.
    let missing = kit.post_data(&json!({"event": PRODUCT_CREATE, "value": product("A")})).await;
    assert_eq!(missing.error(), "missing parameter(s) 'data.uid'");
}

#[test]
fn another_uid_policy_stops_the_start() {
    let project = Project::new();
    let config = project.read(CONFIG);
    project.write(CONFIG, &config.replace("UID_POLICY: key", "UID_POLICY: keep"));
    let said = project.refusal(&["dev"]);
    assert!(said.contains(&format!("{CONFIG}:1: `packages.ingestion.actions.webhook.inputs`: ")), "{said}");
    assert!(said.contains("the input `UID_POLICY` must be `key` or `ignore`"), "{said}");
    assert!(said.contains("hint: "), "{said}");
}
