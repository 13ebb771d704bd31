//! Subscribing, with every kind of drift.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::store::Store;
use crate::{
    Extras, Record, RecordedProvider, SUBSCRIPTIONS_FILE, SubscriptionReport, Subscriptions, plan_subscriptions,
};

const ALIAS: &str = "acme.low_stock";
const SAVED: &str = "observer.catalog_product_save_commit_after";

fn file() -> Value {
    json!([
        {"event": {"name": SAVED, "fields": [{"name": "sku"}, {"name": "price", "converter": "Acme\\Price"}]}},
        {"event": {
            "name": ALIAS, "parent": "observer.cataloginventory_stock_item_save_commit_after", "fields": [{"name": "*"}],
            "rules": [{"field": "qty", "operator": "lessThan", "value": "5"}, {"field": "a", "operator": "onChange", "value": ""}],
            "priority": true, "destination": "default", "hipaa_audit_required": false, "provider": "pim",
        }},
    ])
}

fn record() -> Record {
    let provider = |key: &str, id: &str| RecordedProvider {
        key: key.into(),
        id: id.into(),
        instance_id: "i".into(),
        label: "L".into(),
    };
    Record { providers: vec![provider("commerce", "p-1"), provider("pim", "p-2")], ..Record::default() }
}

fn read(file: &Value) -> Subscriptions {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(SUBSCRIPTIONS_FILE), file.to_string()).unwrap();
    Subscriptions::read(folder.path()).unwrap()
}

/// The plan's lines, what was sent, and the report.
async fn run(store: &Store, file: &Value, extras: Extras) -> (Vec<String>, Vec<String>, SubscriptionReport) {
    let plan = plan_subscriptions(store, &read(file), Some(&record()), extras).await.unwrap();
    let lines: Vec<String> = plan
        .changes()
        .map(|change| {
            format!("{} {} {}", change.verb.as_str(), change.name, change.why.join("; ")).trim_end().to_owned()
        })
        .collect();
    let mut told = Vec::new();
    let report = plan.apply(store, &mut |applied| told.push(applied.change.name.clone())).await;
    assert_eq!(told, plan.changes().map(|change| change.name.clone()).collect::<Vec<_>>());
    let writes = store.writes();
    assert_eq!(plan.writes(), !writes.is_empty());
    (lines, writes, report)
}

async fn subscribed() -> Store {
    let store = Store::default();
    run(&store, &file(), Extras::Leave).await;
    store
}

#[tokio::test]
async fn the_first_run_subscribes_and_the_second_sends_nothing() {
    let store = Store::default();
    let (lines, writes, report) = run(&store, &file(), Extras::Leave).await;
    assert_eq!(lines, [format!("create {SAVED}"), format!("create {ALIAS}")]);
    assert_eq!(writes, ["POST eventSubscribe", "POST eventSubscribe"]);
    assert_eq!(report.successful_subscriptions, [SAVED, ALIAS]);
    assert!(report.failed_subscriptions.is_empty());
    let alias = store.subscription(ALIAS).unwrap();
    assert_eq!((&alias["provider_id"], &alias["priority"]), (&json!("p-2"), &json!(true)));
    let saved = store.subscription(SAVED).unwrap();
    assert_eq!(saved["fields"], json!([{"name": "sku"}, {"name": "price", "converter": "Acme\\Price"}]));
    // The default provider goes without saying.
    assert_eq!(saved.get("provider_id"), None);

    for extras in [Extras::Leave, Extras::Prune] {
        let (lines, writes, report) = run(&store, &file(), extras).await;
        assert_eq!((lines, writes), (vec![format!("leave {SAVED}"), format!("leave {ALIAS}")], Vec::new()));
        assert_eq!(report.successful_subscriptions, [SAVED, ALIAS]);
    }
}

#[tokio::test]
async fn every_member_that_somebody_changed_is_found_and_mended() {
    let mutations: [(&str, &str, Value, &str); 8] = [
        (SAVED, "fields", json!([{"name": "price", "converter": "Acme\\Price"}]), "fields: sku"),
        (SAVED, "fields", json!([{"name": "sku"}, {"name": "price"}]), "fields: price"),
        (ALIAS, "parent", json!("observer.other"), "parent"),
        (ALIAS, "rules", json!([{"field": "qty", "operator": "lessThan", "value": "6"}]), "rules"),
        (ALIAS, "priority", json!("0"), "priority"),
        (ALIAS, "destination", json!("elsewhere"), "destination"),
        (ALIAS, "hipaa_audit_required", json!(1), "hipaa_audit_required"),
        (ALIAS, "provider_id", json!("p-9"), "provider_id"),
    ];
    for (name, member, value, why) in mutations {
        let store = subscribed().await;
        store.change(name, |known| known[member] = value);
        let (lines, writes, _) = run(&store, &file(), Extras::Leave).await;
        assert!(lines.contains(&format!("update {name} {why}")), "{lines:?}");
        assert_eq!(writes, [format!("PUT eventSubscribe/{name}")]);
        let (_, writes, _) = run(&store, &file(), Extras::Leave).await;
        assert!(writes.is_empty(), "{member}: {writes:?}");
    }
}

