//! The deployed actions as the command line shows and calls them, and what web actions answer that need no other system.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Answer, Project, Server, end_of};

const CHECK_STOCK: &str = "/api/v1/web/webhook/check-stock";
const FULL_SYNC: &str = "/api/v1/web/product-commerce/full-sync";
const INFO: &str = "/api/v1/web/starter-kit/info";

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// What a command that succeeds prints.
fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    stdout(output)
}

/// What a command that fails says on stderr.
fn complaint(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stderr(output)
}

/// Calls an action of a running kit from the command line.
fn invoke(project: &Project, kit: &Server, arguments: &[&str]) -> Output {
    let arguments = [&["action", "invoke"], arguments].concat();
    let mut command = project.command(&arguments);
    command.env("KIT_URL", kit.url(""));
    end_of(command)
}

async fn post(kit: &Server, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::of(kit.client.post(kit.url(path)).body(body)).await
}

#[test]
fn deployed_actions_are_listed() {
    let project = Project::new();
    let output = project.run(&["action", "list"]);
    let rows: Vec<Vec<&str>> = printed(&output).lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["Action", "Web", "Function"]);
    for row in [
        ["ingestion/webhook", "yes", "ingestion/webhook"],
        ["product-backoffice/created", "no", "product/external/created"],
        ["product-commerce/full-sync", "yes", "product/commerce/full_sync"],
        ["webhook/check-stock", "yes", "webhook/check_stock"],
        ["starter-kit/info", "yes", "starter_kit/info"],
    ] {
        assert!(rows.contains(&row.to_vec()), "no {row:?} in {rows:?}");
    }
    let output = project.run(&["action", "list", "--json"]);
    let listed: Vec<Value> = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(listed.len(), rows.len() - 1);
    let check_stock = json!({"name": "webhook/check-stock", "web": true, "function": "webhook/check_stock"});
    assert!(listed.contains(&check_stock), "{listed:?}");
    assert!(!project.path().join("data").exists(), "looking makes nothing");
}

