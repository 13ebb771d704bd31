//! The order of the checks, and the words of each.

use serde_json::{Value, json};

use super::{SAMPLE, WEBHOOK};
use crate::support::{Answer, PRODUCT_CREATE, PRODUCT_DELETE, PRODUCT_UPDATE, Project, Server, product};

const BODY_BYTES_MAX: usize = 1024 * 1024;
const TOO_LARGE: &str = "the body is larger than 1048576 bytes";

#[tokio::test]
async fn too_large_a_body_is_refused_before_anything_else_is_looked_at() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let check = |request: Vec<u8>| {
        let (status, _, body) = kit.raw(&request);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["error"]), (413, &json!(TOO_LARGE)));
    };
    // Announced, and not even sent; the wrong content type, the wrong method.
    for method in ["POST", "GET"] {
        let head = format!("{method} {WEBHOOK} HTTP/1.1\r\nhost: kit\r\ncontent-type: image/png\r\n");
        check(format!("{head}content-length: {}\r\n\r\n", BODY_BYTES_MAX + 1).into_bytes());
    }
    // Not announced: the last byte of a chunk is one too many.
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", BODY_BYTES_MAX + 1, "{".repeat(BODY_BYTES_MAX + 1));
    check(format!("{head}{chunk}").into_bytes());
    let blanks = " ".repeat(BODY_BYTES_MAX - SAMPLE.len());
    kit.post(format!("{SAMPLE}{blanks}")).await.assert_new();
}

#[tokio::test]
async fn another_content_type_is_refused_before_the_body_is_read() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    for content_type in
        ["application/xml", "text/html", "text", "application/jsonx", "json", "*/*", "application/x json"]
    {
        for body in [SAMPLE, "{", ""] {
            let request = kit.client.post(kit.url(WEBHOOK)).header("content-type", content_type).body(body);
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 415, "{content_type}: {answer:?}");
            assert_eq!(answer.text, r#"{"error":"the content type must be application/json"}"#, "{content_type}");
        }
    }
    let not_text = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\ncontent-length: 2\r\n");
    let (status, ..) = kit.raw(&[not_text.as_bytes(), b"content-type: application/json\xff\r\n\r\n{}"].concat());
    assert_eq!(status, 415);
}

