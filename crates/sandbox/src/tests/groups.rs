use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

#[tokio::test]
async fn a_group_is_created_changed_read_and_deleted() {
    let store = Store::new();
    let (status, new) = store.call("POST", "customerGroups", group("Backoffice Group", 3)).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "id": 20, "code": "Backoffice Group", "tax_class_id": 3, "tax_class_name": "Retail Customer",
    });
    assert_eq!(new, expected);
    let change = json!({"group": {"id": 20, "code": "Partners", "extension_attributes": {"exclude_website_ids": [2]}}});
    let (status, changed) = store.call("PUT", "customerGroups/20", change).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(json!([changed["code"], changed["tax_class_id"]]), json!(["Partners", 3]));
    let (_, changed) = store.call("PUT", "customerGroups/20", group("partners", "2")).await;
    assert_eq!(changed["tax_class_id"], 2);
    assert_eq!(changed["extension_attributes"], json!({"exclude_website_ids": [2]}));
    assert_eq!(store.call("GET", "customerGroups/20", Value::Null).await, (StatusCode::OK, changed));
    assert_eq!(store.call("DELETE", "customerGroups/20", Value::Null).await, (StatusCode::OK, json!(true)));
    assert_eq!(store.sandbox.document("customerGroups/20"), None);
    assert_eq!(store.call("POST", "customerGroups", group("Partners", 3)).await.1["id"], 21);
}

#[tokio::test]
async fn the_customers_of_a_deleted_group_go_to_the_general_one() {
    let store = Store::new();
    let member = json!({"customer": {"email": "a@b", "firstname": "A", "lastname": "B", "group_id": 19}});
    assert_eq!(store.call("PUT", "customers/15", member).await.1["group_id"], 19);
    store.call("DELETE", "customerGroups/19", Value::Null).await;
    assert_eq!(store.sandbox.document("customers/15").unwrap()["group_id"], 1);
}

#[tokio::test]
async fn a_code_belongs_to_one_group() {
    let store = Store::new();
    for (method, path, code) in
        [("POST", "customerGroups", "vip"), ("PUT", "customerGroups/19", "VIP "), ("POST", "customerGroups", "General")]
    {
        let refusal = refused(&store, method, path, group(code, 3)).await;
        assert_eq!(refusal, json!({ "message": "Customer Group already exists." }));
    }
    assert_eq!(store.call("PUT", "customerGroups/18", group("Best", 3)).await.0, StatusCode::OK);
    assert_eq!(store.call("POST", "customerGroups", group("VIP", 3)).await.0, StatusCode::OK, "it is free now");
}

#[tokio::test]
async fn built_in_groups_stay() {
    let store = Store::new();
    for id in 0..4 {
        let refusal = refused(&store, "DELETE", &format!("customerGroups/{id}"), Value::Null).await;
        assert_eq!(refusal, json!({ "message": "Cannot delete group." }));
    }
    assert_eq!(store.sandbox.document("customerGroups/0").unwrap()["code"], "NOT LOGGED IN");
    assert_eq!(store.call("PUT", "customerGroups/3", group("Dealer", 3)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_group_needs_a_short_code_and_a_tax_class() {
    let store = Store::new();
    let path = "customerGroups";
    assert_eq!(refused(&store, "POST", path, json!({})).await["parameters"]["fieldName"], "group");
    assert_eq!(refused(&store, "POST", path, json!({"group": "VIP"})).await["parameters"]["fieldName"], "group");
    for (body, field) in [
        (json!({"group": {"tax_class_id": 3}}), "code"),
        (json!({"group": {"code": " ", "tax_class_id": 3}}), "code"),
        (json!({"group": {"code": 5, "tax_class_id": 3}}), "code"),
        (json!({"group": {"code": "New"}}), "tax_class_id"),
        (group("New", 0), "taxClassId"),
        (group("New", -1), "taxClassId"),
        (group("New", "three"), "taxClassId"),
        (json!({"group": {"code": "New", "tax_class_id": 3, "colour": "red"}}), "colour"),
    ] {
        assert_eq!(refused(&store, "POST", path, body).await["parameters"]["fieldName"], field);
    }
    assert_eq!(refused(&store, "POST", path, group(&"x".repeat(33), 3)).await["parameters"], json!([32]));
    assert_eq!(store.call("POST", path, group(&"ü".repeat(32), 3)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_group_is_not_found() {
    let store = Store::new();
    for (method, body) in [("GET", Value::Null), ("PUT", group("New", 3)), ("DELETE", Value::Null)] {
        let (status, refusal) = store.call(method, "customerGroups/77", body).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(refusal["parameters"], json!({ "fieldName": "id", "fieldValue": 77 }));
    }
    let query = "customerGroups/search?searchCriteria[sortOrders][0][field]=id&searchCriteria[pageSize]=1";
    let found = store.sandbox.document(query).unwrap();
    assert_eq!(json!([found["total_count"], found["items"][0]["code"]]), json!([6, "Club Members"]));
}

fn group(code: &str, tax_class_id: impl Into<Value>) -> Value {
    json!({ "group": { "code": code, "tax_class_id": tax_class_id.into() } })
}

/// Nothing may have changed.
async fn refused(store: &Store, method: &str, path: &str, body: Value) -> Value {
    let all = || store.sandbox.document("customerGroups/search?searchCriteria");
    let before = all();
    let (status, refusal) = store.call(method, path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");
    assert_eq!(all(), before);
    refusal
}