#[test]
fn one_action_is_shown_without_the_values_of_its_inputs() {
    let secret = "5ecret-of-the-tests";
    let project = Project::new().with("KIT_BIND", "").with("COMMERCE_ACCESS_TOKEN", secret);
    let output = project.run(&["action", "get", "webhook/check-stock"]);
    let text = printed(&output);
    for part in ["webhook/check-stock", "http://127.0.0.1:9080/api/v1/web/webhook/check-stock", "COMMERCE_ACCESS_TOKEN"]
    {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(!text.contains(secret), "{text}");
    let output = project.run(&["action", "get", "product-commerce/full-sync", "--json"]);
    let shown: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!((&shown["timeoutMs"], &shown["web"], &shown["events"]), (&json!(600_000), &json!(true), &json!([])));
    assert_eq!(shown["annotations"], json!({"final": true, "require-adobe-auth": true}));
    assert!(shown["inputs"].as_array().unwrap().contains(&json!("BACKOFFICE_PATH")), "{shown}");
    let output = project.run(&["action", "get", "product-backoffice/created", "--json"]);
    let shown: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(shown["web"], false);
    let url = "http://127.0.0.1:9080/api/v1/namespaces/_/actions/product-backoffice/created";
    assert_eq!(shown["url"], url);
    assert_eq!(shown["events"], json!(["be-observer.catalog_product_create"]));
}

#[test]
fn the_url_of_a_web_action_follows_the_settings() {
    let url = |project: &Project, arguments: &[&str]| {
        let output = project.run(&[&["action", "get", "starter-kit/info", "--url"], arguments].concat());
        printed(&output).trim().to_owned()
    };
    let project = Project::new().with("KIT_BIND", "127.0.0.1:1234");
    assert_eq!(url(&project, &[]), format!("http://127.0.0.1:1234{INFO}"));
    let project = project.with("KIT_URL", "https://kit.example.com/base");
    assert_eq!(url(&project, &[]), format!("https://kit.example.com/base{INFO}"));
    assert_eq!(url(&project, &["--json"]), format!(r#"{{"url":"https://kit.example.com/base{INFO}"}}"#));
    // Port 0 is another one each time.
    let output = Project::new().run(&["action", "get", "starter-kit/info", "--url"]);
    let said = complaint(&output);
    assert!(said.contains("`KIT_BIND`") && said.contains("hint: set `KIT_URL`"), "{said}");
}

#[test]
fn what_cannot_be_shown_or_called_is_said_with_a_hint() {
    // Nobody listens at port 1.
    let project = Project::new().with("KIT_URL", "http://127.0.0.1:1/");
    let check = |arguments: &[&str], texts: &[&str]| {
        let output = project.run(&[&["action"], arguments].concat());
        for text in texts {
            assert!(complaint(&output).contains(text), "{arguments:?}: no `{text}` in {output:?}");
        }
        assert_eq!(stdout(&output), "");
    };
    check(&["get", "starter-kit/inof"], &["no action `starter-kit/inof`", "hint: did you mean `starter-kit/info`?"]);
    check(&["invoke", "nothing"], &["no action `nothing`", "`kit action list`"]);
    check(
        &["invoke", "starter-kit/info"],
        &["no kit can be reached at http://127.0.0.1:1/", "hint: start one with `kit dev`"],
    );
    check(
        &["invoke", "product-backoffice/created"],
        &["no kit can be reached at http://127.0.0.1:1/", "hint: start one with `kit dev`"],
    );
    let output = Project::new().run(&["action", "get", "product-backoffice/created", "--url"]);
    assert!(complaint(&output).contains("hint: set `KIT_URL`"), "{output:?}");
    check(&["invoke", "starter-kit/info", "--param-file", "none.json"], &["cannot read none.json"]);
    project.write("list.json", "[]");
    check(&["invoke", "starter-kit/info", "--param-file", "list.json"], &["list.json has to hold one JSON object"]);
    let wrong = Project::new().with("KIT_URL", "kit.example.com");
    let output = wrong.run(&["action", "invoke", "starter-kit/info"]);
    assert!(complaint(&output).contains("`KIT_URL`: expected an `http` or `https` URL"), "{output:?}");
}

#[tokio::test]
async fn a_web_action_is_called_and_its_answer_printed() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let output = invoke(&project, &kit, &["starter-kit/info"]);
    let text = printed(&output);
    assert!(text.starts_with("{\n  "), "the answer is readable: {text}");
    let answer: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&answer["success"], stderr(&output)), (&json!(true), ""));
    assert_eq!(answer["message"]["starter_kit_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer, kit.get(INFO).await.body);
    assert_eq!(invoke(&project, &kit, &["starter-kit/info", "--json"]).stdout, output.stdout);

    // Values that are JSON are sent as such; those on the command line win over the file's.
    project.write("cart.json", r#"{"data": {"cart_id": "c", "items": []}, "other": 1}"#);
    let output = invoke(&project, &kit, &["webhook/check-stock", "--param-file", "cart.json"]);
    assert_eq!(serde_json::from_str::<Value>(printed(&output)).unwrap(), json!({"op": "success"}));
    let data = r#"{"cart_id": -1, "items": [5]}"#;
    let output = invoke(&project, &kit, &["webhook/check-stock", "--param-file", "cart.json", "--param", "data", data]);
    let answer: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(answer, json!({"op": "exception", "message": "data.items[0] must be an object"}));

    let sync = ["product-commerce/full-sync", "--param", "restart", "true", "--param", "pageSize", "-5"];
    let output = invoke(&project, &kit, &sync);
    assert!(complaint(&output).contains("`product-commerce/full-sync` answered 400"), "{output:?}");
    let answer: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(answer["error"], "`pageSize` must be a whole number from 1 to 300");
}

#[tokio::test]
async fn requests_that_cannot_be_used_are_refused_before_any_call() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    for (body, message) in [
        ("{}", "missing parameter(s) 'data.cart_id,data.items'"),
        (r#"{"data":{"cart_id":1}}"#, "missing parameter(s) 'data.items'"),
        (r#"{"data":{"cart_id":1,"items":[{"sku":1,"qty":1}]}}"#, "data.items[0].sku must be a text"),
    ] {
        let answer = post(&kit, CHECK_STOCK, body).await;
        assert_eq!((answer.status, answer.body), (200, json!({"op": "exception", "message": message})), "{body}");
    }
    assert_eq!(kit.get(CHECK_STOCK).await.status, 405);
    for (query, body, message) in [
        ("", r#"{"pageSize":301}"#, "`pageSize` must be a whole number from 1 to 300"),
        ("?pageSize=many", "", "`pageSize` must be a whole number from 1 to 300"),
        ("", r#"{"restart":1}"#, "`restart` must be true or false"),
        ("", "[]", "the body must be a JSON object"),
    ] {
        let answer = post(&kit, &format!("{FULL_SYNC}{query}"), body).await;
        assert_eq!((answer.status, answer.body), (400, json!({"success": false, "error": message})), "{query} {body}");
    }
    let progress = kit.get(FULL_SYNC).await;
    assert_eq!((progress.status, &progress.body["state"]), (200, &json!("idle")));
    assert!(kit.get("/sandbox/commerce/calls").await.body.as_array().unwrap().is_empty());
}
