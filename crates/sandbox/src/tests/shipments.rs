use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

const SHIP: &str = "order/8/ship";
const STOCK: &str = "inventory/source-items?searchCriteria[filter_groups][0][filters][0][field]=sku&\
                     searchCriteria[filter_groups][0][filters][0][value]=24-MB01";

#[tokio::test]
async fn shipping_counts_in_the_order_and_leaves_the_source() {
    let store = Store::new();
    let body = json!({
        "items": [{"order_item_id": "8", "qty": "2.5"}],
        "notify": true,
        "appendComment": true,
        "comment": {"comment": "Packed", "is_visible_on_front": 1},
        "tracks": [{"track_number": "T1", "title": "Van", "carrier_code": "custom"}],
        "packages": [],
        "arguments": {"extension_attributes": {"source_code": "default"}},
    });
    assert_eq!(store.call("POST", SHIP, body).await, (StatusCode::OK, json!(34)));
    let shipment = store.sandbox.document("shipment/34").unwrap();
    let at = shipment["created_at"].clone();
    assert_eq!(
        shipment,
        json!({
            "entity_id": 34, "increment_id": "000000034", "order_id": 8, "store_id": 1, "total_qty": 2.5,
            "created_at": at, "updated_at": at, "packages": [],
            "items": [{"entity_id": 20, "parent_id": 34, "order_item_id": 8, "sku": "24-MB01",
                "name": "Joust Duffle Bag", "price": 34, "qty": 2.5}],
            "tracks": [{"entity_id": 21, "parent_id": 34, "order_id": 8, "track_number": "T1", "title": "Van",
                "carrier_code": "custom", "created_at": at, "updated_at": at}],
            "comments": [{"entity_id": 22, "parent_id": 34, "comment": "Packed", "is_customer_notified": 1,
                "is_visible_on_front": 1, "created_at": at}],
            "extension_attributes": {"source_code": "default"},
        })
    );
    let order = store.sandbox.document("orders/8").unwrap();
    assert_eq!(json!([order["items"][0]["qty_shipped"], order["state"]]), json!([3.5, "processing"]));
    assert_eq!(store.sandbox.document(STOCK).unwrap()["items"][0]["quantity"], 997.5);
}

#[tokio::test]
async fn without_items_all_that_is_left_goes_and_completes_the_order() {
    let store = Store::new();
    assert_eq!(store.call("POST", SHIP, Value::Null).await, (StatusCode::OK, json!(34)));
    let order = store.sandbox.document("orders/8").unwrap();
    assert_eq!(json!([order["items"][0]["qty_shipped"], order["state"]]), json!([100, "complete"]));
    assert_eq!(order["status"], "complete");
    assert_eq!(store.sandbox.document("shipment/34").unwrap()["total_qty"], 99);
    refused(&store, SHIP, json!({})).await;

    assert_eq!(store.call("POST", "order/12/ship", json!({"items": []})).await.0, StatusCode::OK);
    let order = store.sandbox.document("orders/12").unwrap();
    assert_eq!(json!([order["state"], order["status"]]), json!(["processing", "processing"]), "it has no invoice");
    assert_eq!(
        refused(&store, "order/12/ship", json!({})).await["message"],
        "Nothing of this order is left to be shipped."
    );
}

#[tokio::test]
async fn the_source_may_stand_in_two_places_and_need_not_count_the_sku() {
    let store = Store::new();
    for (body, source) in [
        (json!({"extension_attributes": {"source_code": "warehouse"}}), "warehouse"),
        (json!({"arguments": {"extension_attributes": {"source_code": "warehouse"}}}), "warehouse"),
        (json!({"arguments": {"extension_attributes": []}, "extension_attributes": null}), "default"),
    ] {
        let mut body = body;
        body["items"] = json!([{"order_item_id": 8, "qty": 1}]);
        let (_, id) = store.call("POST", SHIP, body).await;
        let shipment = store.sandbox.document(&format!("shipment/{id}")).unwrap();
        assert_eq!(shipment["extension_attributes"]["source_code"], source);
    }
    let stock = store.sandbox.document(STOCK).unwrap();
    assert_eq!(json!([stock["total_count"], stock["items"][0]["quantity"]]), json!([1, 999]));
}

