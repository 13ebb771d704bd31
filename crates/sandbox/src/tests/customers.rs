use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

const TAKEN: &str = "A customer with the same email address already exists in an associated website.";

#[tokio::test]
async fn a_new_customer_gets_an_id_and_the_defaults_of_the_store() {
    let store = Store::new();
    let (status, customer) = store.call("POST", "customers", jane()).await;
    let at = customer["created_at"].clone();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        customer,
        json!({
            "id": 124, "group_id": 1, "website_id": 1, "store_id": 1, "email": "jane.doe@fakedomain.com",
            "firstname": "Jane", "lastname": "Doe", "created_at": at, "updated_at": at,
            "created_in": "Default Store View",
        })
    );
    assert_eq!(store.sandbox.document("customers/124"), Some(customer.clone()));
    assert_eq!(store.call("GET", "customers/124", Value::Null).await, (StatusCode::OK, customer));
}

#[tokio::test]
async fn what_is_given_is_kept_and_a_change_keeps_what_it_leaves_out() {
    let store = Store::new();
    let mut new = jane();
    let other = json!({"taxvat": "DE1", "addresses": [{"city": "Ulm"}], "custom_attributes": []});
    new["customer"].as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    new["customer"]["website_id"] = json!("2");
    new["customer"]["group_id"] = json!("18");
    new["password"] = json!("not kept");
    let (_, customer) = store.call("POST", "customers", new).await;
    for (name, value) in other.as_object().unwrap() {
        assert_eq!(&customer[name], value, "{name}");
    }
    assert_eq!(json!([customer["website_id"], customer["store_id"], customer["group_id"]]), json!([2, 2, 18]));
    let change = json!({"customer": {"id": 9, "email": "j@x", "firstname": "J", "lastname": "D", "taxvat": null}});
    let (status, changed) = store.call("PUT", "customers/124", change).await;
    assert_eq!((status, &changed["email"], &changed["id"]), (StatusCode::OK, &json!("j@x"), &json!(124)));
    assert_eq!(json!([changed["website_id"], changed["group_id"], changed["taxvat"]]), json!([2, 18, "DE1"]));
    assert!(!changed.to_string().contains("not kept"));
}

#[tokio::test]
async fn an_address_belongs_to_one_customer_of_a_website() {
    let store = Store::new();
    assert_eq!(store.call("POST", "customers", jane()).await.0, StatusCode::OK);
    let mut shouted = jane();
    shouted["customer"]["email"] = json!("JANE.doe@fakedomain.com");
    let refusal = refused(&store, "POST", "customers", shouted.clone()).await;
    assert_eq!(refusal, json!({ "message": TAKEN }));
    refused(&store, "PUT", "customers/123", jane()).await;
    assert_eq!(store.call("PUT", "customers/124", shouted).await.0, StatusCode::OK, "it is its own");
    assert_eq!(store.call("PUT", "customers/15", jane()).await.0, StatusCode::OK, "15 is in another website");

    let mut other = jane();
    other["customer"]["email"] = json!("other@fakedomain.com");
    assert_eq!(store.call("PUT", "customers/124", other).await.0, StatusCode::OK);
    assert_eq!(store.call("PUT", "customers/123", jane()).await.0, StatusCode::OK, "a change frees the address");
    assert_eq!(store.call("DELETE", "customers/123", Value::Null).await, (StatusCode::OK, json!(true)));
    assert_eq!(store.call("POST", "customers", jane()).await.1["id"], 125, "and so does a deletion");
}

#[tokio::test]
async fn an_unknown_customer_is_not_found_and_an_id_is_a_number() {
    let store = Store::new();
    for (method, body) in [("GET", Value::Null), ("PUT", jane()), ("DELETE", Value::Null)] {
        let (status, refusal) = store.call(method, "customers/77", body.clone()).await;
        let parameters = json!({ "fieldName": "customerId", "fieldValue": 77 });
        assert_eq!(status, StatusCode::NOT_FOUND);
        let message = "No such entity with %fieldName = %fieldValue";
        assert_eq!(refusal, json!({ "message": message, "parameters": parameters }));
        for id in ["x", "+5", "1.5", "99999999999999999999", "%31"] {
            let refusal = refused(&store, method, &format!("customers/{id}"), body.clone()).await;
            assert_eq!(refusal["parameters"]["type"], "int", "{id}");
        }
    }
    assert_eq!(store.sandbox.document("customers/77"), None);
}

#[tokio::test]
async fn address_and_both_names_are_required() {
    let store = Store::new();
    for (method, path) in [("POST", "customers"), ("PUT", "customers/15")] {
        for name in ["email", "firstname", "lastname"] {
            for value in [Value::Null, json!(" ")] {
                let mut body = jane();
                body["customer"][name] = value;
                let refusal = refused(&store, method, path, body).await;
                let message = "\"%fieldName\" is required. Enter and try again.";
                assert_eq!(refusal, json!({ "message": message, "parameters": { "fieldName": name } }));
            }
        }
    }
    let refusal = refused(&store, "POST", "customers", json!({"customer": {"email": "a@b"}})).await;
    assert_eq!(refusal["message"], "One or more input exceptions have occurred.");
    assert_eq!(refusal["errors"][1]["parameters"], json!({ "fieldName": "lastname" }));
    assert_eq!(refused(&store, "POST", "customers", json!({})).await["parameters"]["fieldName"], "customer");
}

#[tokio::test]
async fn a_value_that_a_customer_cannot_have_is_refused() {
    let store = Store::new();
    for (name, value) in [
        ("email", json!("jane")),
        ("email", json!("jane@a@b")),
        ("email", json!("ja ne@a")),
        ("email", json!(5)),
        ("firstname", json!("x".repeat(256))),
        ("group_id", json!(77)),
        ("group_id", json!("many")),
        ("website_id", json!(3)),
        ("website_id", json!(-1)),
        ("store_id", json!(9)),
        ("nickname", json!("J")),
    ] {
        let mut body = jane();
        body["customer"][name] = value.clone();
        let refusal = refused(&store, "POST", "customers", body).await;
        assert!(["website_id", name].contains(&refusal["parameters"]["fieldName"].as_str().unwrap()), "{name} {value}");
    }
    let mut body = jane();
    body["customer"]["website_id"] = json!(1);
    body["customer"]["store_id"] = json!(2);
    let message = "The store view is not in the associated website.";
    assert_eq!(refused(&store, "POST", "customers", body).await, json!({ "message": message }));
}

#[tokio::test]
async fn customers_are_found_by_search() {
    let store = Store::new();
    let query = "customers/search?searchCriteria[filterGroups][0][filters][0][field]=email&\
                 searchCriteria[filterGroups][0][filters][0][value]=JOHN%25&\
                 searchCriteria[filterGroups][0][filters][0][conditionType]=like";
    let (status, found) = store.call("GET", query, Value::Null).await;
    assert_eq!((status, &found["total_count"], &found["items"][0]["id"]), (StatusCode::OK, &json!(1), &json!(123)));
}

fn jane() -> Value {
    json!({ "customer": { "email": "jane.doe@fakedomain.com", "firstname": "Jane", "lastname": "Doe" } })
}

/// Nothing may have changed.
async fn refused(store: &Store, method: &str, path: &str, body: Value) -> Value {
    let everyone = || store.sandbox.document("customers/search?searchCriteria");
    let before = everyone();
    let (status, refusal) = store.call(method, path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");
    assert!(before.is_some());
    assert_eq!(everyone(), before);
    refusal
}
