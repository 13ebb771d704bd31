//! `kit subscribe` against the sandbox Commerce of another process: it converges, checks first, and says what went wrong.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Html;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, Project, Server, TOKEN};

const FILE: &str = "onboarding/config/commerce-event-subscribe.json";
const SAVED: &str = "observer.catalog_product_save_commit_after";
const STOCK: &str = "observer.cataloginventory_stock_item_save_commit_after";
const EVENTS: usize = 8;

/// The sandbox Commerce with its eventing module, which nobody has subscribed at.
fn store() -> (Project, Server) {
    let project = Project::new().with("KIT_SANDBOX_EVENTS", "").with("KIT_ROLE", "events-service");
    let server = project.start(&["dev"]);
    (project, server)
}

fn at(address: &str) -> Project {
    Project::new().with("KIT_URL", address)
}

impl Server {
    async fn eventing(&self, method: reqwest::Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, self.url(&format!("/sandbox/commerce/rest/V1/eventing/{path}")));
        Answer::of(request.bearer_auth(TOKEN).json(body)).await
    }

    async fn subscription(&self, name: &str) -> Option<Value> {
        let all = self.eventing(reqwest::Method::GET, "getEventSubscriptions", &Value::Null).await.body;
        all.as_array().unwrap().iter().find(|subscription| subscription["name"] == name).cloned()
    }

    /// How many calls to the eventing module were no reads.
    async fn writes(&self) -> usize {
        self.calls("eventing").await.len()
    }
}