#[tokio::test]
async fn what_cannot_be_shipped_changes_nothing() {
    let store = Store::new();
    let few = json!({"sourceItems": [{"sku": "24-mb01", "source_code": "default", "quantity": 3, "status": 1}]});
    assert_eq!(store.call("POST", "inventory/source-items", few).await.0, StatusCode::OK);
    for items in [
        json!([{"order_item_id": 1, "qty": 1}]),
        json!([{"order_item_id": 8, "qty": 100}]),
        json!([{"order_item_id": 8, "qty": 60}, {"order_item_id": 8, "qty": 60}]),
        json!([{"order_item_id": 8, "qty": 4}]),
        json!([{"order_item_id": 8, "qty": 0}]),
        json!([{"order_item_id": 8, "qty": -1}]),
        json!([{"order_item_id": 8, "qty": "many"}]),
        json!([{"order_item_id": 8, "qty": 1e300}]),
        json!([{"order_item_id": 8}]),
        json!([{"qty": 1}]),
        json!(["8"]),
        json!({"order_item_id": 8}),
    ] {
        refused(&store, SHIP, json!({ "items": items })).await;
    }
    for (name, value) in [
        ("tracks", json!([{"title": "Van", "carrier_code": "custom"}])),
        ("tracks", json!([{"track_number": "T", "title": "Van", "carrier_code": "c", "colour": "red"}])),
        ("comment", json!({"is_visible_on_front": 1})),
        ("extension_attributes", json!({"source_code": "moon"})),
        ("arguments", json!({"extension_attributes": {"source_code": "moon"}})),
        ("notify", json!("loudly")),
        ("packages", json!(1)),
    ] {
        let mut body = json!({"items": [{"order_item_id": 8, "qty": 1}]});
        body[name] = value;
        refused(&store, SHIP, body).await;
    }
    let all = json!({"items": [{"order_item_id": 8, "qty": 3}]});
    assert_eq!(store.call("POST", SHIP, all).await.0, StatusCode::OK);
    let item = store.sandbox.document(STOCK).unwrap()["items"][0].clone();
    assert_eq!(item, json!({"sku": "24-mb01", "source_code": "default", "quantity": 0, "status": 0}));
}

