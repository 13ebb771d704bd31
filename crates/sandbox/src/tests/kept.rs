use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Store, TOKEN, minimal};
use crate::collection::{Collection, Limits};
use crate::keep::Keeper;
use crate::{Options, Sandbox};

const LISTS: [&str; 6] = [
    "products?searchCriteria",
    "customers/search?searchCriteria",
    "customerGroups/search?searchCriteria",
    "orders?searchCriteria",
    "shipments?searchCriteria",
    "inventory/source-items?searchCriteria",
];
const LIMITS: Limits = Limits { name: "things", count_max: 3, bytes_max: 60 };

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    text: String,
}

#[tokio::test]
async fn a_reopened_store_has_what_it_had_and_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let customer = json!({"customer": {"email": "a@b", "firstname": "A", "lastname": "B", "taxvat": "X"}});
    let group = json!({"group": {"code": "New", "tax_class_id": 3}});
    let note = json!({"statusHistory": {"comment": "C", "is_customer_notified": 0, "is_visible_on_front": 0}});
    let ship = json!({"items": [{"order_item_id": 8, "qty": 1.5}], "comment": {"comment": "C"}});
    let stock = json!({"sourceItems": [{"sku": "New", "source_code": "default", "quantity": 0.25, "status": 1}]});
    for (method, path, body) in [
        ("POST", "products", minimal("Mug")),
        ("DELETE", "products/24-MB01", Value::Null),
        ("POST", "customers", customer.clone()),
        ("DELETE", "customers/124", Value::Null),
        ("POST", "customerGroups", group.clone()),
        ("DELETE", "customerGroups/20", Value::Null),
        ("PUT", "customerGroups/18", json!({"group": {"code": "Best"}})),
        ("POST", "orders/1/comments", note.clone()),
        ("POST", "order/8/ship", ship.clone()),
        ("POST", "inventory/source-items", stock),
    ] {
        let (status, answer) = store.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{path} {answer}");
    }
    let before = LISTS.map(|list| store.sandbox.document(list));
    drop(store);

    let store = opened(folder.path());
    assert_eq!(LISTS.map(|list| store.sandbox.document(list)), before);
    assert_eq!(store.create("Cup").await["id"], 6);
    assert_eq!(store.call("POST", "customers", customer.clone()).await.1["id"], 125, "124 was given before");
    assert_eq!(store.call("POST", "customers", customer).await.0, StatusCode::BAD_REQUEST, "the address is known");
    assert_eq!(store.call("POST", "customerGroups", group).await.1["id"], 21);
    assert_eq!(store.call("POST", "order/8/ship", ship).await.1, 35);
    assert_eq!(store.sandbox.document("shipment/35").unwrap()["items"][0]["entity_id"], 22);
    store.call("POST", "orders/1/comments", note).await;
    assert_eq!(store.sandbox.document("orders/1").unwrap()["status_histories"][0]["entity_id"], 2);
}

#[tokio::test]
async fn seeds_come_but_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let all = store.sandbox.document("products?searchCriteria").unwrap();
    for product in all["items"].as_array().unwrap() {
        store.call("DELETE", &format!("products/{}", product["sku"].as_str().unwrap()), Value::Null).await;
    }
    drop(store);
    let store = opened(folder.path());
    assert_eq!(store.sandbox.document("products?searchCriteria").unwrap()["total_count"], 0);
    assert_eq!(store.create("Mug").await["id"], 5);
}

#[test]
fn a_damaged_document_is_left_out_and_its_id_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    let keeper = Keeper::open(folder.path()).unwrap();
    keeper.put("commerce.customer", "123", b"{");
    keeper.put("commerce.order", "8", b"[1]");
    keeper.put("commerce.order", "eight", b"{}");
    keeper.put("commerce.product", "900", b"{}");
    keeper.put("commerce.product", "99999999999999999999", b"{}");
    keeper.put("commerce.counter", "commerce.customer", b"?");
    drop(keeper);
    let store = opened(folder.path());
    assert_eq!(store.sandbox.document("customers/123"), None);
    assert_eq!(store.sandbox.document("orders/8"), None);
    assert!(store.sandbox.document("orders/1").is_some());
    assert_eq!(store.sandbox.state().products.entities().count(), 4);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(store.create("Mug"))["id"], 901);
}

#[test]
fn a_collection_holds_its_bounds_and_frees_what_it_loses() {
    let mut things = Collection::new("thing", LIMITS, &Arc::new(Keeper::nowhere()));
    for id in [1, 2, 3] {
        things.put(id, thing("x")).unwrap();
    }
    assert!(things.put(4, thing("")).is_err(), "three are enough");
    assert!(things.put(3, thing(&"y".repeat(40))).is_err(), "they would be too large");
    assert_eq!(things.get(3), Some(&thing("x")));
    things.put(3, thing("yy")).unwrap();
    assert_eq!(things.remove(2), Some(thing("x")));
    assert_eq!(things.remove(2), None);
    assert!(things.prepare([(5, thing("a")), (6, thing("b"))]).is_err(), "both or none");
    things.put(5, thing(&"y".repeat(12))).unwrap();
    assert!(things.put(u64::from(u32::MAX) + 1, thing("")).is_err());
    assert_eq!(things.next_id(), 6);
}

#[test]
fn more_than_the_bounds_is_left_out_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Arc::new(Keeper::open(folder.path()).unwrap());
    for id in ["1", "2", "3", "7"] {
        keeper.put("thing", id, br#"{"text":"x"}"#);
    }
    let things: Collection<Thing> = Collection::load("thing", LIMITS, &keeper).unwrap();
    assert_eq!((things.all().count(), things.next_id()), (3, 8));
}

fn thing(text: &str) -> Thing {
    Thing { text: text.to_owned() }
}

fn opened(folder: &Path) -> Store {
    let options =
        Options { token: TOKEN.to_owned(), integration: None, folder: Some(folder.to_owned()), eventing: None };
    Store { sandbox: Sandbox::open(options).unwrap() }
}