/// What a command that succeeds prints.
#[track_caller]
fn run(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that fails says on stderr.
#[track_caller]
fn fail(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn names(subscriptions: &[Value]) -> Vec<&str> {
    subscriptions.iter().map(|it| it["event"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_first_run_subscribes_what_the_file_lists_and_the_second_sends_nothing() {
    let (_folder, store) = store();
    let project = at(&store.url("/"));
    let planned = run(&project, &["subscribe", "--dry-run"]);
    assert!(planned.starts_with(&format!("create  event subscription      {SAVED}\n")), "{planned}");
    assert!(planned.ends_with("\nnothing was sent\n"), "{planned}");
    assert_eq!((planned.lines().count(), store.writes().await), (EVENTS + 1, 0));

    let done = run(&project, &["subscribe"]);
    let base_url = store.url("/sandbox/commerce/rest/");
    let told = format!("{EVENTS} events are subscribed to at {base_url} as the file says, 0 failed\n");
    assert!(done.ends_with(&told), "{done}");
    assert_eq!((done.matches("create ").count(), store.writes().await), (EVENTS, EVENTS));
    let file: Vec<Value> = serde_json::from_str(&project.read(FILE)).unwrap();
    let kept = store.subscription(SAVED).await.unwrap();
    assert_eq!(kept["fields"].as_array().unwrap().len(), file[0]["event"]["fields"].as_array().unwrap().len());

    let again: Value = serde_json::from_str(&run(&project, &["subscribe", "--json"])).unwrap();
    let expected = json!({"successfulSubscriptions": names(&file), "failedSubscriptions": []});
    assert_eq!(again["result"], expected);
    let changes = again["changes"].as_array().unwrap();
    assert!(
        changes.iter().all(|change| change["action"] == "leave" && change["kind"] == "event-subscription"),
        "{again}"
    );
    assert!(run(&project, &["subscribe"]).ends_with("0 failed; nothing had to be sent\n"));
    assert_eq!(store.writes().await, EVENTS);
}

#[tokio::test]
async fn what_somebody_changed_in_the_store_is_mended_and_what_they_added_goes_with_prune_only() {
    let (_folder, store) = store();
    let project = at(&store.url("/"));
    let file: Vec<Value> = serde_json::from_str(&project.read(FILE)).unwrap();
    run(&project, &["subscribe"]);
    store.eventing(reqwest::Method::POST, &format!("eventUnsubscribe/{SAVED}"), &Value::Null).await;
    let poor = json!({"event": {"name": SAVED, "fields": [{"name": "cost"}]}});
    assert_eq!(store.eventing(reqwest::Method::POST, "eventSubscribe", &poor).await.status, 200);
    store.eventing(reqwest::Method::POST, &format!("eventUnsubscribe/{STOCK}"), &Value::Null).await;
    let more = json!({"event": {"name": "observer.catalog_category_save_commit_after", "fields": [{"name": "*"}]}, "force": true});
    assert_eq!(store.eventing(reqwest::Method::POST, "eventSubscribe", &more).await.status, 200);

    let mended = run(&project, &["subscribe"]);
    let lines = [
        format!("update  event subscription      {SAVED}  (fields: id sku name price description created_at updated_at _isNew, Commerce has also the fields cost)"),
        format!("create  event subscription      {STOCK}"),
        "leave   event subscription      observer.catalog_category_save_commit_after  (not in the file; --prune ends it)".to_owned(),
    ];
    for line in &lines {
        assert!(mended.lines().any(|told| told == line), "no `{line}` in\n{mended}");
    }
    let before = store.writes().await;
    assert!(run(&project, &["subscribe"]).contains(&format!("{SAVED}  (Commerce has also the fields cost)\n")));
    assert_eq!(store.writes().await, before);

    let pruned = run(&project, &["subscribe", "--prune"]);
    assert!(
        pruned.contains(&format!("update  event subscription      {SAVED}  (anew, without the fields cost)\n")),
        "{pruned}"
    );
    assert!(
        pruned.contains(
            "delete  event subscription      observer.catalog_category_save_commit_after  (not in the file)\n"
        )
    );
    assert!(store.subscription("observer.catalog_category_save_commit_after").await.is_none());
    let kept = store.subscription(SAVED).await.unwrap();
    assert_eq!(kept["fields"].as_array().unwrap().len(), file[0]["event"]["fields"].as_array().unwrap().len());
    let before = store.writes().await;
    run(&project, &["subscribe", "--prune"]);
    assert_eq!(store.writes().await, before);
}

#[tokio::test]
async fn a_file_that_the_consumers_cannot_work_with_is_refused_before_anything_is_sent() {
    let (_folder, store) = store();
    let project = at(&store.url("/"));
    let file = project.read(FILE);
    // The typo of Adobe's own file, an event that nobody wants, fields that are missing, an action that is not deployed.
    let wrong = file.replacen("\"sku\"", "\"sku'\"", 1).replacen("customer_save", "customer_svae", 1);
    let mut wrong: Vec<Value> = serde_json::from_str(&wrong).unwrap();
    let orders = wrong.iter_mut().find(|it| it["event"]["name"] == "observer.sales_order_save_commit_after").unwrap();
    orders["event"]["fields"] = json!([{"name": "increment_id"}, {"name": "updated_at"}]);
    let wrong = serde_json::to_string_pretty(&wrong).unwrap();
    project.write(FILE, &wrong);
    project.write("app.config.yaml", &project.read("app.config.yaml").replace("stock-commerce:", "stock-elsewhere:"));
    let said = fail(&project, &["subscribe"]);
    for told in [
        "`/0/event/fields/1/name`: `sku'` is no field that this event is known to have\n  hint: did you mean `sku`?",
        "no registration wants `com.adobe.commerce.observer.customer_svae_commit_after` of the provider `commerce`\n  \
         hint: did you mean `observer.customer_save_commit_after`?",
        "`stock-commerce/consumer`, which gets it, is not deployed",
        "`order-commerce/consumer` needs the field `created_at`, and refuses events without it\n  hint: add {\"name\": \"created_at\"}",
        "`order-commerce/consumer` needs the field `id`, and refuses events without it",
    ] {
        assert!(said.contains(told), "no `{told}` in:\n{said}");
    }
    assert_eq!(said.matches("\n  hint: ").count(), 5, "{said}");

    project.write(FILE, &file.replacen("\"event\"", "\"evnt\"", 1));
    let said = fail(&project, &["subscribe"]);
    assert!(
        said.contains("`/0`: expected the member `event`, it is missing") && said.contains("did you mean `event`?"),
        "{said}"
    );
    project.write(FILE, "[");
    assert!(fail(&project, &["subscribe"]).contains("COMMERCE_EVENT_SUBSCRIBE → INVALID_JSON_FILE\n"));
    std::fs::remove_file(project.path().join(FILE)).unwrap();
    assert!(fail(&project, &["subscribe"]).contains("COMMERCE_EVENT_SUBSCRIBE → MISSING_EVENT_SPEC_FILE\n"));
    assert_eq!(store.writes().await, 0);
}

#[tokio::test]
async fn an_entry_that_commerce_refuses_does_not_stop_the_others() {
    let (_folder, store) = store();
    let project = at(&store.url("/"));
    let mut file: Vec<Value> = serde_json::from_str(&project.read(FILE)).unwrap();
    file[0]["event"]["parent"] = json!("observer.no_such_event");
    project.write(FILE, &json!(file).to_string());
    let output = project.run(&["subscribe", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(done["result"], json!({"successfulSubscriptions": names(&file[1..]), "failedSubscriptions": [SAVED]}));
    let said = String::from_utf8(output.stderr).unwrap();
    let begins = format!(
        "{SAVED}: COMMERCE_EVENT_SUBSCRIBE → MALFORMED_EVENT_SPEC\n  The given event specification payload is not valid\n"
    );
    assert!(said.starts_with(&begins) && said.contains("observer.no_such_event"), "{said}");
    assert!(done["changes"][0]["failure"].as_str().unwrap().contains("MALFORMED_EVENT_SPEC"), "{done}");
}

#[tokio::test]
async fn a_store_that_cannot_be_subscribed_at_is_told_with_what_to_do() {
    let unexpected = "COMMERCE_EVENT_SUBSCRIBE → UNEXPECTED_ERROR\n  Unexpected error occurred while subscribing to an event in \
                      the Adobe I/O Events module in Commerce\n";
    let check = |project: &Project, told: &[&str]| {
        let said = fail(project, &["subscribe"]);
        for told in told.iter().chain([&unexpected]) {
            assert!(said.contains(told), "no `{told}` in:\n{said}");
        }
    };
    let (_folder, store) = store();
    let wrong = at(&store.url("/")).with("KIT_SANDBOX_TOKEN", "another-token-of-the-tests");
    check(&wrong, &["Commerce answered 401", "hint: check `COMMERCE_BASE_URL`"]);

    let without = Project::new();
    let store = without.start(&["dev"]);
    check(
        &at(&store.url("/")),
        &["Commerce answered 404", "hint: install or update the module", "hint: where the module"],
    );

    for (status, told) in
        [(StatusCode::OK, "answered 200 with something that is not JSON"), (StatusCode::BAD_GATEWAY, "answered 502")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let page = Router::new().fallback(move || async move { (status, Html("<html>Log in</html>")) });
        let serving = tokio::spawn(async move { axum::serve(listener, page).await });
        let project = at(&address);
        let check = tokio::task::spawn_blocking(move || fail(&project, &["subscribe"]));
        let said = check.await.unwrap();
        assert!(said.contains(told) && said.contains("a proxy or a login page") && said.contains(unexpected), "{said}");
        serving.abort();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    check(&at(&address), &["Commerce cannot be reached", "hint: check `COMMERCE_BASE_URL`"]);
}

#[test]
fn a_check_tells_what_subscribing_would_refuse() {
    let project = Project::new();
    let checked = |project: &Project| {
        let output = project.run(&["check"]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!checked(&project).contains("commerce-event-subscribe.json"));
    let file = "onboarding/config/commerce-event-subscribe.json";
    project.write(file, &project.read(file).replace("observer.customer_save_commit_after", "observer.customer_sav"));
    let told = checked(&project);
    assert!(told.contains("commerce-event-subscribe.json") && told.contains("observer.customer_sav"), "{told}");
}