#[tokio::test]
async fn known_parts_are_changed_and_others_added() {
    let store = Store::new();
    let body = json!({"entity": {
        "entity_id": "33", "order_id": 8,
        "items": [{"entity_id": 19, "order_item_id": 8, "qty": 2}, {"order_item_id": 8, "qty": 1}],
        "tracks": [{"entity_id": 19, "title": "Bike"}, {"track_number": "T", "title": "Van", "carrier_code": "c"}],
        "comments": [{"entity_id": 19, "comment": "Changed"}, {"comment": "Added", "is_visible_on_front": 1}],
        "packages": [{"kg": 1}], "extension_attributes": {"source_code": "warehouse"}, "total_qty": 99,
    }});
    let order_before = store.sandbox.document("orders/8");
    let (status, shipment) = store.call("POST", "shipment/", body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(json!([shipment["total_qty"], shipment["items"][1]["entity_id"]]), json!([3, 20]));
    let track = &shipment["tracks"][0];
    assert_eq!(json!([track["title"], track["track_number"]]), json!(["Bike", "TRACK-0019"]));
    assert_eq!(shipment["tracks"][1]["track_number"], "T");
    assert_eq!(
        json!([shipment["comments"][0]["comment"], shipment["comments"][1]["entity_id"]]),
        json!(["Changed", 22])
    );
    assert_eq!(shipment["packages"], json!([{"kg": 1}]));
    assert_eq!(shipment["extension_attributes"]["source_code"], "warehouse");
    assert_eq!(store.sandbox.document("shipment/33"), Some(shipment));
    assert_eq!(store.sandbox.document("orders/8"), order_before);
}

#[tokio::test]
async fn what_is_unknown_in_a_shipment_is_not_found() {
    let store = Store::new();
    let before = store.sandbox.document("shipment/33");
    for body in [
        json!({"entity_id": 77, "order_id": 8}),
        json!({"entity_id": 33, "order_id": 77}),
        json!({"order_id": 77, "items": [{"order_item_id": 8, "qty": 1}]}),
        json!({"entity_id": 33, "order_id": 8, "items": [{"entity_id": 77, "qty": 1}]}),
        json!({"entity_id": 33, "order_id": 8, "tracks": [{"entity_id": 77}]}),
        json!({"entity_id": 33, "order_id": 8, "comments": [{"entity_id": 77}]}),
        json!({"order_id": 8, "items": [{"order_item_id": 8, "qty": 1}], "comments": [{"entity_id": 19}]}),
    ] {
        let (status, refusal) = store.call("POST", "shipment", json!({ "entity": body })).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{refusal}");
    }
    assert_eq!(store.call("GET", "shipment/34", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(store.sandbox.document("shipment/33"), before);
}

#[tokio::test]
async fn a_shipment_that_cannot_be_is_refused() {
    let store = Store::new();
    for body in [
        json!({}),
        json!({"entity": 5}),
        json!({"entity": {"entity_id": 33}}),
        json!({"entity": {"order_id": 8}}),
        json!({"entity": {"order_id": 8, "items": []}}),
        json!({"entity": {"entity_id": 33, "order_id": 1}}),
        json!({"entity": {"entity_id": 33, "order_id": 8, "items": [{"entity_id": 19, "order_item_id": 1}]}}),
        json!({"entity": {"entity_id": 33, "order_id": 8, "items": [{"order_item_id": 1, "qty": 1}]}}),
        json!({"entity": {"entity_id": 33, "order_id": 8, "tracks": [{"title": "Van"}]}}),
        json!({"entity": {"entity_id": 33, "order_id": 8, "extension_attributes": {"source_code": "moon"}}}),
        json!({"entity": {"entity_id": 33, "order_id": 8, "colour": "red"}}),
    ] {
        refused(&store, "shipment", body).await;
    }
    let track = json!({"track_number": "T", "title": "Van", "carrier_code": "c"});
    let many = json!({"entity": {"entity_id": 33, "order_id": 8, "tracks": vec![track; 1_000]}});
    refused(&store, "shipment", many).await;
}

#[tokio::test]
async fn a_shipment_may_be_created_as_itself() {
    let store = Store::new();
    let body = json!({"entity": {"order_id": 8, "items": [{"order_item_id": 8, "qty": 1}],
        "comments": [{"comment": "By van", "is_customer_notified": 1}]}});
    let (status, shipment) = store.call("POST", "shipment", body).await;
    assert_eq!((status, &shipment["entity_id"]), (StatusCode::OK, &json!(34)));
    assert_eq!(shipment["comments"][0]["is_customer_notified"], 1);
    assert_eq!(store.sandbox.document("orders/8").unwrap()["items"][0]["qty_shipped"], 2);
    let listed = store.sandbox.document("shipments?searchCriteria[sortOrders][0][field]=entity_id").unwrap();
    assert_eq!(json!([listed["total_count"], listed["items"][0]["entity_id"]]), json!([2, 34]));
}

/// Nothing may have changed.
async fn refused(store: &Store, path: &str, body: Value) -> Value {
    let all = || ["orders?searchCriteria", "shipments?searchCriteria", STOCK].map(|path| store.sandbox.document(path));
    let before = all();
    let (status, refusal) = store.call("POST", path, body.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {refusal}");
    assert!(before.iter().all(Option::is_some));
    assert_eq!(all(), before, "{body}");
    refusal
}
