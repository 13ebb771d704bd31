use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::erp::ERP;
use super::{Store, V1, minimal, request};
use crate::{OrderItem, Target};

/// What a witness saw of one call, in short.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    call: String,
    event_id: Option<String>,
    status: Option<u16>,
    is_lost: bool,
    is_changed: bool,
    body: Vec<u8>,
}

#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<Seen>>>);

impl Watch {
    fn over(store: &Store) -> Self {
        let watch = Self::default();
        let seen = Arc::clone(&watch.0);
        store.sandbox.witnessed_by(move |effect| {
            let target = if effect.target == Target::Commerce { "commerce" } else { "erp" };
            seen.lock().unwrap().push(Seen {
                call: format!("{target} {} {}", effect.method, effect.path),
                event_id: effect.event_id.map(ToOwned::to_owned),
                status: effect.status,
                is_lost: effect.is_lost,
                is_changed: effect.is_changed,
                body: effect.body.to_vec(),
            });
        });
        watch
    }

    fn last(&self) -> Seen {
        self.0.lock().unwrap().last().cloned().expect("somebody called")
    }
}

/// Makes a call below `V1/` and says whether it changed anything.
async fn check(store: &Store, watch: &Watch, (method, path, body): (&str, &str, Value), is_changed: bool) {
    let (status, answer) = store.call(method, path, body.clone()).await;
    let seen = watch.last();
    assert_eq!(seen.call, format!("commerce {method} {path}"));
    assert_eq!(seen.status, Some(status.as_u16()));
    assert_eq!(seen.is_changed, is_changed, "{method} {path} {body} {status} {answer}");
}

#[tokio::test]
async fn a_witness_is_told_of_every_call_in_order() {
    let store = Store::new();
    let watch = Watch::over(&store);
    let mut first = request("POST", &format!("{V1}products"), &minimal("Mug"));
    first.headers_mut().insert("x-event-id", "event-1".parse().unwrap());
    store.send(first).await;
    store.call("GET", "products/Mug", Value::Null).await;
    store.erp("PUT", "products/Mug", json!({"sku": "Mug"})).await;
    store.send(request("POST", "/sandbox/commerce/graphql", &json!({}))).await;
    let seen = watch.0.lock().unwrap().clone();
    let calls: Vec<_> = seen.iter().map(|seen| (&*seen.call, seen.is_changed)).collect();
    let expected = [
        ("commerce POST products", true),
        ("commerce GET products/Mug", false),
        ("erp PUT products/Mug", true),
        ("commerce POST graphql", false),
    ];
    assert_eq!(calls, expected);
    assert_eq!(seen[0].event_id.as_deref(), Some("event-1"));
    assert_eq!(seen[0].body, minimal("Mug").to_string().into_bytes());
    assert_eq!((seen[0].status, seen[0].is_lost), (Some(200), false));
}

#[tokio::test]
async fn only_what_says_something_else_than_before_is_a_change() {
    let store = Store::new();
    let watch = Watch::over(&store);
    let customer = |name: &str| json!({"customer": {"email": "a@example.com", "firstname": name, "lastname": "Quist"}});
    let group = |code: &str| json!({"group": {"code": code, "tax_class_id": 3}});
    let stock =
        |count: u32| json!({"sourceItems": [{"sku": "Mug", "source_code": "default", "quantity": count, "status": 1}]});
    let named = |name: &str| json!({"product": {"name": name}});
    for (method, path, body, is_changed) in [
        ("POST", "products", minimal("Mug"), true),
        ("POST", "products", minimal("Mug"), false),
        ("PUT", "products/Mug", named("Cup"), true),
        ("PUT", "products/mug", named("Cup"), false),
        ("PUT", "products/none", named("Cup"), false),
        ("DELETE", "products/Mug", Value::Null, true),
        ("DELETE", "products/Mug", Value::Null, false),
        ("POST", "customers", customer("Mara"), true),
        ("POST", "customers", customer("Mara"), false),
        ("PUT", "customers/124", customer("Mara"), false),
        ("PUT", "customers/124", customer("Mira"), true),
        ("DELETE", "customers/124", Value::Null, true),
        ("DELETE", "customers/124", Value::Null, false),
        ("POST", "customerGroups", group("North"), true),
        ("POST", "customerGroups", group("North"), false),
        ("PUT", "customerGroups/20", group("North"), false),
        ("PUT", "customerGroups/20", group("South"), true),
        ("DELETE", "customerGroups/20", Value::Null, true),
        ("POST", "inventory/source-items", stock(5), true),
        ("POST", "inventory/source-items", stock(5), false),
        ("POST", "inventory/source-items", stock(6), true),
    ] {
        check(&store, &watch, (method, path, body), is_changed).await;
    }
}

