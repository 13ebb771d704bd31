//! The runtime API from outside: what it refuses, how it waits, what it never tells, and sequences.

use reqwest::Method;
use serde_json::{Value, json};

use crate::openwhisk::with_sequence;
use crate::support::{Answer, PRODUCT_CREATE, Project, RUNTIME_AUTH, Server, TOKEN, product};

const CREATED: &str = "product-backoffice/created";

struct Runtime(Server);

impl Runtime {
    fn start(project: &Project) -> Self {
        Self(project.start(&["dev"]))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let (user, password) = RUNTIME_AUTH.split_once(':').unwrap();
        let url = self.0.url(&format!("/api/v1/namespaces/_/{path}"));
        self.0.client.request(method, url).basic_auth(user, Some(password))
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    async fn invoke(&self, action: &str, params: &Value) -> Answer {
        Answer::of(self.request(Method::POST, &format!("actions/{action}")).json(params)).await
    }

    async fn post(&self, action: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, &format!("actions/{action}"));
        Answer::of(request.header("content-type", "application/json").body(body)).await
    }

    /// The record, once there is one.
    async fn record(&self, id: &str) -> Value {
        let path = format!("activations/{id}");
        let found = || async {
            let answer = self.get(&path).await;
            (answer.status == 200).then_some(answer.body)
        };
        self.0.until("the activation", found).await
    }
}

/// A refusal in the runtime's form.
#[track_caller]
fn check_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!((answer.status, answer.error()), (status, text), "{answer:?}");
    assert_eq!(answer.header("x-request-id"), answer.body["code"].as_str());
    assert_eq!(answer.body["code"].as_str().unwrap().len(), 32);
}

fn created(sku: &str) -> Value {
    json!({"type": PRODUCT_CREATE, "data": product(sku)})
}

fn annotation<'a>(record: &'a Value, key: &str) -> &'a Value {
    let pairs = record["annotations"].as_array().unwrap();
    pairs.iter().find(|pair| pair["key"] == key).map_or(&Value::Null, |pair| &pair["value"])
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_with_a_reason() {
    let runtime = Runtime::start(&Project::new());
    let unknown = "The requested resource does not exist.";
    for path in
        ["nothing", "actions/starter-kit/info/more", "actions/info", "actions/none/", "packages/none", "triggers/t"]
    {
        check_refused(&runtime.get(path).await, 404, unknown);
    }
    let id = "0123456789abcdef0123456789abcdef";
    for path in [format!("activations/{id}"), format!("activations/{id}/logs"), format!("activations/{id}/result")] {
        check_refused(&runtime.get(&path).await, 404, unknown);
    }
    check_refused(&runtime.get("activations/0123").await, 400, "an activation id has 32 hex digits");
    let whole = "has to be a whole number from";
    for (query, text) in [
        ("actions?limit=51", format!("the query parameter `limit` {whole} 0 to 50")),
        ("packages?skip=-1", format!("the query parameter `skip` {whole} 0 to 1000000")),
        ("activations?upto=x", format!("the query parameter `upto` {whole} 0 to 99999999999999")),
        ("activations?docs=1", "the query parameter `docs` has to be `true` or `false`".to_owned()),
        ("activations?docs=true&count=true", "the query parameters `count` and `docs` exclude each other".to_owned()),
    ] {
        check_refused(&runtime.get(query).await, 400, &text);
    }
    let object = "the parameters of an action have to be a JSON object";
    for body in ["[]", "1", "{", "\"text\"", "{\"a\":1}x"] {
        check_refused(&runtime.post(CREATED, body).await, 400, object);
    }
    let query = format!("{CREATED}?blocking=true&timeout=60001");
    check_refused(
        &runtime.invoke(&query, &json!({})).await,
        400,
        "the query parameter `timeout` has to be a whole number from 1 to 60000",
    );
    check_refused(&runtime.invoke("starter-kit/none", &json!({})).await, 404, unknown);
    let deployed =
        "actions and packages of this kit are deployed when it starts; change app.config.yaml and start it again";
    for method in [Method::PUT, Method::DELETE] {
        for path in ["actions/starter-kit/info?overwrite=true", "actions/info", "packages/starter-kit"] {
            check_refused(&Answer::of(runtime.request(method.clone(), path)).await, 403, deployed);
        }
        let answer = Answer::of(runtime.request(method, "triggers/t")).await;
        check_refused(
            &answer,
            403,
            "this kit has no triggers and no rules: events reach actions by their registrations",
        );
    }
    let answer = Answer::of(runtime.request(Method::DELETE, &format!("activations/{id}"))).await;
    check_refused(&answer, 405, "this method is not allowed here");
    for path in ["triggers", "rules"] {
        assert_eq!(runtime.get(path).await.body, json!([]));
    }
}