#[tokio::test]
async fn order_and_spelling_of_what_the_store_tells_are_no_drift() {
    let store = subscribed().await;
    store.change(ALIAS, |known| {
        known["rules"].as_array_mut().unwrap().reverse();
        known["priority"] = json!(1);
        known["hipaa_audit_required"] = Value::Null;
    });
    store.change(SAVED, |known| {
        known["fields"].as_array_mut().unwrap().reverse();
        known["fields"][1]["source"] = Value::Null;
        known["provider_id"] = json!("p-1");
    });
    let (_, writes, _) = run(&store, &file(), Extras::Leave).await;
    assert_eq!(writes, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_store_has_besides_is_left_unless_it_is_to_go() {
    let store = subscribed().await;
    store.change(SAVED, |known| {
        known["fields"].as_array_mut().unwrap().push(json!({"name": "cost"}));
        known["rules"] = json!([{"field": "price", "operator": "greaterThan", "value": "1"}]);
    });
    store.add(json!({"name": "observer.more", "fields": [{"name": "*"}]}));
    store.add(json!({"name": "observer.theirs", "fields": [{"name": "*"}], "provider_id": "p-9"}));
    let (lines, writes, report) = run(&store, &file(), Extras::Leave).await;
    let left = [
        format!("leave {SAVED} Commerce has also the fields cost; Commerce has also rules"),
        format!("leave {ALIAS}"),
        "leave observer.more not in the file; --prune ends it".to_owned(),
    ];
    assert_eq!((&lines[..], writes.len()), (&left[..], 0));
    assert_eq!(report.successful_subscriptions, [SAVED, ALIAS]);

    let (lines, writes, _) = run(&store, &file(), Extras::Prune).await;
    let pruned = [
        format!("update {SAVED} anew, without the fields cost and rules"),
        format!("leave {ALIAS}"),
        "delete observer.more not in the file".to_owned(),
    ];
    assert_eq!(lines, pruned);
    assert_eq!(
        writes,
        [&format!("POST eventUnsubscribe/{SAVED}"), "POST eventSubscribe", "POST eventUnsubscribe/observer.more"]
    );
    assert_eq!(store.subscription(SAVED).unwrap()["fields"].as_array().unwrap().len(), 2);
    assert_eq!(store.subscription("observer.more"), None);
    assert!(store.subscription("observer.theirs").is_some());
    let (_, writes, _) = run(&store, &file(), Extras::Prune).await;
    assert!(writes.is_empty(), "{writes:?}");
}

#[tokio::test]
async fn beside_a_default_provider_of_somebody_else_ours_is_said() {
    let theirs = json!({"provider_id": "p-9", "workspace_configuration": "****"});
    let ours = json!({"id": "2", "provider_id": "p-1", "workspace_configuration": "****"});
    let store = Store::default().with_providers(json!([theirs, ours]));
    store.add(json!({"name": "observer.theirs", "fields": [{"name": "*"}]}));
    run(&store, &file(), Extras::Prune).await;
    assert_eq!(store.subscription(SAVED).unwrap()["provider_id"], "p-1");
    assert!(store.subscription("observer.theirs").is_some(), "those without a provider are not ours");
    let (_, writes, _) = run(&store, &file(), Extras::Prune).await;
    assert!(writes.is_empty(), "{writes:?}");

    let store = Store::default().with_providers(json!([{"provider_id": "p-1", "workspace_configuration": "****"}]));
    run(&store, &file(), Extras::Leave).await;
    assert_eq!(store.subscription(SAVED).unwrap().get("provider_id"), None);
}

#[tokio::test]
async fn an_entry_that_fails_does_not_stop_the_others() {
    for (status, label, words) in [
        (400, "MALFORMED_EVENT_SPEC", "hint: check that Commerce has an event of this name"),
        (404, "UNEXPECTED_ERROR", "hint: install or update the module"),
        (401, "UNEXPECTED_ERROR", "hint: check `COMMERCE_BASE_URL`"),
    ] {
        let store = Store::default();
        store.refuse(SAVED, status);
        let plan = plan_subscriptions(&store, &read(&file()), None, Extras::Leave).await.unwrap();
        let mut failures = Vec::new();
        let report = plan.apply(&store, &mut |applied| failures.extend(applied.failure)).await;
        assert_eq!(report.successful_subscriptions, [ALIAS]);
        assert_eq!(report.failed_subscriptions, [SAVED]);
        let [failure] = &failures[..] else { panic!("{failures:?}") };
        let text = failure.to_string();
        assert!(text.starts_with(&format!("COMMERCE_EVENT_SUBSCRIBE → {label}\n")), "{text}");
        assert!(text.contains(words) && text.contains(&format!("Commerce answered {status}: no")), "{text}");
    }
}

#[tokio::test]
async fn a_store_without_the_module_is_told_before_anything_is_sent() {
    let gone =
        sdk::Reply { error: Some("Commerce answered 404: no route".into()), ..sdk::Reply::new(404, Value::Null) };
    let store = testkit::Recorder::new().then(gone).then(sdk::Reply::new(200, json!({"items": []})));
    let failure = plan_subscriptions(&store, &read(&file()), None, Extras::Leave).await.unwrap_err().to_string();
    assert!(failure.contains("404: no route") && failure.contains("hint: install or update the module"), "{failure}");
    let failure = plan_subscriptions(&store, &read(&file()), None, Extras::Leave).await.unwrap_err().to_string();
    assert!(failure.contains("something else than a list of subscriptions"), "{failure}");
    assert_eq!(store.calls().len(), 2);
}