#[tokio::test]
async fn a_second_comment_and_a_second_shipment_are_changes() {
    let store = Store::new();
    let watch = Watch::over(&store);
    let note = |status: &str| {
        json!({"statusHistory": {"comment": "Packed", "is_customer_notified": 0, "is_visible_on_front": 1,
            "status": status}})
    };
    let ship = json!({"items": [{"order_item_id": 8, "qty": 1}]});
    let track = |number: &str| {
        json!({"entity": {"entity_id": 33, "order_id": 8, "items": [], "comments": [],
            "tracks": [{"entity_id": 19, "track_number": number, "title": "Van", "carrier_code": "custom"}]}})
    };
    for (path, body, is_changed) in [
        ("orders/8/comments", note("picked"), true),
        ("orders/8/comments", note("picked"), true),
        ("orders/8/comments", note("shipped"), false),
        ("order/8/ship", ship.clone(), true),
        ("order/8/ship", ship, true),
        ("order/8/ship", json!({"items": [{"order_item_id": 8, "qty": 1_000}]}), false),
        ("shipment", track("T9"), true),
        ("shipment", track("T9"), false),
    ] {
        check(&store, &watch, ("POST", path, body), is_changed).await;
    }
}

#[tokio::test]
async fn a_fault_says_what_became_of_the_call_that_it_hit() {
    let store = Store::new();
    let watch = Watch::over(&store);
    let call = || async {
        store.send(request("POST", &format!("{V1}products"), &minimal("Mug"))).await;
        let seen = watch.last();
        (seen.status, seen.is_lost, seen.is_changed)
    };
    for (fault, expected) in [
        (json!({"status": 503}), (Some(503), false, false)),
        (json!({"cut": "before"}), (None, true, false)),
        (json!({"cut": "after"}), (Some(200), true, true)),
        (json!({"cut": "after"}), (Some(200), true, false)),
    ] {
        store.sandbox.add_fault(&fault).unwrap();
        assert_eq!(call().await, expected, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_had_its_effect() {
    let store = Store::new();
    let watch = Watch::over(&store);
    for target in ["commerce", "erp"] {
        store.sandbox.add_fault(&json!({"target": target, "delay_ms": 60_000})).unwrap();
    }
    timeout(Duration::from_secs(1), store.create("Mug")).await.expect_err("the answer is late");
    assert_eq!((watch.last().status, watch.last().is_changed), (Some(200), true));
    let order = store.send(request("POST", &format!("{ERP}orders"), &json!({"id": 1})));
    timeout(Duration::from_secs(1), order).await.expect_err("the answer is late");
    assert_eq!((watch.last().status, watch.last().is_changed), (Some(201), true));
}

#[tokio::test]
async fn faults_are_ordered_and_removed_in_process() {
    let store = Store::new();
    let refused = store.sandbox.add_fault(&json!({"share": 2})).unwrap_err();
    let reason = "the sandbox refuses this: The fault cannot be used: `share` is above 0 and at most 1";
    assert_eq!(refused.to_string(), reason);
    store.sandbox.add_fault(&json!({"count": 9})).unwrap();
    assert_eq!(store.call("GET", "products/x", Value::Null).await.0, StatusCode::SERVICE_UNAVAILABLE);
    store.sandbox.clear_faults();
    assert_eq!(store.call("GET", "products/x", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_order_that_was_put_in_can_be_shipped_in_parts() {
    let store = Store::new();
    let watch = Watch::over(&store);
    let items = [1, 2].map(|number| OrderItem { id: 5_000 + number, sku: format!("PART-{number}"), quantity: 2 });
    store.sandbox.put_order(5_000, &items).unwrap();
    for part in 1..=4 {
        let ship = json!({"items": [{"order_item_id": 5_001 + part % 2, "qty": 1}],
            "tracks": [{"track_number": format!("T{part}"), "title": "Van", "carrier_code": "custom"}]});
        check(&store, &watch, ("POST", "order/5000/ship", ship), true).await;
    }
    let order = store.sandbox.document("orders/5000").unwrap();
    assert_eq!(json!([order["state"], order["total_qty_ordered"]]), json!(["complete", 4]));
    let query = "searchCriteria[filter_groups][0][filters][0][field]=order_id&\
                 searchCriteria[filter_groups][0][filters][0][value]=5000";
    let shipments = store.sandbox.document(&format!("shipments?{query}")).unwrap();
    assert_eq!(shipments["total_count"], 4);
    check(&store, &watch, ("POST", "order/5000/ship", json!({})), false).await;
}
