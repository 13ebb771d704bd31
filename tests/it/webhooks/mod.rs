//! `/webhooks/{registration}`: what an events API delivers to a kit that publishes elsewhere.

mod answers;
mod forms;
mod signatures;

use serde_json::{Value, json};

use crate::support::{Answer, PRODUCT_CREATE, Project, Server, product};

const CLIENT: &str = "client-1";
const PRODUCTS: &str = "/webhooks/backoffice-product-sync";
const SOURCE: &str = "urn:uuid:5b0cfd0e-6c3f-4a51-9d7e-0f6f3a7a4b11";

/// A kit whose events API nobody has to answer for.
fn project() -> Project {
    let variables = [
        ("KIT_EVENTS_API", "adobe"),
        ("KIT_EVENTS_INGRESS_URL", "http://127.0.0.1:9/"),
        ("IO_MANAGEMENT_BASE_URL", "http://127.0.0.1:9/events/"),
        ("OAUTH_BASE_URL", "http://127.0.0.1:9/ims/token/"),
        ("OAUTH_CLIENT_ID", CLIENT),
        ("OAUTH_CLIENT_SECRET", "secret-of-the-receiver"),
        ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
        ("IO_CONSUMER_ID", "10"),
        ("IO_PROJECT_ID", "20"),
        ("IO_WORKSPACE_ID", "30"),
        ("KIT_JOURNAL", "none"),
        ("KIT_WEBHOOK_SIGNATURES", "none"),
    ];
    variables.iter().fold(Project::new(), |project, (name, value)| project.with(name, value))
}

fn event(id: &str, value: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": SOURCE, "type": PRODUCT_CREATE,
        "datacontenttype": "application/json", "time": "2026-01-31T10:00:00.000Z",
        "eventid": "0b5c2f0a-4a52-4b39-8f5e-0a3c1d9b7e21", "recipientclientid": CLIENT, "data": value,
    })
}

/// The same with members set or, by `null`, taken out.
fn with(mut event: Value, members: &Value) -> Value {
    let all = event.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            all.remove(name);
        } else {
            all.insert(name.clone(), value.clone());
        }
    }
    event
}

const ACTIVATION: &str = "x-openwhisk-activation-id";

/// The action that the registration of products is bound to.
const CONSUMER: &str = "product-backoffice/consumer";

/// What an activation says of a refusal: the body for the caller, and under `reason` what only the activation tells.
fn reason(project: &Project, activation: &str) -> Value {
    let output = project.run(&["activation", "get", activation, "--json"]);
    let record: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let result = &record["response"]["result"];
    let result = result.get("error").unwrap_or(result);
    let mut body = result["body"].clone();
    body["reason"] = result["reason"].clone();
    body
}

