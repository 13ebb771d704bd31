use axum::http::{StatusCode, header};
use proptest::prelude::{ProptestConfig, prop, proptest};
use serde_json::{Map, Value, json};

use super::{Store, answer, request};

const GRAPHQL: &str = "/sandbox/commerce/graphql";
/// As the kit asks for all products.
const PRODUCTS: &str = "query GetProducts($pageSize: Int!, $currentPage: Int!) {
    products(search: \"\", pageSize: $pageSize, currentPage: $currentPage) {
        items { name sku price_range { minimum_price { regular_price { value currency } } } stock_status }
        total_count
        page_info { current_page page_size total_pages }
    }
}";

/// A store whose only products are these.
async fn store(skus: &[&str]) -> Store {
    let store = Store::new();
    let (_, seeds) = store.call("GET", "products?searchCriteria=", Value::Null).await;
    for seed in seeds["items"].as_array().unwrap() {
        let path = format!("products/{}", seed["sku"].as_str().unwrap());
        assert_eq!(store.call("DELETE", &path, Value::Null).await.0, StatusCode::OK);
    }
    for sku in skus {
        store.create(sku).await;
    }
    store
}

async fn ask(store: &Store, body: &Value) -> Value {
    let mut request = request("POST", GRAPHQL, body);
    request.headers_mut().remove(header::AUTHORIZATION);
    let (status, answer) = answer(store.send(request).await).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// What is selected of `products(search: "")` with these further arguments.
async fn select(store: &Store, arguments: &str, selection: &str) -> Value {
    ask(store, &json!({ "query": format!("{{ products(search: \"\" {arguments}) {{ {selection} }} }}") })).await
}

async fn check_error(store: &Store, body: &Value, message: &str) {
    let error = json!({ "message": message, "extensions": { "category": "graphql-input" } });
    assert_eq!(ask(store, body).await, json!({ "errors": [error] }), "{body}");
}

async fn check_mistake(store: &Store, query: &str, message: &str) {
    check_error(store, &json!({ "query": query }), message).await;
}

#[tokio::test]
async fn the_products_come_page_by_page_in_the_order_of_their_ids() {
    let store = store(&["B", "A", "C"]).await;
    let price = json!({ "product": { "price": 12.5, "name": "Cap" } });
    store.call("PUT", "products/A", price).await;
    let item = |name, sku, value: Value| {
        let price = json!({ "minimum_price": { "regular_price": { "value": value, "currency": "USD" } } });
        json!({ "name": name, "sku": sku, "price_range": price, "stock_status": "IN_STOCK" })
    };
    let pages = [vec![item("Mug", "B", json!(0)), item("Cap", "A", json!(12.5))], vec![item("Mug", "C", json!(0))]];
    for (number, items) in (1..).zip(pages) {
        let variables = json!({ "pageSize": 2, "currentPage": number });
        let given =
            ask(&store, &json!({ "query": PRODUCTS, "variables": variables, "operationName": "GetProducts" })).await;
        let page_info = json!({ "current_page": number, "page_size": 2, "total_pages": 2 });
        let products = json!({ "items": items, "total_count": 3, "page_info": page_info });
        assert_eq!(given, json!({ "data": { "products": products } }));
    }
}

#[tokio::test]
async fn only_what_is_selected_is_answered_under_the_name_that_was_wanted() {
    let store = store(&["A"]).await;
    let products = |products| json!({ "data": { "products": products } });
    assert_eq!(select(&store, "", "total_count").await, products(json!({ "total_count": 1 })));
    assert_eq!(
        select(&store, "", "items { code: sku sku } page_info { page_size } items { name }").await,
        products(json!({ "items": [{ "code": "A", "sku": "A", "name": "Mug" }], "page_info": { "page_size": 20 } }))
    );
    let aliased = ask(&store, &json!({ "query": "query { all: products(search: \"\") { total_count } }" })).await;
    assert_eq!(aliased, json!({ "data": { "all": { "total_count": 1 } } }));
}

#[tokio::test]
async fn an_empty_store_has_no_pages_and_no_page_is_beyond_them() {
    let store = store(&[]).await;
    let selection = "items { sku } total_count page_info { total_pages }";
    let none = json!({ "items": [], "total_count": 0, "page_info": { "total_pages": 0 } });
    assert_eq!(select(&store, "currentPage: 9", selection).await, json!({ "data": { "products": none } }));
}

#[tokio::test]
async fn disabled_products_are_left_out() {
    let store = store(&["A", "B"]).await;
    store.call("PUT", "products/A", json!({ "product": { "status": 2 } })).await;
    let left = json!({ "items": [{ "sku": "B" }], "total_count": 1 });
    assert_eq!(select(&store, "", "items { sku } total_count").await, json!({ "data": { "products": left } }));
}

#[tokio::test]
async fn a_search_finds_parts_of_names_and_of_skus() {
    let store = store(&["TRAIL-1", "B", "C"]).await;
    store.call("PUT", "products/C", json!({ "product": { "name": "On the Trail" } })).await;
    let found = ask(&store, &json!({ "query": "{ products(search: \"trail\") { items { sku } } }" })).await;
    assert_eq!(found["data"]["products"]["items"], json!([{ "sku": "TRAIL-1" }, { "sku": "C" }]));
}

#[tokio::test]
async fn stock_that_was_counted_says_whether_it_is_there() {
    let store = store(&["A"]).await;
    for (sources, status) in [
        (&[("default", 0, 1)][..], "OUT_OF_STOCK"),
        (&[("default", 5, 0)], "OUT_OF_STOCK"),
        (&[("default", 5, 0), ("warehouse", 1, 1)], "IN_STOCK"),
        (&[("default", 5, 1), ("warehouse", 0, 0)], "IN_STOCK"),
    ] {
        let item = |(source, quantity, status): &(&str, u8, u8)| json!({ "sku": "A", "source_code": source, "quantity": quantity, "status": status });
        let items: Vec<Value> = sources.iter().map(item).collect();
        let (saved, _) = store.call("POST", "inventory/source-items", json!({ "sourceItems": items })).await;
        assert_eq!(saved, StatusCode::OK);
        let given = select(&store, "", "items { stock_status }").await;
        assert_eq!(given["data"]["products"]["items"][0]["stock_status"], status, "{sources:?}");
    }
}

#[tokio::test]
async fn pages_that_cannot_be_are_refused() {
    let store = store(&["A", "B", "C"]).await;
    for (arguments, message) in [
        ("currentPage: 0", "currentPage value must be greater than 0."),
        ("currentPage: -1", "currentPage value must be greater than 0."),
        ("pageSize: 0", "pageSize value must be greater than 0."),
        ("pageSize: 301", "Maximum pageSize is 300"),
        ("pageSize: 2, currentPage: 3", "currentPage value 3 specified is greater than the 2 page(s) available."),
        ("currentPage: 2147483647", "currentPage value 2147483647 specified is greater than the 1 page(s) available."),
        ("currentPage: 2147483648", "Argument \"currentPage\" got invalid value 2147483648; expected type Int."),
        ("pageSize: \"5\"", "Argument \"pageSize\" got invalid value \"5\"; expected type Int."),
        ("pageSize: 1.5", "Argument \"pageSize\" got invalid value 1.5; expected type Int."),
        ("pageSize: 1, pageSize: 1", "There can be only one argument named \"pageSize\"."),
        ("sort: {}", "Unknown argument \"sort\" on field \"products\" of \"Query\"."),
        ("pageSize: $size", "Variable \"$size\" is not defined."),
    ] {
        let query = format!("{{ products(search: \"\" {arguments}) {{ total_count }} }}");
        check_mistake(&store, &query, message).await;
    }
    assert!(select(&store, "pageSize: 300", "total_count").await["data"].is_object());
    assert!(select(&store, "pageSize: null, currentPage: null", "total_count").await["data"].is_object());
    check_mistake(&store, "{ products { total_count } }", "'search' or 'filter' input argument is required.").await;
}

#[tokio::test]
async fn variables_are_checked_against_their_types() {
    let store = store(&["A"]).await;
    let asked = |declared: &str, variables: Value| {
        let query =
            format!("query Q({declared}) {{ products(search: \"\", pageSize: $n) {{ page_info {{ page_size }} }} }}");
        json!({ "query": query, "variables": variables })
    };
    for (declared, variables, size) in [
        ("$n: Int!", json!({ "n": 7 }), 7),
        ("$n: Int! = 8", json!({}), 8),
        ("$n: Int = 8", json!({ "n": 9, "other": "x" }), 9),
        ("$n: Int", Value::Null, 20),
        ("$n: Int", json!({ "n": null }), 20),
    ] {
        let given = ask(&store, &asked(declared, variables)).await;
        assert_eq!(given["data"]["products"]["page_info"]["page_size"], size, "{declared} {given}");
    }
    for (declared, variables, message) in [
        ("$n: Int!", json!({}), "Variable \"$n\" of required type \"Int!\" was not provided."),
        ("$n: Int!", json!({ "n": null }), "Variable \"$n\" of required type \"Int!\" was not provided."),
        ("$n: Int!", json!({ "n": "20" }), "Variable \"$n\" got invalid value \"20\"; expected type Int."),
        ("$n: Int", json!({ "n": 1.5 }), "Variable \"$n\" got invalid value 1.5; expected type Int."),
        ("$n: Int", json!({ "n": [1] }), "Variable \"$n\" got invalid value [1]; expected type Int."),
        ("$n: Int = true", json!({}), "Variable \"$n\" got invalid value true; expected type Int."),
        ("$n: String!", json!({ "n": "1" }), "Variable \"$n\" of type \"String!\" stands for an \"Int\"."),
        ("$n: [Int!]!", json!({ "n": 1 }), "Variable \"$n\" of type \"[Int!]!\" stands for an \"Int\"."),
        ("$m: Int", json!({ "n": 1 }), "Variable \"$n\" is not defined."),
        ("$n: Int", json!([]), "\"variables\" is no object."),
    ] {
        check_error(&store, &asked(declared, variables), message).await;
    }
}

#[tokio::test]
async fn what_the_sandbox_does_not_know_is_named() {
    let store = store(&["A"]).await;
    for (selection, message) in [
        ("colour", "Cannot query field \"colour\" on type \"Products\"."),
        ("items { id }", "Cannot query field \"id\" on type \"ProductInterface\"."),
        ("items", "Field \"items\" must have a selection of subfields."),
        ("total_count { x }", "Field \"total_count\" has no subfields."),
        ("items { sku(x: 1) }", "Unknown argument \"x\" on field \"sku\" of \"ProductInterface\"."),
        ("items { a: sku a: name }", "Fields \"a\" conflict because \"sku\" and \"name\" differ."),
        ("items { ...F }", "The sandbox knows no fragments."),
        ("... on Products { total_count }", "The sandbox knows no fragments."),
        ("total_count @skip(if: true)", "The sandbox knows no directives."),
    ] {
        let query = format!("{{ products(search: \"\") {{ {selection} }} }}");
        check_mistake(&store, &query, message).await;
    }
    let (one, two) = ("{ products(search: \"\") { total_count } }", "{ products(search: \"x\") { total_count } }");
    for (query, message) in [
        ("{ customer { id } }".to_owned(), "Cannot query field \"customer\" on type \"Query\"."),
        (format!("mutation {one}"), "The sandbox answers queries only."),
        (format!("query @live {one}"), "The sandbox knows no directives."),
        (format!("query A {one} query B {two}"), "A query with several operations needs an \"operationName\"."),
        ("fragment F on Products { total_count }".to_owned(), "The query has no operation."),
        (
            "{ a: products(search: \"\") { total_count } b: products(search: \"\") { total_count } }".to_owned(),
            "The sandbox answers one field of the type \"Query\" at a time.",
        ),
    ] {
        check_mistake(&store, &query, message).await;
    }
    let many = json!({ "query": format!("query A {one} query B {two}"), "operationName": "A" });
    assert_eq!(ask(&store, &many).await["data"]["products"]["total_count"], 1);
    let unknown = json!({ "query": one, "operationName": "C" });
    check_error(&store, &unknown, "Unknown operation named \"C\".").await;
    let twice = json!({ "query": format!("query A {one} query A {two}"), "operationName": "A" });
    check_error(&store, &twice, "There can be only one operation named \"A\".").await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let store = store(&[]).await;
    for (body, message) in [
        (json!([]), "The body is no JSON object."),
        (json!({}), "The body needs a text \"query\"."),
        (json!({ "query": 5 }), "The body needs a text \"query\"."),
        (json!({ "query": "{}", "operationName": 5 }), "\"operationName\" is no text."),
        (json!({ "query": " ".repeat(40_000) }), "The query is longer than 32768 bytes."),
    ] {
        check_error(&store, &body, message).await;
    }
    let deep = "{ a ".repeat(5_000);
    // The parser would panic over the second line of this block string.
    let block = "{ products(search: \"\"\"a\n b\n\u{2003}c\"\"\") { total_count } }";
    for query in
        ["", "{", "{}", "{ products(search: \"\") { total_count }", "5", "{ a(b: 99999999999999999999) }", &deep, block]
    {
        let given = ask(&store, &json!({ "query": query })).await;
        let message = given["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("Syntax Error: ") && message.len() < 500, "{message}");
    }
    let fields = format!("{{ products(search: \"\") {{ {} }} }}", "total_count ".repeat(100));
    check_mistake(&store, &fields, "The sandbox answers at most 100 fields of a query.").await;
}

#[tokio::test]
async fn an_answer_is_bounded_however_long_the_names_are() {
    let store = store(&[]).await;
    for number in 0..20 {
        let product = json!({ "sku": number.to_string(), "name": "x".repeat(1_000_000), "attribute_set_id": 4 });
        assert_eq!(store.call("POST", "products", json!({ "product": product })).await.0, StatusCode::OK);
    }
    let given = select(&store, "", "items { name }").await;
    assert_eq!(given["errors"][0]["message"], "The answer is too large; ask for a smaller page.");
    assert!(select(&store, "pageSize: 10", "items { name }").await["data"].is_object());
}

#[tokio::test]
async fn calls_are_listed_and_meet_the_faults_of_commerce() {
    let store = store(&[]).await;
    let first = store.sandbox.calls().len();
    store.order(json!({ "target": "commerce", "path": "graphql", "status": 503, "retry_after_s": 1 })).await;
    let body = json!({ "query": "{ products(search: \"\") { total_count } }" });
    assert_eq!(store.call("GET", "products/x", Value::Null).await.0, StatusCode::NOT_FOUND);
    let failed = store.send(request("POST", GRAPHQL, &body)).await;
    assert_eq!(
        (failed.status(), &failed.headers()[header::RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    ask(&store, &body).await;
    let wrong_method = store.send(request("GET", GRAPHQL, &Value::Null)).await;
    assert_eq!(
        (wrong_method.status(), &wrong_method.headers()[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    let large = store.send(request("POST", GRAPHQL, &json!("x".repeat(1_100_000)))).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let calls = store.sandbox.calls().split_off(first + 1);
    let rows: Vec<_> = calls.iter().map(|call| (call.method.as_str(), call.path.as_str(), call.status)).collect();
    assert_eq!(
        rows,
        [
            ("POST", "graphql", Some(503)),
            ("POST", "graphql", Some(200)),
            ("GET", "graphql", Some(405)),
            ("POST", "graphql", Some(413)),
        ]
    );
    assert_eq!(calls[1].body, body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_query_does_harm(
        anything in "\\PC{0,60}",
        words in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "(", ")", "[", "]", ":", "$", "!", "=", "@", "...", "\"", "\\", "\"\"", "#", "\n", ",", "é",
                "query", "mutation", "fragment", "on", "products", "items", "sku", "search", "pageSize", "Int", "a",
                "0", "-1", "1e5", "1.", "null", "true", "\\u12", "\u{2003}", " ",
            ]),
            0..40,
        ),
        value in "(null|[0-9.eE-]{1,6}|\"[a-z]{0,3}\"|\\[\\]|true)",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Store::new();
        let variables: Map<String, Value> =
            serde_json::from_str(&format!("{{\"pageSize\":{value},\"currentPage\":1}}")).unwrap_or_default();
        let whole = PRODUCTS.replace("pageSize: $pageSize", &words.join(" "));
        for query in [&anything, &words.concat(), &words.join(" "), &whole, PRODUCTS] {
            let body = json!({ "query": query, "variables": variables });
            let given = runtime.block_on(ask(&store, &body));
            assert!(given["data"].is_object() != given["errors"].is_array(), "{given}");
        }
    }
}
