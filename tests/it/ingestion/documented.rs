//! The documents' example, as the documents send it and as senders really do.

use serde_json::{Value, json};

use super::{SAMPLE, SUCCESS, WEBHOOK};
use crate::support::{Answer, PRODUCT_UPDATE, Project, Server, product};

#[tokio::test]
async fn the_documents_sample_becomes_one_product() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let first = kit.post(SAMPLE).await;
    first.assert_new();
    assert_eq!(first.text, SUCCESS);
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("content-length"), Some(SUCCESS.len().to_string().as_str()));
    let product = kit
        .until("the sample in Commerce", || async {
            let product = kit.product("PRODUCT_SKU").await;
            (product.status == 200).then_some(product.body)
        })
        .await;
    assert_eq!(product["sku"], "PRODUCT_SKU");
    assert_eq!(product["name"], "Product SKU");
    assert_eq!(product["price"], 1);
    assert_eq!(product["attribute_set_id"], 4);
    let description = json!([{"attribute_code": "description", "value": "Product SKU description"}]);
    assert_eq!(product["custom_attributes"], description);
    kit.post(SAMPLE).await.assert_replay_of(&first);
    kit.post(SAMPLE).await.assert_replay_of(&first);
    assert_creates_nothing_more(&kit).await;
}

/// Events of one SKU keep their order, so whatever the replays had caused would come before this update.
async fn assert_creates_nothing_more(kit: &Server) {
    kit.send("later", PRODUCT_UPDATE, &product("PRODUCT_SKU")).await.assert_new();
    let methods = |calls: &[Value]| calls.iter().map(|call| call["method"].clone()).collect::<Vec<_>>();
    let calls = kit
        .until("the update in Commerce", || async {
            let calls = kit.calls("products").await;
            methods(&calls).contains(&json!("PUT")).then_some(calls)
        })
        .await;
    assert_eq!(methods(&calls), [json!("POST"), json!("PUT")]);
    assert_eq!(calls[0]["event_id"].as_str().unwrap().len(), 36, "calls carry the event's id");
}

#[tokio::test]
async fn senders_that_cannot_set_headers_are_understood() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let content_types = [
        None,
        Some(""),
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("text/json"),
        Some("text/plain"),
        Some("text/plain;charset=UTF-8"),
        // What `curl -d` sends.
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/cloudevents+json"),
        Some("application/vnd.x+json; charset=utf-8"),
    ];
    for (index, content_type) in content_types.into_iter().enumerate() {
        let body = SAMPLE.replace("event_uid_1", &format!("uid {index}"));
        let mut request = kit.client.post(kit.url(WEBHOOK)).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, SUCCESS), "{content_type:?}");
        answer.assert_new();
    }
    // `curl -d @file` takes the line breaks out.
    let one_line = SAMPLE.replace('\n', "").replace("event_uid_1", "one line");
    kit.post(one_line).await.assert_new();
    kit.calls_reach("products", content_types.len() + 1).await;
}

#[tokio::test]
async fn an_event_may_name_its_entity() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let mut data = sample["data"].clone();
    data["entity"] = json!("product");
    // Members that nobody knows are no fault, neither here nor in a product.
    data["value"]["colour"] = json!({"deep": [1, {"deeper": null}]});
    data["unknown"] = json!([]);
    let answer = kit.post(json!({"data": data, "sent_by": "erp"}).to_string()).await;
    answer.assert_new();
    let calls = kit.calls_reach("products", 1).await;
    assert_eq!(calls[0]["body"]["product"].get("colour"), None);
}