/// The runs of an action that are on record.
fn runs(project: &Project, action: &str) -> Vec<Value> {
    let output = project.run(&["activation", "list", "--action", action, "--limit", "200", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

impl Server {
    async fn deliver(&self, body: &Value) -> Answer {
        let request = self.client.post(self.url(PRODUCTS)).body(body.to_string());
        Answer::of(request.header("content-type", "application/cloudevents+json; charset=UTF-8")).await
    }

    async fn event_ids(&self, count: usize) -> Vec<String> {
        let calls = self.calls_reach("products", count).await;
        calls.iter().map(|call| call["event_id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn every_configured_registration_echoes_its_challenge() {
    let project = project();
    let kit = project.start(&["dev"]);
    let plain = kit.get(&format!("{PRODUCTS}?challenge=a%20b%3Cb%3E")).await;
    assert_eq!((plain.status, plain.text.as_str()), (200, "a b<b>"));
    assert!(plain.header("content-type").unwrap().starts_with("text/plain"), "{plain:?}");
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
    let request = kit.client.get(kit.url(&format!("{PRODUCTS}?challenge=abc"))).header("accept", "application/json");
    assert_eq!(Answer::of(request).await.body, json!({"challenge": "abc"}));
    assert_eq!(kit.get(PRODUCTS).await.status, 400);
    assert_eq!(kit.get(&format!("{PRODUCTS}?challenge={}", "x".repeat(2_000))).await.status, 400);
    assert_eq!(kit.get("/webhooks/nobody?challenge=abc").await.status, 404);
    assert_eq!(kit.get("/webhooks/%FF?challenge=abc").await.status, 404);
}

#[tokio::test]
async fn a_delivered_event_runs_once_under_its_own_id() {
    let project = project();
    let kit = project.start(&["dev"]);
    let answer = kit.deliver(&event("shop-1", &product("A"))).await;
    let said =
        json!({"type": PRODUCT_CREATE, "response": {"success": true, "message": "Product created successfully"}});
    assert_eq!((answer.status, &answer.body), (200, &said), "{answer:?}");
    let again = with(event("shop-1", &product("A")), &json!({"eventid": "another", "time": "2026-02-01T10:00:00Z"}));
    let repeated = kit.deliver(&again).await;
    assert_eq!((repeated.status, &repeated.text), (200, &answer.text));
    assert_eq!(repeated.header(ACTIVATION), answer.header(ACTIVATION), "it is the first run's answer");
    let old = json!({"recipientclientid": null, "recipient_client_id": CLIENT});
    assert_eq!(kit.deliver(&with(event("shop-2", &product("B")), &old)).await.status, 200);
    assert_eq!(kit.event_ids(2).await, ["shop-1", "shop-2"]);
    let other = kit.deliver(&event("shop-1", &product("OTHER"))).await;
    assert_eq!(other.status, 409, "{other:?}");
    assert_eq!(kit.calls("products").await.len(), 2);
}

#[tokio::test]
async fn a_batch_is_taken_event_by_event() {
    let project = project();
    let kit = project.start(&["dev"]);
    assert_eq!(kit.deliver(&event("1", &product("A"))).await.status, 200);
    let conflicting = event("1", &product("OTHER"));
    let batch = json!([event("2", &product("A")), conflicting, event("3", &product("A")), event("1", &product("A"))]);
    let answer = kit.deliver(&batch).await;
    assert_eq!((answer.status, answer.error()), (409, "1 of 4 events failed"), "{answer:?}");
    let statuses = |answer: &Answer| -> Vec<u64> {
        let results = answer.body["results"].as_array().unwrap();
        results.iter().map(|result| result["statusCode"].as_u64().unwrap()).collect()
    };
    assert_eq!(statuses(&answer), [200, 409, 200, 200]);
    assert_eq!(kit.event_ids(3).await, ["1", "2", "3"]);
    let faulty = json!([event("4", &product("A")), with(event("5", &product("A")), &json!({"type": 5}))]);
    let refused = kit.deliver(&faulty).await;
    assert_eq!((refused.status, statuses(&refused)), (400, vec![200, 400]), "the others of a batch go on");
    let fault = &refused.body["results"][1]["body"];
    assert_eq!(fault["details"][0]["path"], "/1/type", "{refused:?}");
    assert_eq!(reason(&project, refused.body["activationId"].as_str().unwrap())["error"], fault["error"]);
    let nothing = kit.deliver(&json!([])).await;
    assert_eq!((nothing.status, &nothing.body["results"]), (200, &json!([])));
    assert_eq!(kit.calls("products").await.len(), 4);
    let large = kit.deliver(&json!(vec![event("1", &product("A")); 1_001])).await;
    assert_eq!((large.status, large.error()), (400, "the batch has 1001 events, at most 1000 are taken"));
}

#[tokio::test]
async fn what_is_no_delivery_for_us_is_refused() {
    async fn check(kit: &Server, members: Value, status: u16, text: &str) {
        let answer = kit.deliver(&with(event("1", &product("A")), &members)).await;
        assert_eq!(answer.status, status, "{members}: {answer:?}");
        assert!(answer.error().contains(text), "{members}: {answer:?}");
    }
    let project = project();
    let kit = project.start(&["dev"]);
    check(&kit, json!({"recipientclientid": "client-2"}), 401, "not authorized").await;
    check(&kit, json!({"recipientclientid": null}), 401, "not authorized").await;
    check(&kit, json!({"id": null}), 400, "`/id` is required").await;
    check(&kit, json!({"id": "", "source": null}), 400, "`/source` is required").await;
    check(&kit, json!({"specversion": "0.3"}), 400, "`/specversion` must be `1.0`").await;
    check(&kit, json!({"time": "yesterday"}), 400, "`/time` must be a time").await;
    let raw = |body: &str| kit.client.post(kit.url(PRODUCTS)).body(body.to_owned());
    for body in ["", "5", "{", "[5]", r#"{"id":1,"id":2}"#] {
        assert_eq!(Answer::of(raw(body)).await.status, 400, "{body}");
    }
    let large = "x".repeat(3 * 1024 * 1024);
    assert_eq!(Answer::of(raw(&large)).await.status, 413);
    let request = kit.client.post(kit.url("/webhooks/nobody")).body(event("1", &product("A")).to_string());
    assert_eq!(Answer::of(request).await.status, 404);
    assert_eq!(Answer::of(kit.client.delete(kit.url(PRODUCTS))).await.status, 405);
    assert!(kit.calls("products").await.is_empty());
}

#[tokio::test]
async fn deliveries_are_taken_only_where_that_was_said() {
    let delivery = event("1", &product("A"));
    let alone = Project::new();
    let embedded = alone.start(&["dev"]);
    let refused = embedded.deliver(&delivery).await;
    assert_eq!(refused.status, 403);
    assert!(refused.error().starts_with("this kit takes no deliveries by webhook"), "{refused:?}");
    let serving = project()
        .with("KIT_WEBHOOK_SIGNATURES", "")
        .with("KIT_JOURNAL", "all")
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:9/")
        .with("COMMERCE_ACCESS_TOKEN", "token-of-the-receiver")
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/");
    let kit = serving.start(&["serve"]);
    let forged = kit.deliver(&delivery).await;
    assert_eq!(forged.status, 401, "a kit in production checks signatures: {forged:?}");
    let serving = serving.with("KIT_JOURNAL", "Backoffice Product Sync,nobody");
    let checked = serving.run(&["check", "--serve"]);
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(said.contains("`KIT_JOURNAL`: `nobody` is no registration of this kit"), "{said}");
    assert!(said.contains("hint: there are ") && said.contains("Backoffice Product Sync, "), "{said}");
}