#[tokio::test]
async fn missing_members_are_listed_in_the_contracts_order() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let all = "data.uid,data.event,data.value";
    for body in ["{}", "[]", "null", "1", r#""data""#, r#"{"data":null}"#, r#"{"data":{}}"#, r#"{"data":[]}"#] {
        check_missing(&kit, body, all).await;
    }
    check_missing(&kit, r#"{"data":"data"}"#, all).await;
    check_missing(&kit, r#"{"uid":"1","event":"e","value":{}}"#, all).await;
    check_missing(&kit, r#"{"data":{"value":1}}"#, "data.uid,data.event").await;
    check_missing(&kit, r#"{"data":{"value":null,"event":"e"}}"#, "data.uid").await;
    check_missing(&kit, r#"{"data":{"value":false,"uid":0}}"#, "data.event").await;
    check_missing(&kit, r#"{"data":{"event":null,"uid":null}}"#, "data.value").await;
    check_missing(&kit, r#"{"data":{"uid":"","event":"","value":""}}"#, all).await;
    // Present members of the wrong type are looked at when nothing is missing.
    check_missing(&kit, r#"{"data":{"uid":{},"event":7}}"#, "data.value").await;
    // An array is no object, even when its items are what the members would be.
    let value = product("ARRAY");
    let items = json!(["array", PRODUCT_CREATE, value]);
    check_missing(&kit, &json!({ "data": items }).to_string(), all).await;
    check_missing(&kit, &json!([items]).to_string(), all).await;
    let data = json!({"uid": "array", "event": PRODUCT_CREATE, "value": value});
    check_missing(&kit, &json!([data]).to_string(), all).await;
}

async fn check_missing(kit: &Server, body: &str, missing: &str) {
    let answer = kit.post(body.to_owned()).await;
    assert_eq!(answer.status, 400, "{body}");
    assert_eq!(answer.body, json!({"error": format!("missing parameter(s) '{missing}'")}), "{body}");
    answer.activation();
}

#[tokio::test]
async fn each_check_comes_before_the_next() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    // Types before the event code.
    let wrong_types = json!({"uid": true, "event": 7, "value": {}, "entity": null});
    kit.post_data(&wrong_types).await.assert_faults(&["/data/uid", "/data/event", "/data/entity"]);
    // The event code before the entity.
    let unknown = kit.post_data(&json!({"uid": 1, "event": "nope", "value": {}, "entity": "order"})).await;
    assert_eq!(unknown.body, json!({"error": "Unable to publish event nope: Unknown event type"}));
    assert_eq!(unknown.status, 400);
    // The entity before the value.
    for entity in ["order", "", "Product", "product "] {
        let data = json!({"uid": 1, "event": PRODUCT_CREATE, "value": {}, "entity": entity});
        let other = kit.post_data(&data).await;
        other.assert_faults(&["/data/entity"]);
        assert_eq!(other.error(), "`/data/entity` must be `product` for this event");
    }
    // The value before the uid's earlier use.
    kit.send("used", PRODUCT_CREATE, &product("A")).await.assert_new();
    kit.send("used", PRODUCT_CREATE, &json!({})).await.assert_faults(&[
        "/data/value/description",
        "/data/value/name",
        "/data/value/sku",
    ]);
}

#[tokio::test]
async fn an_unknown_event_is_named_and_cut() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let long = "ö".repeat(400);
    for (code, shown) in [("be-observer.unknown", "be-observer.unknown"), ("\u{7}\"", "\u{7}\""), (&long, &long[..510])]
    {
        let answer = kit.send("1", code, &Value::Null).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.body, json!({"error": format!("Unable to publish event {shown}: Unknown event type")}));
    }
}

#[tokio::test]
async fn a_value_that_breaks_its_schema_is_told_where() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let check = async |code: &str, value: Value, paths: &[&str]| {
        let answer = kit.send("schema", code, &value).await;
        answer.assert_faults(paths);
        answer
    };
    let null = check(PRODUCT_CREATE, Value::Null, &["/data/value"]).await;
    assert_eq!(null.error(), "`/data/value` must be an object");
    for value in [json!("text"), json!(7), json!([]), json!(["A", "name", 1, "description"]), json!(true)] {
        check(PRODUCT_CREATE, value, &["/data/value"]).await;
    }
    let mut wrong = product("A");
    wrong["price"] = json!("1");
    wrong["name"] = Value::Null;
    wrong.as_object_mut().unwrap().remove("sku");
    let answer = check(PRODUCT_CREATE, wrong, &["/data/value/name", "/data/value/price", "/data/value/sku"]).await;
    assert_eq!(answer.body["details"][0]["message"], "must be a string");
    assert_eq!(answer.body["details"][1]["message"], "must be a number");
    assert_eq!(answer.body["details"][2]["message"], "is required");
    let mut no_price = product("A");
    no_price["price"] = Value::Null;
    check(PRODUCT_CREATE, no_price.clone(), &["/data/value/price"]).await;
    no_price.as_object_mut().unwrap().remove("price");
    check(PRODUCT_UPDATE, no_price, &["/data/value/price"]).await;
    check(PRODUCT_DELETE, json!({"sku": "A", "a/b~c": 1}), &["/data/value/a~1b~0c"]).await;
    for sku in ["", &"x".repeat(65)] {
        check(PRODUCT_DELETE, json!({ "sku": sku }), &["/data/value/sku"]).await;
    }
}

#[tokio::test]
async fn faults_deep_within_a_value_are_pointed_at() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let shipment = json!({
        "orderId": 8,
        "items": [{"orderItemId": 8, "qty": 1}],
        "tracks": [{"trackNumber": "N", "title": "T", "carrierCode": "custom"}],
        "comment": {"comment": "C", "visibleOnFront": true},
        "stockSourceCode": "default",
    });
    let check = async |pointer: &str, wrong: Value, paths: &[&str]| {
        let mut value = shipment.clone();
        *value.pointer_mut(pointer).unwrap() = wrong;
        kit.send("shipment", "be-observer.sales_order_shipment_create", &value).await.assert_faults(paths);
    };
    check("/items/0/qty", json!("1"), &["/data/value/items/0/qty"]).await;
    check("/items/0", json!({"orderItemId": 8}), &["/data/value/items/0/qty"]).await;
    check("/items/0", json!({"orderItemId": 8, "qty": 1, "x": 1}), &["/data/value/items/0/x"]).await;
    check("/items/0", json!([8, 1]), &["/data/value/items/0"]).await;
    check("/items", json!({}), &["/data/value/items"]).await;
    check("/comment/visibleOnFront", json!(1), &["/data/value/comment/visibleOnFront"]).await;
    check("/comment", json!(["C", true]), &["/data/value/comment"]).await;
    let two = json!([{"trackNumber": 1, "title": "T", "carrierCode": "c"}, null]);
    check("/tracks", two, &["/data/value/tracks/0/trackNumber", "/data/value/tracks/1"]).await;
    let counted = json!([{"sku": "A", "source": "s", "quantity": 1, "outOfStock": false}, ["A", "s", 1, false]]);
    kit.send("stock", "be-observer.catalog_stock_update", &counted).await.assert_faults(&["/data/value/1"]);
    // One answer has room for so many.
    let many = Value::from(vec![json!({}); 100]);
    let answer = kit.send("stock", "be-observer.catalog_stock_update", &many).await;
    assert_eq!(answer.body["details"].as_array().unwrap().len(), 50);
}
