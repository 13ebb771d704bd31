//! What happens between an accepted event and Commerce.

use serde_json::{Value, json};

use crate::support::{PRODUCT_CREATE, PRODUCT_DELETE, PRODUCT_UPDATE, Project, Server, product};

fn project() -> Project {
    Project::new().with("KIT_RETRY_DELAYS", "10ms,20ms")
}

/// The runs on an event as `kit activation list` tells them, oldest first: action, attempt, status.
fn runs(project: &Project) -> Vec<(String, Value, String)> {
    let output = project.run(&["activation", "list", "--json", "--limit", "1000"]);
    let records: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let runs = records.iter().rev().map(|record| {
        let annotation = |key: &str| {
            let annotations = record["annotations"].as_array().unwrap();
            annotations.iter().find(|pair| pair["key"] == key).map(|pair| pair["value"].clone()).unwrap_or_default()
        };
        let path = annotation("path").as_str().unwrap().to_owned();
        (path, annotation("attempt"), record["response"]["status"].as_str().unwrap().to_owned())
    });
    runs.collect()
}

/// Waits until a handler has ended this often.
async fn handled(kit: &Server, project: &Project, action: &str, count: usize) {
    kit.until("the handler's runs", || async {
        let output = project.run(&["activation", "list", "--count", "--action", action]);
        let found: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        (found >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_failing_commerce_is_asked_again_until_it_answers() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "method": "POST", "path": "products", "status": 503, "count": 3})).await;
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    let calls = kit.calls_reach("products", 4).await;
    let statuses: Vec<u64> = calls.iter().map(|call| call["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [503, 503, 503, 200]);
    assert!(calls.iter().all(|call| call["event_id"] == calls[0]["event_id"]), "one id for every attempt");
    handled(&kit, &project, "product-backoffice/created", 4).await;
    let attempts: Vec<Value> = runs(&project)
        .into_iter()
        .filter(|(action, ..)| action == "product-backoffice/created")
        .map(|(_, attempt, status)| json!([attempt, status]))
        .collect();
    let failed = "application error";
    assert_eq!(attempts, [json!([1, failed]), json!([2, failed]), json!([3, failed]), json!([4, "success"])]);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_asked_for_again() {
    let project = project();
    let kit = project.start(&["dev"]);
    for cut in ["before", "after"] {
        kit.fault(&json!({"target": "commerce", "method": "POST", "path": "products", "cut": cut})).await;
    }
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.calls_reach("products", 3).await;
    assert_eq!(kit.product("A").await.body["name"], "Name of A");
}

#[tokio::test]
async fn events_of_one_sku_keep_their_order_and_others_overtake() {
    let project = project();
    let kit = project.start(&["dev"]);
    let fault = json!({"target": "commerce", "method": "POST", "path": "products", "status": 500, "count": 5});
    kit.fault(&fault).await;
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("SLOW")).await.status, 200);
    assert_eq!(kit.send("2", PRODUCT_UPDATE, &product("SLOW")).await.status, 200);
    assert_eq!(kit.send("3", PRODUCT_DELETE, &json!({"sku": "SLOW"})).await.status, 200);
    kit.calls_reach("products/SLOW", 2).await;
    let methods: Vec<Value> = kit.calls("products").await.iter().map(|call| call["method"].clone()).collect();
    assert_eq!(methods, ["POST", "POST", "POST", "POST", "POST", "POST", "PUT", "DELETE"]);
    assert_eq!(kit.product("SLOW").await.status, 404);
}

#[tokio::test]
async fn a_final_no_of_commerce_is_readable_and_not_repeated() {
    let project = project();
    let kit = project.start(&["dev"]);
    let sent = kit.send("1", PRODUCT_UPDATE, &product("NOBODY/KNOWS ME")).await;
    assert_eq!(sent.status, 200, "the event itself is fine");
    handled(&kit, &project, "product-backoffice/consumer", 1).await;
    // A second event of the same SKU runs after the first is final.
    assert_eq!(kit.send("2", PRODUCT_CREATE, &product("NOBODY/KNOWS ME")).await.status, 200);
    handled(&kit, &project, "product-backoffice/created", 1).await;
    let output = project.run(&["activation", "list", "--json", "--action", "product-backoffice/consumer"]);
    let records: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let refused = &records[1]["response"];
    assert_eq!(refused["status"], "application error");
    let error = &refused["result"]["error"];
    assert_eq!(error["statusCode"], 404);
    let text = error["body"]["error"].as_str().unwrap();
    assert!(text.starts_with("Commerce answered 404: "), "{text}");
    assert_eq!(kit.calls("products/NOBODY").await.len(), 1);
    assert_eq!(kit.product("NOBODY%2FKNOWS%20ME").await.status, 200);
}

#[tokio::test]
async fn a_restart_continues_where_the_store_says() {
    let project = project().with("KIT_RETRY_DELAYS", "1h");
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "status": 503})).await;
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    assert_eq!(kit.send("2", PRODUCT_UPDATE, &product("A")).await.status, 200);
    kit.calls_reach("products", 1).await;
    handled(&kit, &project, "product-backoffice/created", 1).await;
    kit.kill();
    let again = project.start(&["dev"]);
    assert_eq!(again.send("3", PRODUCT_CREATE, &product("B")).await.status, 200);
    again.calls_reach("products", 1).await;
    let calls = again.calls("products").await;
    assert_eq!(calls[0]["body"]["product"]["sku"], "B", "the failed delivery waits for its hour, in front of its SKU");
    assert_eq!(again.terminate(), Some(0));
}
