use std::future;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use proptest::prelude::*;
use sdk::web::{Request, WebAction};
use sdk::{Call, Context, Inputs, Reply, Stop, TargetPort};
use serde_json::{Value, json};
use testkit::{Bench, Recorder, context};

use super::check_stock::CheckStock;

const TRY_AGAIN: &str = "The stock cannot be checked right now. Please try again.";

async fn answer(cx: &Context, body: impl Into<Bytes>) -> Value {
    let request =
        Request { method: Method::POST, headers: HeaderMap::new(), query: None, body: body.into(), peer: None };
    let answer = CheckStock.run(cx, request).await;
    assert_eq!(answer.status, 200);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn ask(bench: Bench, items: &Value) -> Value {
    answer(&bench.build(), json!({"data": {"cart_id": 7, "items": items}}).to_string()).await
}

/// The message of the exception that a body gets without a look at the stock.
async fn refusal(body: impl Into<Bytes>) -> String {
    let recorder = Recorder::new();
    let said = answer(&context().commerce(recorder.clone()).build(), body).await;
    assert_eq!((&said["op"], recorder.calls().len()), (&json!("exception"), 0), "{said}");
    said["message"].as_str().unwrap().to_owned()
}

fn source_items(items: &[(&str, Value)]) -> Reply {
    page(items, items.len())
}

fn page(items: &[(&str, Value)], total_count: usize) -> Reply {
    let item = |(sku, quantity): &(&str, Value)| json!({"sku": sku, "source_code": "default", "quantity": quantity, "status": 1});
    let items: Vec<Value> = items.iter().map(item).collect();
    Reply::new(200, json!({"items": items, "search_criteria": {}, "total_count": total_count}))
}

/// The queries of all calls, readable.
fn queries(recorder: &Recorder) -> Vec<String> {
    let read = |call: Call| {
        assert_eq!((call.method, call.body), (Method::GET, None));
        let query = call.path.strip_prefix("inventory/source-items?").unwrap().to_owned();
        let pairs: Vec<String> =
            form_urlencoded::parse(query.as_bytes()).map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&").replace("searchCriteria", "").replace("[filter_groups]", "").replace("[filters]", "")
    };
    recorder.calls().into_iter().map(read).collect()
}

/// A Commerce that never answers.
struct Silent;

#[async_trait]
impl TargetPort for Silent {
    async fn call(&self, _: Call) -> Result<Reply, Stop> {
        future::pending().await
    }
}

#[tokio::test]
async fn missing_members_are_named_in_their_order() {
    let both = "missing parameter(s) 'data.cart_id,data.items'";
    for body in ["", "no JSON", "[]", "5", "{}", r#"{"data":null}"#, r#"{"data":"x"}"#, r#"{"data":[]}"#] {
        assert_eq!(refusal(body).await, both, "{body}");
    }
    assert_eq!(refusal(r#"{"data":{"cart_id":"","items":""}}"#).await, both);
    assert_eq!(refusal(r#"{"data":{"cart_id":1},"data":{"items":[]}}"#).await, both);
    assert_eq!(refusal(r#"{"data":{"items":[]}}"#).await, "missing parameter(s) 'data.cart_id'");
    assert_eq!(refusal(r#"{"data":{"cart_id":0}}"#).await, "missing parameter(s) 'data.items'");
}

#[tokio::test]
async fn items_that_cannot_be_used_are_named() {
    let check = async |items: Value, message: &str| {
        let body = json!({"data": {"cart_id": null, "items": items}}).to_string();
        assert_eq!(refusal(body).await, message);
    };
    let with = |sku: Value, quantity: Value| json!([{"sku": "A", "qty": 1}, {"sku": sku, "qty": quantity}]);
    check(Value::Null, "data.items must be a list").await;
    check(json!({"0": {"sku": "A", "qty": 1}}), "data.items must be a list").await;
    check(vec![json!({"sku": "A", "qty": 1}); 501].into(), "data.items must have at most 500 items").await;
    check(json!(["A"]), "data.items[0] must be an object").await;
    check(json!([{"qty": 1}]), "data.items[0].sku must be a text").await;
    check(with(json!(5), json!(1)), "data.items[1].sku must be a text").await;
    check(with(json!("  "), json!(1)), "data.items[1].sku must not be empty").await;
    check(with(json!("ä".repeat(65)), json!(1)), "data.items[1].sku must have at most 64 characters").await;
    for quantity in [json!(null), json!(0), json!(-1), json!("0"), json!("many"), json!(""), json!(true), json!([2])] {
        check(with(json!("B"), quantity), "data.items[1].qty must be a number greater than 0").await;
    }
}

#[tokio::test]
async fn a_cart_without_items_passes_without_a_call() {
    let recorder = Recorder::new();
    assert_eq!(ask(context().commerce(recorder.clone()), &json!([])).await, json!({"op": "success"}));
    assert!(recorder.calls().is_empty());
}

#[tokio::test]
async fn enough_in_all_sources_together_is_enough() {
    let recorder = Recorder::new().then(source_items(&[
        ("wb-01", json!(1)),
        ("WB-01", json!("1.5000")),
        ("other", json!(9)),
        ("A", json!(4)),
    ]));
    let items =
        json!([{"item_id": 1, "sku": " WB-01", "qty": "2"}, {"sku": "Wb-01", "qty": 0.5}, {"sku": "a", "qty": 4}]);
    assert_eq!(ask(context().commerce(recorder.clone()), &items).await, json!({"op": "success"}));
    assert_eq!(
        queries(&recorder),
        ["[0][0][field]=sku&[0][0][value]=WB-01,a&[0][0][condition_type]=in\
          &[1][0][field]=status&[1][0][value]=1&[1][0][condition_type]=eq\
          &[sortOrders][0][field]=sku&[sortOrders][0][direction]=ASC\
          &[sortOrders][1][field]=source_code&[sortOrders][1][direction]=ASC&[pageSize]=300&[currentPage]=1"]
    );
}

#[tokio::test]
async fn too_little_is_told_to_the_shopper() {
    let check = async |items: Value, message: &str| {
        let stock = source_items(&[("A", json!(2)), ("B", json!(-3)), ("B", json!(1)), ("C", json!(0.5))]);
        let said = ask(context().commerce(Recorder::new().then(stock)), &items).await;
        assert_eq!(said, json!({"op": "exception", "message": message}));
    };
    let line = |sku: &str, quantity: f64| json!({"sku": sku, "qty": quantity});
    check(json!([line("A", 3.0)]), "Only 2 of the product \"A\" are available.").await;
    check(json!([line("a", 1.0), line("A", 1.5)]), "Only 2 of the product \"a\" are available.").await;
    check(json!([line("A", 2.0), line("B", 0.1)]), "The product \"B\" is not available.").await;
    check(json!([line("unknown", 1.0)]), "The product \"unknown\" is not available.").await;
    let three = "Only 2 of the product \"A\" are available. The product \"B\" is not available. Only 0.5 of the \
        product \"C\" are available.";
    let four = json!([line("A", 9.0), line("B", 9.0), line("C", 9.0), line("D", 9.0)]);
    check(four, &format!("{three} There is not enough of one more product.")).await;
    let five = json!([line("A", 9.0), line("B", 9.0), line("C", 9.0), line("D", 9.0), line("E", 1.0)]);
    check(five, &format!("{three} There is not enough of 2 more products.")).await;
}

#[tokio::test]
async fn a_sku_with_a_comma_has_a_filter_of_its_own() {
    let recorder = Recorder::new().then(source_items(&[("A,B", json!(1)), ("C", json!(1))]));
    let items = json!([{"sku": "A,B", "qty": 1}, {"sku": "C", "qty": 1}]);
    assert_eq!(ask(context().commerce(recorder.clone()), &items).await, json!({"op": "success"}));
    let filters = "[0][0][field]=sku&[0][0][value]=C&[0][0][condition_type]=in\
        &[0][1][field]=sku&[0][1][value]=A,B&[0][1][condition_type]=eq&[1][0][field]=status";
    assert!(queries(&recorder)[0].starts_with(filters), "{:?}", queries(&recorder));
}

#[tokio::test]
async fn every_page_is_read() {
    let first = vec![("A", json!(1)); 300];
    let recorder = Recorder::new().then(page(&first, 302)).then(page(&first[..2], 302));
    let said = ask(context().commerce(recorder.clone()), &json!([{"sku": "A", "qty": 302}])).await;
    assert_eq!(said, json!({"op": "success"}));
    let queries = queries(&recorder);
    assert!(queries[0].ends_with("[currentPage]=1") && queries[1].ends_with("[currentPage]=2"), "{queries:?}");
    // A list that does not end is not read for ever.
    let endless = (0..20).fold(Recorder::new(), |endless, _| endless.then(page(&first, 1_000_000)));
    let bench = context().input("WHEN_SLOW", "refuse").commerce(endless.clone());
    assert_eq!(ask(bench, &json!([{"sku": "A", "qty": 1}])).await["message"], TRY_AGAIN);
    assert_eq!(endless.calls().len(), 20);
}

#[tokio::test]
async fn a_large_cart_is_asked_for_in_urls_that_servers_take() {
    let skus: Vec<String> = (0..500).map(|number| format!("{}{number:03}", "ü".repeat(61))).collect();
    let pages = (0..500).fold(Recorder::new(), |pages, _| pages.then(source_items(&[])));
    let items: Value = skus.iter().map(|sku| json!({"sku": sku, "qty": 1})).collect();
    let said = ask(context().commerce(pages.clone()), &items).await;
    assert!(said["message"].as_str().unwrap().ends_with("There is not enough of 497 more products."), "{said}");
    let calls = pages.calls();
    assert!(calls.iter().all(|call| call.path.len() < 6_000), "no URL is too long");
    let asked: String = calls.into_iter().map(|call| call.path).collect();
    assert!(skus.iter().all(|sku| asked.contains(&sdk::segment(sku))), "every product is asked for");
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_is_not_waited_for() {
    let check = async |bench: Bench, within_ms: u64, message: Option<&str>| {
        let begun = tokio::time::Instant::now();
        let said = ask(bench.commerce(Silent), &json!([{"sku": "A", "qty": 1}])).await;
        assert_eq!(begun.elapsed().as_millis(), Duration::from_millis(within_ms).as_millis());
        assert_eq!(said.get("message").and_then(Value::as_str), message);
        assert_eq!(said["op"], if message.is_some() { "exception" } else { "success" });
    };
    check(context(), 1_000, None).await;
    check(context().input("SOFT_LIMIT_MS", ""), 1_000, None).await;
    check(context().input("SOFT_LIMIT_MS", 50).input("WHEN_SLOW", "allow"), 50, None).await;
    check(context().input("SOFT_LIMIT_MS", "5000").input("WHEN_SLOW", "refuse"), 5_000, Some(TRY_AGAIN)).await;
}

#[tokio::test]
async fn a_store_that_cannot_say_is_treated_as_a_slow_one() {
    let nothing = || Reply::new(200, Value::Null);
    let strange = || Reply::new(200, json!({"items": [{"sku": "A", "quantity": "lots"}], "total_count": 1}));
    let broken = || Reply { error: Some("Commerce answered 500".to_owned()), ..Reply::new(500, Value::Null) };
    let recorders = || {
        let replies =
            [nothing(), strange(), broken(), Reply::new(404, json!({}))].map(|reply| Recorder::new().then(reply));
        replies.into_iter().chain([Recorder::new().then_stop(Stop::retry("Commerce cannot be reached"))])
    };
    for recorder in recorders() {
        let items = json!([{"sku": "A", "qty": 1}]);
        assert_eq!(ask(context().commerce(recorder), &items).await, json!({"op": "success"}));
    }
    for recorder in recorders() {
        let bench = context().input("WHEN_SLOW", "refuse").commerce(recorder);
        let said = ask(bench, &json!([{"sku": "A", "qty": 1}])).await;
        assert_eq!(said, json!({"op": "exception", "message": TRY_AGAIN}));
    }
}

#[tokio::test]
async fn wrong_inputs_are_told_at_the_start_and_by_an_exception() {
    let check = async |name: &str, value: Value, message: &str| {
        let inputs = Inputs::new([(name.to_owned(), value.clone())].into());
        assert_eq!(CheckStock.check_inputs(&inputs).unwrap_err(), message, "{value}");
        let said = ask(context().input(name, value), &json!([])).await;
        assert_eq!(said, json!({"op": "exception", "message": message}));
    };
    for value in [json!(49), json!(5_001), json!("soon"), json!(100.5), json!(-1), json!([100])] {
        check("SOFT_LIMIT_MS", value, "the input `SOFT_LIMIT_MS` must be a whole number from 50 to 5000").await;
    }
    check("WHEN_SLOW", json!("maybe"), "the input `WHEN_SLOW` must be `allow` or `refuse`").await;
    assert_eq!(CheckStock.check_inputs(&Inputs::default()), Ok(()));
    assert_eq!(CheckStock.methods(), [Method::POST]);
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let json = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("data|cart_id|items|sku|qty|[a-z]{1,3}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let cart = (json.clone(), json.clone(), json.clone()).prop_map(|(cart_id, sku, quantity)| {
        json!({"data": {"cart_id": cart_id, "items": [{"sku": sku, "qty": quantity}, {"sku": "A", "qty": 1}]}})
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..64);
    prop_oneof![bytes, prop_oneof![json, cart].prop_map(|document| document.to_string().into_bytes())]
}

proptest! {
    #[test]
    fn every_body_is_answered_with_an_operation(body in any_body()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let stock = Recorder::new().then(source_items(&[("A", json!(5))]));
        let said = runtime.block_on(answer(&context().commerce(stock).build(), body));
        prop_assert!(matches!(said["op"].as_str(), Some("success" | "exception")), "{}", said);
        prop_assert_eq!(said["op"] == "exception", said["message"].is_string());
    }
}
