use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Store, V1, minimal, request};
use crate::calls::{Call, Calls, Row};

const AT: &str = "2026-01-02T03:04:05.6789Z";

#[tokio::test]
async fn every_call_is_listed_in_order_with_what_came_of_it() {
    let store = Store::new();
    let mut first = request("POST", &format!("{V1}products"), &minimal("A B"));
    first.headers_mut().insert("x-event-id", "event-1".parse().unwrap());
    store.send(first).await;
    store.call("GET", "products/A%20B", Value::Null).await;
    let mut stranger = request("DELETE", &format!("{V1}products/A%20B"), &Value::Null);
    stranger.headers_mut().remove("authorization");
    store.send(stranger).await;

    let listed = store.listed("").await;
    let without_time: Vec<Value> = listed
        .iter()
        .map(|call| json!([call["method"], call["path"], call["body"], call["status"], call["event_id"]]))
        .collect();
    assert_eq!(
        without_time,
        [
            json!(["POST", "products", minimal("A B"), 200, "event-1"]),
            json!(["GET", "products/A%20B", null, 200, null]),
            json!(["DELETE", "products/A%20B", null, 401, null]),
        ]
    );
    assert!(listed.iter().all(|call| call.as_object().unwrap().len() == 6));

    let calls = store.sandbox.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].status, calls[0].event_id.as_deref()), (Some(200), Some("event-1")));
    assert_eq!(calls[0].body, minimal("A B"));
    assert_eq!(listed[2]["at"], calls[2].at);
}

#[tokio::test]
async fn the_list_is_filtered_by_a_prefix_raw_or_decoded() {
    let store = Store::new();
    for path in ["products/A%20B", "products/AB", "customers/1"] {
        store.call("GET", path, Value::Null).await;
    }
    for (query, count) in [
        ("", 3),
        ("?path=", 3),
        ("?path=products", 2),
        ("?path=products/A", 2),
        ("?path=products/A%20", 1),
        ("?path=products/A%2520", 1),
        ("?path=roducts", 0),
    ] {
        assert_eq!(store.listed(query).await.len(), count, "{query}");
    }
}

#[test]
fn a_body_is_shown_as_it_came() {
    check_body(b"", &Value::Null, "null");
    check_body(br#"{"b": 1.50, "a":1}"#, &json!({"a": 1, "b": 1.5}), r#"{"b": 1.50, "a":1}"#);
    check_body(b"no json", &json!("no json"), r#""no json""#);
}

#[test]
fn the_instant_has_milliseconds() {
    assert_eq!(Call::from(&row("x", b"")).at, "2026-01-02T03:04:05.678Z");
}

#[test]
fn the_oldest_calls_go_first() {
    let mut calls = Calls::new(2, 100);
    for path in ["a", "b", "c"] {
        calls.push(row(path, b"1"));
    }
    assert_eq!(kept(&calls), [("b".to_owned(), json!(1)), ("c".to_owned(), json!(1))]);
}

#[test]
fn the_oldest_bodies_go_first_and_their_rows_stay() {
    let mut calls = Calls::new(3, 4);
    for (path, body) in [("a", b"11".as_slice()), ("b", b"22"), ("c", b"333")] {
        calls.push(row(path, body));
    }
    let named = |path: &str, body| (path.to_owned(), body);
    assert_eq!(kept(&calls), [named("a", Value::Null), named("b", Value::Null), named("c", json!(333))]);
    calls.push(row("d", b"4"));
    assert_eq!(kept(&calls), [named("b", Value::Null), named("c", json!(333)), named("d", json!(4))]);
    calls.push(row("e", b"5"));
    assert_eq!(kept(&calls), [named("c", Value::Null), named("d", json!(4)), named("e", json!(5))]);
    calls.push(row("f", b"55555"));
    assert_eq!(kept(&calls), [named("d", Value::Null), named("e", Value::Null), named("f", Value::Null)]);
}

#[test]
fn paths_and_event_ids_are_bounded() {
    let long = "x".repeat(5_000);
    let mut calls = Calls::default();
    calls.push(Row { event_id: Some(long.clone()), ..row(&long, b"") });
    let call = Call::from(&calls.rows("")[0]);
    assert_eq!((call.path.len(), call.event_id.unwrap().len()), (1_024, 128));
}

fn check_body(body: &[u8], seen: &Value, written: &str) {
    let row = row("products", body);
    assert_eq!(&Call::from(&row).body, seen);
    let json = serde_json::to_string(&row).unwrap();
    assert!(json.contains(&format!(r#""body":{written},"#)), "{json}");
}

fn row(path: &str, body: &[u8]) -> Row {
    Row {
        at: AT.parse().unwrap(),
        method: Method::POST,
        path: path.to_owned(),
        body: Bytes::copy_from_slice(body),
        status: Some(200),
        event_id: None,
    }
}

fn kept(calls: &Calls) -> Vec<(String, Value)> {
    calls.rows("").iter().map(Call::from).map(|call| (call.path, call.body)).collect()
}
