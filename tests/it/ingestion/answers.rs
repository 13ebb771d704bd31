//! What every answer has, and what none may have.

use reqwest::Method;
use serde_json::{Value, json};

use super::{SAMPLE, WEBHOOK};
use crate::support::{Answer, PRODUCT_CREATE, PRODUCT_DELETE, Project, Server, product};

#[tokio::test]
async fn what_does_not_exist_is_not_found_in_the_runtimes_words() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let paths = [
        "/api",
        "/api/v1/web/ingestion",
        "/api/v1/web/ingestion/",
        "/api/v1/web/ingestion/webhook/",
        "/api/v1/web/ingestion/webhook/more",
        "/api/v1/web/ingestion/Webhook",
        "/api/v1/web/ingestion/unknown",
        "/api/v1/web/unknown/webhook",
        "/api/v1/web/ingestion%2Fwebhook/x",
        "/api/v1/web/%ff/webhook",
        "/api/v1/web/ingestion/%00",
        "/schemas/%ff.json",
        // These run on events and have no URL.
        "/api/v1/web/product-backoffice/created",
        "/api/v1/web/product-backoffice/consumer",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST] {
            if method == Method::POST && path.starts_with("/schemas") {
                continue;
            }
            let answer = Answer::of(kit.client.request(method, kit.url(path)).body(SAMPLE)).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            assert_eq!(answer.error(), "The requested resource does not exist.", "{path}");
            // What is asked of a web action is on record, whether or not there is one.
            assert_eq!(answer.body["code"].as_str(), answer.header("x-openwhisk-activation-id"), "{path}");
            assert_eq!(answer.body["code"].is_string(), path.starts_with("/api/v1/web/"), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        }
    }
    assert!(kit.calls("").await.is_empty());
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let unusual = Method::from_bytes(b"PURGE").unwrap();
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE, unusual] {
        let request = kit.client.request(method.clone(), kit.url(WEBHOOK)).body(SAMPLE);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 405, "{method}: {answer:?}");
        let code = answer.header("x-openwhisk-activation-id").unwrap();
        assert_eq!(answer.body, json!({"error": "this method is not allowed here", "code": code}), "{method}");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
    assert_eq!(Answer::of(kit.client.head(kit.url(WEBHOOK))).await.status, 405);
    for path in ["/health/live", "/health/ready", "/schemas/x.json"] {
        let answer = Answer::of(kit.client.delete(kit.url(path))).await;
        assert_eq!((answer.status, answer.error()), (405, "this method is not allowed here"), "{path}");
    }
}

/// The record of a run, as `kit activation get` prints it.
fn record(project: &Project, id: &str) -> Value {
    let output = project.run(&["activation", "get", id, "--json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn every_run_is_found_by_the_id_in_its_answer() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let wrong_type = kit.client.post(kit.url(WEBHOOK)).header("content-type", "image/png").body(SAMPLE);
    let answers = [
        kit.post(SAMPLE).await,
        kit.post(SAMPLE.replace("Product SKU description", "Another")).await,
        kit.post("{").await,
        kit.post("{}").await,
        kit.send("2", "unknown", &json!({})).await,
        kit.send("2", PRODUCT_CREATE, &json!({})).await,
        Answer::of(wrong_type).await,
        kit.get(WEBHOOK).await,
    ];
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 409, 400, 400, 400, 400, 415, 405]);
    for answer in &answers {
        let record = record(&project, answer.activation());
        assert_eq!(record["activationId"], answer.activation());
        assert_eq!(record["response"]["result"], json!({"statusCode": answer.status, "body": answer.body}));
        let status = if answer.status == 200 { "success" } else { "application error" };
        assert_eq!(record["response"]["status"], status);
        assert_eq!(record["annotations"][0], json!({"key": "path", "value": "ingestion/webhook"}));
    }
    let mut ids: Vec<&str> = answers.iter().map(Answer::activation).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), answers.len(), "every run has an id of its own");
}

/// Stands for everything that is nobody's business.
const MARKER: &str = "MARKER-5ecret";

#[tokio::test]
async fn no_answer_and_no_log_line_repeats_a_payload() {
    let project = Project::new().with("LOG_LEVEL", "trace");
    let kit = project.start(&["dev"]);
    let refusal = json!({"target": "commerce", "path": "products", "status": 400, "count": 1});
    let outage = json!({"target": "commerce", "path": "products", "status": 503, "count": 1});
    kit.fault(&refusal).await;
    kit.fault(&outage).await;
    let mut secret = product(MARKER);
    secret["description"] = json!(MARKER);
    secret["extra"] = json!({ MARKER: MARKER });
    let mut wrong = secret.clone();
    wrong["price"] = json!(MARKER);
    wrong["name"] = json!([MARKER]);
    let bodies = [
        json!({"data": {"uid": 1, "event": PRODUCT_CREATE, "value": secret}, "secret": MARKER}).to_string(),
        json!({"data": {"uid": 2, "event": PRODUCT_CREATE, "value": secret, "secret": MARKER}}).to_string(),
        json!({"data": {"uid": 1, "event": PRODUCT_CREATE, "value": product(MARKER)}}).to_string(),
        json!({"data": {"uid": 3, "event": PRODUCT_CREATE, "value": wrong}}).to_string(),
        json!({"data": {"uid": 4, "event": PRODUCT_CREATE, "value": MARKER}}).to_string(),
        json!({"data": {"uid": 4, "event": PRODUCT_CREATE, "value": [MARKER]}}).to_string(),
        json!({"data": {"uid": 5, "event": PRODUCT_DELETE, "value": {"sku": MARKER.repeat(9)}}}).to_string(),
        json!({"data": {"uid": 6, "event": PRODUCT_CREATE, "value": secret, "entity": MARKER}}).to_string(),
        json!({"data": {"uid": [MARKER], "event": {"secret": MARKER}, "value": MARKER}}).to_string(),
        json!({"data": {"uid": MARKER.repeat(99), "event": PRODUCT_CREATE, "value": secret}}).to_string(),
        json!({"data": MARKER, "uid": MARKER}).to_string(),
        format!(r#"{{"data": "{MARKER}" {MARKER}}}"#),
        format!(r#"{{"{MARKER}": 1, "{MARKER}": "{MARKER}\ud800"}}"#),
        format!("{MARKER}={MARKER}&data={MARKER}"),
        format!(r#""{MARKER}"#),
    ];
    for body in bodies {
        check_silent(&kit, &body).await;
    }
    check_url_and_headers(&kit).await;
    kit.calls_reach("products", 3).await;
    kit.send("last", PRODUCT_DELETE, &json!({"sku": MARKER})).await.assert_new();
    kit.calls_reach("products", 4).await;
    assert!(!kit.log().contains(MARKER), "{}", kit.log());
    assert!(kit.log().contains("will be tried again"), "the log has something to say: {}", kit.log());
}

async fn check_silent(kit: &Server, body: &str) {
    let answer = kit.post(body.to_owned()).await;
    assert!((200..500).contains(&answer.status), "{answer:?}");
    assert!(!format!("{answer:?}").contains(MARKER), "{body}: {answer:?}");
}

async fn check_url_and_headers(kit: &Server) {
    let request = kit.client.post(kit.url(&format!("{WEBHOOK}?key={MARKER}"))).bearer_auth(MARKER);
    let answer = Answer::of(request.header("x-api-key", MARKER).body("{")).await;
    assert_eq!(answer.status, 400);
    assert!(!format!("{answer:?}").contains(MARKER), "{answer:?}");
}