#[tokio::test]
async fn parameters_are_bounded_and_final_ones_stay() {
    let project = Project::new().with("LOG_LEVEL", "info");
    let config = "actions/starter_kit/actions.config.yaml";
    project.write(config, &format!("{}  limits: {{ payload: 2 }}\n", project.read(config)));
    let runtime = Runtime::start(&project);
    let large = |bytes: usize| json!({"text": "x".repeat(bytes)}).to_string();
    let limit = runtime.get("actions/starter-kit/info").await.body["limits"]["payload"].clone();
    assert_eq!(limit, 2);
    assert_eq!(runtime.post("starter-kit/info?blocking=true", large(3 << 19)).await.status, 200);
    for (action, bytes, allowed) in [("starter-kit/info", 2 << 20, 2 << 20), (CREATED, 1 << 20, 1 << 20)] {
        let body = large(bytes);
        let text = format!("Request larger than allowed: {} > {allowed} bytes.", body.len());
        check_refused(&runtime.post(action, body).await, 413, &text);
    }
    let answer = runtime.invoke("starter-kit/info", &json!({"LOG_LEVEL": "debug"})).await;
    check_refused(&answer, 400, "Request defines parameters that are not allowed (e.g., reserved properties).");
    assert_eq!(runtime.post("starter-kit/info?blocking=true", "").await.status, 200, "no body is no parameters");
}

#[tokio::test]
async fn a_run_goes_on_when_nobody_waits_any_more() {
    let runtime = Runtime::start(&Project::new());
    runtime.0.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 1_000})).await;
    let answer = runtime.invoke(&format!("{CREATED}?blocking=true&timeout=1"), &created("SLOW")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.body["activationId"].as_str().unwrap();
    assert_eq!((answer.body.as_object().unwrap().len(), answer.header("x-openwhisk-activation-id")), (1, Some(id)));
    let record = runtime.record(id).await;
    assert_eq!((&record["response"]["status"], &record["activationId"]), (&json!("success"), &json!(id)));
    assert_eq!(runtime.0.product("SLOW").await.status, 200);
    let answer = runtime.invoke(&format!("{CREATED}?result=true"), &created("LATER")).await;
    assert_eq!(answer.status, 202, "`result` alone waits for nothing");
    runtime.record(answer.body["activationId"].as_str().unwrap()).await;
}

#[tokio::test]
async fn an_action_has_as_many_runs_as_its_limit_allows() {
    let project = Project::new();
    let config = "actions/product/external/actions.config.yaml";
    let limited = project
        .read(config)
        .replace("  function: created.rs\n", "  function: created.rs\n  limits: { concurrency: 1 }\n");
    project.write(config, &limited);
    let runtime = Runtime::start(&project);
    runtime.0.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 60_000})).await;
    let first = runtime.invoke(CREATED, &created("FIRST")).await;
    assert_eq!(first.status, 202);
    let refused = runtime.invoke(CREATED, &created("SECOND")).await;
    check_refused(&refused, 429, "Too many concurrent requests in flight (count: 1, allowed: 1).");
    let other = runtime.invoke("starter-kit/info?blocking=true&result=true", &json!({})).await;
    assert_eq!((other.status, &other.body["statusCode"]), (200, &json!(200)), "no other action waits for it");
}

#[tokio::test]
async fn a_failed_run_is_told_with_its_status() {
    let runtime = Runtime::start(&Project::new());
    let wrong = json!({"type": PRODUCT_CREATE, "data": {"sku": ""}});
    let record = runtime.invoke(&format!("{CREATED}?blocking=true"), &wrong).await;
    assert_eq!((record.status, &record.body["response"]["status"]), (502, &json!("application error")), "{record:?}");
    let result = runtime.invoke(&format!("{CREATED}?blocking=true&result=true"), &wrong).await;
    assert_eq!((result.status, &result.body), (502, &record.body["response"]["result"]));
    assert_eq!(result.body["statusCode"], 400);
    let listed = runtime.get("activations?name=created&limit=1").await.body;
    assert_eq!((&listed[0]["statusCode"], listed[0].get("response"), listed[0].get("logs")), (&json!(1), None, None));
    assert_eq!(annotation(&listed[0], "path"), "local/product-backoffice/created");
}

