//! Whatever the ERP is sent, it answers, never with its own fault, and finds again what it took.

use std::path::Path;

use axum::http::{StatusCode, Uri};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::{ERP, Store, is_error};
use crate::{Options, Sandbox};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const NAMES: [&str; 8] = ["id", "sku", "increment_id", "customer_group_id", "entity_id", "page", "pages", "other"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_call_is_answered(calls in vec((select(&METHODS[..]), path(), body()), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::new();
        for (method, path, body) in calls {
            if !is_below_root(&path) {
                continue;
            }
            let (status, answer) = runtime.block_on(store.erp_raw(method, &path, body.clone()));
            prop_assert!(!status.is_server_error(), "{method} {path} {answer}");
            let is_own_list = path == "calls" || path.starts_with("calls?");
            prop_assert!(status.is_success() || is_own_list || is_error(&answer), "{method} {path} {status} {answer}");
            if status == StatusCode::OK && (method == "PUT" || method == "PATCH") {
                let (_, found) = runtime.block_on(store.erp("GET", &path, Value::Null));
                prop_assert_eq!(found, answer);
            }
        }
    }

    #[test]
    fn any_document_can_be_looked_up(collection in any::<String>(), id in any::<String>()) {
        prop_assert_eq!(Store::new().sandbox.erp_document(&collection, &id), None);
    }
}

proptest! {
    // Fewer, because each opens two databases.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_finds_everything(calls in vec((select(&METHODS[1..5]), path(), any_value()), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path());
        let mut paths = vec!["orders".to_owned(), "products/pages".to_owned()];
        for (method, path, body) in calls {
            if path.starts_with("calls") || !is_below_root(&path) {
                continue;
            }
            runtime.block_on(store.erp(method, &path, body));
            paths.push(path);
        }
        let restarted = opened(folder.path());
        for path in paths {
            let before = runtime.block_on(store.erp("GET", &path, Value::Null));
            prop_assert_eq!(runtime.block_on(restarted.erp("GET", &path, Value::Null)), before);
        }
    }
}

/// What is no address cannot be sent, and the root itself is no route.
fn is_below_root(path: &str) -> bool {
    format!("{ERP}{path}").parse::<Uri>().is_ok_and(|uri| uri.path() != ERP)
}

fn opened(folder: &Path) -> Store {
    let options = Options { folder: Some(folder.to_owned()), ..Options::default() };
    Store { sandbox: Sandbox::open(options).unwrap() }
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => select(vec!["orders", "products", "pages", "calls", "1", "2", "", "%2F", "%00", "%FF", "%", "a%2Fb"])
            .prop_map(ToOwned::to_owned),
        1 => "[a-z0-9%?~.:@!$&'()*+,;=-]{0,8}",
    ];
    prop_oneof![
        8 => vec(segment, 0..5).prop_map(|segments| segments.join("/")),
        1 => (0_usize..1_100).prop_map(|chars| format!("orders/{}", "x".repeat(chars))),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => any_value().prop_map(|value| value.to_string().into_bytes()), 1 => vec(any::<u8>(), 0..20)]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..5).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[a-z0-9/%]{0,4}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = select(&NAMES[..]).prop_map(ToOwned::to_owned);
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => btree_map(name, inner, 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
