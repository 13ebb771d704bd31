//! Whatever is sent, the store answers, never with its own fault, and in JSON.

use axum::http::Uri;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::samples::samples;
use super::{Store, V1, answer, request};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];
const SEGMENTS: [&str; 16] = [
    "products",
    "customers",
    "customerGroups",
    "search",
    "orders",
    "order",
    "comments",
    "ship",
    "shipment",
    "shipments",
    "inventory",
    "source-items",
    "source-items-delete",
    "stockItems",
    "24-MB01",
    "8",
];
const ROUTES: [&str; 16] = [
    "products",
    "products/24-MB01",
    "products/24-MB01/stockItems/1",
    "customers",
    "customers/15",
    "customers/search",
    "customerGroups",
    "customerGroups/19",
    "orders",
    "orders/1",
    "orders/1/comments",
    "order/8/ship",
    "shipment",
    "shipments",
    "inventory/source-items",
    "inventory/source-items-delete",
];
/// Names of members and of parts of searchCriteria.
const NAMES: [&str; 38] = [
    "product",
    "customer",
    "group",
    "statusHistory",
    "entity",
    "sourceItems",
    "stockItem",
    "sku",
    "name",
    "price",
    "attribute_set_id",
    "custom_attributes",
    "email",
    "firstname",
    "lastname",
    "website_id",
    "group_id",
    "code",
    "tax_class_id",
    "comment",
    "comments",
    "is_customer_notified",
    "is_visible_on_front",
    "status",
    "items",
    "tracks",
    "order_item_id",
    "qty",
    "entity_id",
    "order_id",
    "track_number",
    "title",
    "carrier_code",
    "arguments",
    "extension_attributes",
    "source_code",
    "quantity",
    "is_in_stock",
];
const PLACES: [&str; 14] = [
    "searchCriteria",
    "[filter_groups]",
    "[filters]",
    "[sortOrders]",
    "[0]",
    "[1]",
    "[field]",
    "[value]",
    "[condition_type]",
    "[direction]",
    "[pageSize]",
    "[currentPage]",
    "[",
    "]",
];
const VALUES: [&str; 12] =
    ["sku", "email", "entity_id", "price", "1", "0", "-1", "%25a_%25", "in", "like", "ASC", "99999999999999999999"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_call_is_answered(calls in vec(call(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::new();
        for (method, target, body) in calls {
            let Ok(uri) = format!("{V1}{target}").parse::<Uri>() else { continue };
            let response = runtime.block_on(store.send(request(method, &uri.to_string(), &body)));
            let (status, answer) = runtime.block_on(answer(response));
            prop_assert!(!status.is_server_error(), "{method} {target} {body} {answer}");
            prop_assert!(status.is_success() || answer["message"].is_string(), "{method} {target} {body} {answer}");
        }
    }

    #[test]
    fn a_sample_with_anything_in_one_place_is_answered(changes in vec((any::<usize>(), any::<usize>(), body()), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::new();
        let samples = samples();
        for (which, place, value) in changes {
            let (method, path, mut body) = samples[which % samples.len()].clone();
            let places = places(&body);
            *body.pointer_mut(&places[place % places.len()]).unwrap() = value;
            let (status, answer) = runtime.block_on(store.call(method, path, body.clone()));
            prop_assert!(!status.is_server_error(), "{method} {path} {body} {answer}");
        }
    }

    #[test]
    fn any_path_and_query_can_be_looked_up(target in any::<String>(), query in query()) {
        let sandbox = Store::new().sandbox;
        sandbox.document(&target);
        sandbox.document(&format!("products?{query}"));
        sandbox.document(&format!("orders?{query}"));
    }

    #[test]
    fn pages_together_are_the_whole_list(page_size in 1_usize..8, count in 0_usize..12) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::new();
        for number in 0..count {
            runtime.block_on(store.create(&format!("SKU-{number}")));
        }
        let mut found = Vec::new();
        for page in 1..=(count + 4).div_ceil(page_size) {
            let query = format!("products?searchCriteria[pageSize]={page_size}&searchCriteria[currentPage]={page}");
            let list = store.sandbox.document(&query).unwrap();
            prop_assert_eq!(&list["total_count"], count + 4);
            found.extend(list["items"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()));
        }
        let all: Vec<u64> = (1..=(count as u64 + 4)).collect();
        prop_assert_eq!(found, all);
    }

    #[test]
    fn a_filter_and_its_opposite_share_the_list(value in "[0-9A-Z%_-]{0,6}", kinds in opposites()) {
        let sandbox = Store::new().sandbox;
        let place = "searchCriteria[filter_groups][0][filters][0]";
        let counts = [kinds.0, kinds.1].map(|kind| {
            let value = value.replace('%', "%25");
            let query = format!("products?{place}[field]=sku&{place}[value]={value}&{place}[condition_type]={kind}");
            sandbox.document(&query).unwrap()["total_count"].as_u64().unwrap()
        });
        prop_assert_eq!(counts[0] + counts[1], 4);
    }
}

/// Pointers to all values of a document.
fn places(document: &Value) -> Vec<String> {
    let below = |key: String, value: &Value| places(value).into_iter().map(move |place| format!("/{key}{place}"));
    let mut found = vec![String::new()];
    match document {
        Value::Object(members) => found.extend(members.iter().flat_map(|(key, value)| below(key.clone(), value))),
        Value::Array(items) => {
            found.extend(items.iter().enumerate().flat_map(|(index, value)| below(index.to_string(), value)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

fn opposites() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(vec![
        ("eq", "neq"),
        ("gt", "lteq"),
        ("lt", "gteq"),
        ("in", "nin"),
        ("like", "nlike"),
        ("finset", "nfinset"),
        ("null", "notnull"),
    ])
}

fn call() -> impl Strategy<Value = (&'static str, String, Value)> {
    let segment =
        prop_oneof![proptest::sample::select(&SEGMENTS[..]).prop_map(ToOwned::to_owned), "[a-zA-Z0-9%.~-]{0,8}",];
    let path = prop_oneof![
        4 => proptest::sample::select(&ROUTES[..]).prop_map(ToOwned::to_owned),
        1 => vec(segment, 0..5).prop_map(|segments| segments.join("/")),
    ];
    let target = (path, proptest::option::of(query())).prop_map(|(path, query)| match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    });
    (proptest::sample::select(&METHODS[..]), target, body())
}

fn query() -> impl Strategy<Value = String> {
    let name = vec(proptest::sample::select(&PLACES[..]), 0..7).prop_map(|places| places.concat());
    let value = proptest::sample::select(&VALUES[..]);
    vec((name, value), 0..6).prop_map(|pairs| {
        let pairs = pairs.into_iter().map(|(name, value)| format!("searchCriteria{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    })
}

/// Values under the names that the store knows, deep enough for lists of parts.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..40).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[a-z0-9@.]{0,6}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec!["8", "19", "1e5", "default", "picked", "a@b"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = proptest::sample::select(&NAMES[..]).prop_map(ToOwned::to_owned);
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => btree_map(name, inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