#[tokio::test]
async fn inputs_and_secrets_of_annotations_are_never_told() {
    let project = Project::new().with("COMMERCE_WEBHOOKS_PUBLIC_KEY", "");
    let config = "actions/starter_kit/actions.config.yaml";
    let asked = project
        .read(config)
        .replace("    final: true\n", "    final: true\n    require-whisk-auth: 5ecret-of-callers\n");
    project.write(config, &asked);
    let runtime = Runtime::start(&project);
    let info = runtime.get("actions/starter-kit/info?code=true").await;
    assert_eq!(annotation(&info.body, "require-whisk-auth"), true);
    assert_eq!(annotation(&info.body, "final"), true);
    assert_eq!((&info.body["exec"], info.body["exec"].get("code")), (&json!({"kind": "rust", "binary": true}), None));
    assert_eq!(info.body["parameters"], json!([{"key": "LOG_LEVEL"}]));
    for path in ["", "actions", "packages/starter-kit", "actions/starter-kit/"] {
        let answer = runtime.get(path).await;
        assert!(answer.status == 200 && !answer.text.contains("5ecret"), "{path}: {answer:?}");
    }
    let all = runtime.get("").await.body;
    assert_eq!((&all["triggers"], &all["rules"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_sequence_runs_its_actions_one_after_another() {
    let project = with_sequence();
    let manifest = project.read("app.config.yaml");
    let breaks = "          breaks: { actions: 'info, product-backoffice/created, info' }\n          nested: { actions: 'twice' }\n";
    project.write("app.config.yaml", &manifest.replace("          twice:", &format!("{breaks}          twice:")));
    let runtime = Runtime::start(&project);
    let record = runtime.invoke("starter-kit/nested?blocking=true", &json!({})).await;
    assert_eq!((record.status, annotation(&record.body, "topmost")), (200, &json!(true)), "{record:?}");
    let inner = runtime.record(record.body["logs"][0].as_str().unwrap()).await;
    assert_eq!((annotation(&inner, "kind"), annotation(&inner, "topmost")), (&json!("sequence"), &json!(false)));
    assert_eq!((&inner["cause"], annotation(&inner, "causedBy")), (&record.body["activationId"], &json!("sequence")));
    assert_eq!(inner["logs"].as_array().unwrap().len(), 2);
    assert_eq!(inner["response"], record.body["response"]);
    let part = runtime.record(inner["logs"][1].as_str().unwrap()).await;
    assert_eq!((&part["cause"], annotation(&part, "causedBy")), (&inner["activationId"], &json!("sequence")));
    // The second action gets what the first has answered, which is no event: that ends the sequence.
    let broken = runtime.invoke("starter-kit/breaks?blocking=true", &json!({})).await;
    assert_eq!((broken.status, &broken.body["response"]["status"]), (502, &json!("application error")), "{broken:?}");
    let parts = broken.body["logs"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "the third is not begun");
    let failed = runtime.record(parts[1].as_str().unwrap()).await;
    assert_eq!(
        (&failed["name"], &failed["response"]["result"]),
        (&json!("created"), &broken.body["response"]["result"])
    );
    let listed = runtime.get("activations?name=info&limit=1").await.body;
    assert_eq!(annotation(&listed[0], "causedBy"), "sequence");
    let whole = runtime.get("activations?docs=true&name=nested").await.body;
    assert_eq!(whole[0]["logs"], record.body["logs"], "whole records have their logs");
}

#[tokio::test]
async fn a_sequence_answers_on_the_web_as_its_last_action_does() {
    let runtime = Runtime::start(&with_sequence());
    let answer = Answer::of(runtime.0.client.get(runtime.0.url("/api/v1/web/starter-kit/twice"))).await;
    assert_eq!((answer.status, &answer.body["success"]), (200, &json!(true)), "{answer:?}");
    let record = runtime.record(answer.header("x-openwhisk-activation-id").unwrap()).await;
    assert_eq!((annotation(&record, "kind"), record["logs"].as_array().unwrap().len()), (&json!("sequence"), 2));
}

#[test]
fn a_sequence_that_other_machines_reach_needs_a_guard_of_its_own() {
    let project = with_sequence()
        .with("KIT_BIND", "0.0.0.0:0")
        .with("KIT_INGESTION_AUTH", "api-key")
        .with("KIT_INGESTION_API_KEY_SECRET", "5ecret-of-the-tests")
        .with("KIT_METRICS_TOKEN", "operator-of-the-tests")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:9/rest/")
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/");
    let checked = project.run(&["check", "--serve"]);
    let told = String::from_utf8(checked.stderr).unwrap();
    let fault = "`packages.starter-kit.sequences.twice.annotations.require-adobe-auth`: expected `true`: ";
    assert!(told.contains(fault) && told.matches("\n  hint: ").count() == 1, "{told}");
    let manifest = project.read("app.config.yaml");
    let guarded = manifest.replace("web: 'yes' }", "web: 'yes', annotations: { require-adobe-auth: true } }");
    project.write("app.config.yaml", &guarded);
    let checked = project.run(&["check", "--serve"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_sequence_of_what_is_not_there_is_a_fault() {
    let project = with_sequence();
    let manifest = project.read("app.config.yaml");
    project.write("app.config.yaml", &manifest.replace("'info, /_", "'inof, /_"));
    let told = project.refusal(&["dev"]);
    let fault = "`packages.starter-kit.sequences.twice.actions`: there is no action `starter-kit/inof`\n  hint: did you mean `starter-kit/info`?";
    assert!(told.contains(fault), "{told}");
}
