use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Store, minimal};

#[tokio::test]
async fn filters_of_a_group_are_alternatives_and_groups_are_all_met() {
    let store = Store::new();
    let query = "searchCriteria[filter_groups][0][filters][0][field]=sku&\
                 searchCriteria[filter_groups][0][filters][0][value]=24-MB01&\
                 searchCriteria[filter_groups][0][filters][1][field]=price&\
                 searchCriteria[filter_groups][0][filters][1][value]=20&\
                 searchCriteria[filter_groups][0][filters][1][condition_type]=lt&\
                 searchCriteria[filter_groups][1][filters][0][field]=description&\
                 searchCriteria[filter_groups][1][filters][0][value]=%25bag%25&\
                 searchCriteria[filter_groups][1][filters][0][condition_type]=like";
    let found = found(&store, query).await;
    assert_eq!(skus(&found), ["24-MB01"]);
    assert_eq!(
        found["search_criteria"],
        json!({
            "filter_groups": [
                {"filters": [
                    {"field": "sku", "value": "24-MB01", "condition_type": "eq"},
                    {"field": "price", "value": "20", "condition_type": "lt"},
                ]},
                {"filters": [{"field": "description", "value": "%bag%", "condition_type": "like"}]},
            ],
            "page_size": 20, "current_page": 1,
        })
    );
}

#[tokio::test]
async fn brackets_may_be_encoded_and_names_in_camel_case() {
    let store = Store::new();
    for query in [
        "searchCriteria%5BfilterGroups%5D%5Ba%5D%5Bfilters%5D%5Bb%5D%5Bfield%5D=name&\
         searchCriteria%5BfilterGroups%5D%5Ba%5D%5Bfilters%5D%5Bb%5D%5Bvalue%5D=Field+Notebook",
        "search_criteria[filter_groups][0][filters][0][field]=name&ignored=1&&\
         search_criteria[filter_groups][0][filters][0][value]=field%20notebook&\
         search_criteria[filter_groups][0][filters][0][conditionType]=eq",
    ] {
        assert_eq!(skus(&found(&store, query).await), ["FIELD-NOTE-03"], "{query}");
    }
}

#[tokio::test]
async fn a_list_is_sorted_by_several_fields() {
    let store = Store::new();
    let mut cheap = minimal("A-CHEAP");
    cheap["product"]["price"] = json!("9.95");
    store.call("POST", "products", cheap).await;
    let query = "searchCriteria[sortOrders][0][field]=price&searchCriteria[sortOrders][0][direction]=asc&\
                 searchCriteria[sort_orders][1][field]=sku&searchCriteria[sort_orders][1][direction]=DESC";
    let listed = found(&store, query).await;
    assert_eq!(skus(&listed), ["FIELD-NOTE-03", "A-CHEAP", "TRAIL-MUG-01", "HARBOR-CAP-02", "24-MB01"]);
    assert_eq!(listed["search_criteria"]["sort_orders"][1], json!({"field": "sku", "direction": "DESC"}));
    let downwards = found(&store, "searchCriteria[sortOrders][0][field]=entity_id").await;
    assert_eq!(downwards["items"][0]["sku"], "A-CHEAP", "without a direction the highest comes first");
}

#[tokio::test]
async fn pages_have_twenty_documents_or_as_many_as_asked() {
    let store = Store::new();
    for number in 0..21 {
        store.create(&format!("SKU-{number:02}")).await;
    }
    let first = found(&store, "searchCriteria").await;
    assert_eq!(json!([first["total_count"], skus(&first).len()]), json!([25, 20]));
    assert_eq!(skus(&found(&store, "searchCriteria[currentPage]=2").await).len(), 5);
    let last = found(&store, "searchCriteria[pageSize]=12&searchCriteria[currentPage]=3").await;
    assert_eq!(skus(&last), ["SKU-20"]);
    let beyond = found(&store, "searchCriteria[page_size]=12&searchCriteria[current_page]=9").await;
    assert_eq!(skus(&beyond), ["SKU-20"], "there is no page after the last");
    assert_eq!(skus(&found(&store, "searchCriteria=&searchCriteria[pageSize]=300").await).len(), 25);
    let nothing = found(&store, &filter("sku", "none", "eq")).await;
    assert_eq!(json!([nothing["items"], nothing["total_count"]]), json!([[], 0]));
}

#[tokio::test]
async fn criteria_that_cannot_be_followed_are_refused() {
    let store = Store::new();
    let long = "x".repeat(8_193);
    for (query, parameters) in [
        (String::new(), json!({"fieldName": "searchCriteria"})),
        ("searchCriteria[pageSize]=301".to_owned(), json!({"max": 300})),
        ("searchCriteria[pageSize]=0".to_owned(), json!({"value": "0", "type": "int"})),
        ("searchCriteria[currentPage]=-1".to_owned(), json!({"value": "-1", "type": "int"})),
        ("searchCriteria[pageSize]".to_owned(), json!({"value": "", "type": "int"})),
        ("searchCriteria[size]=1".to_owned(), json!(["searchCriteria[size]"])),
        ("searchCriteria[pageSize".to_owned(), json!(["searchCriteria[pageSize"])),
        ("searchCriteria[filter_groups][0][filters][0][x]=1".to_owned(), Value::Null),
        ("searchCriteria[filter_groups][0][filters][0][value]=1".to_owned(), json!({"fieldName": "field"})),
        ("searchCriteria[sortOrders][0][direction]=ASC".to_owned(), json!({"fieldName": "field"})),
        (
            "searchCriteria[sortOrders][0][field]=email&searchCriteria[sortOrders][0][direction]=up".to_owned(),
            json!({"fieldName": "direction", "value": "UP"}),
        ),
        (filter("email", "a", "is"), json!({"fieldName": "condition_type", "value": "is"})),
        (filter("nickname", "a", "eq"), json!(["nickname"])),
        (filter("email", &long, "in"), Value::Null),
        (filter("email", &long[..256], "like"), json!({"fieldName": "value", "value": "x".repeat(64)})),
        ("searchCriteria&".repeat(501), json!(["searchCriteria has too many parts"])),
    ] {
        let (status, refusal) = store.call("GET", &format!("customers/search?{query}"), Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert!(parameters.is_null() || refusal["parameters"] == parameters, "{query} {refusal}");
    }
}

#[tokio::test]
async fn the_list_of_calls_has_paths_without_criteria() {
    let store = Store::new();
    store.call("GET", "orders?searchCriteria", Value::Null).await;
    assert_eq!(store.sandbox.calls()[0].path, "orders");
}

#[test]
fn all_products_come_in_the_order_of_their_ids() {
    let sandbox = Store::new().sandbox;
    let ids: Vec<Value> = sandbox.state().products.entities().map(|product| product.id.into()).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

fn filter(field: &str, value: &str, kind: &str) -> String {
    let place = "searchCriteria[filter_groups][0][filters][0]";
    format!("{place}[field]={field}&{place}[value]={value}&{place}[condition_type]={kind}")
}

async fn found(store: &Store, query: &str) -> Value {
    let (status, list) = store.call("GET", &format!("products?{query}"), Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list
}

fn skus(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap()).collect()
}
