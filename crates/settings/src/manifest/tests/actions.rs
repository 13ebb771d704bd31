use std::path::PathBuf;

use serde_json::{Value, json};

use super::{SECRET, load, load_action};
use crate::{Limits, Location, Web};

const ROOT: &str = "
application:
  hooks:
    pre-app-build: ignored
  runtimeManifest:
    packages:
      product-backoffice:
        license: Apache-2.0
        inputs:
          LOG_LEVEL: debug
          NAME: $NAME
        actions:
          $include: ./actions/product/external/actions.config.yaml
      ingestion:
        actions:
          webhook:
            function: actions/ingestion/webhook
            runtime: rust
            web: raw
            limits: {timeout: 1000, concurrency: 1, memory: 512, logs: 0, payload: 16, result: 2}
            relations:
              event-listener-for: [com.acme.code]
      empty:
        actions:
productDependencies:
  - $include: dependency.yaml
anything: else
";

const ACTIONS: &str = "
consumer:
  function: consumer.rs
  runtime: rust
  annotations:
    require-adobe-auth: true
    final: 'later'
created:
  $include: created/action.yaml
";

const CREATED: &str = "
function: ../created.rs
runtime: rust
web: 'yes'
inputs:
  LOG_LEVEL: info
  TOKEN: $SECRET
";

fn files() -> [(&'static str, &'static str); 4] {
    [
        ("app.config.yaml", ROOT),
        ("actions/product/external/actions.config.yaml", ACTIONS),
        ("actions/product/external/created/action.yaml", CREATED),
        ("dependency.yaml", "code: COMMC"),
    ]
}

#[test]
fn actions_of_several_files_come_in_order_with_their_settings() {
    let manifest = load(&files()).unwrap();
    let names: Vec<String> = manifest.actions.iter().map(crate::Action::full_name).collect();
    assert_eq!(names, ["product-backoffice/consumer", "product-backoffice/created", "ingestion/webhook"]);

    let consumer = &manifest.actions[0];
    assert_eq!(consumer.function, "product/external/consumer");
    assert_eq!(consumer.web, Web::No);
    assert_eq!(consumer.limits, Limits::default());
    let adobes =
        Limits { timeout_ms: 60_000, concurrency: 200, memory_mb: 256, logs_mb: 10, payload_mb: 1, result_mb: 1 };
    assert_eq!(consumer.limits, adobes);
    assert_eq!(consumer.annotation("require-adobe-auth"), Some(&Value::from(true)));
    assert_eq!(consumer.annotation("final"), Some(&Value::from("later")));
    assert_eq!(consumer.annotation("other"), None);
    assert_eq!(json!(consumer.inputs), json!({"LOG_LEVEL": "debug", "NAME": "value"}));
    let file = PathBuf::from("actions/product/external/actions.config.yaml");
    assert_eq!(consumer.at, Location { file, line: 2 });

    let created = &manifest.actions[1];
    assert_eq!(created.function, "product/external/created");
    assert_eq!(created.web, Web::Yes);
    assert_eq!(json!(created.inputs), json!({"LOG_LEVEL": "info", "NAME": "value", "TOKEN": SECRET}));

    let webhook = &manifest.actions[2];
    assert_eq!(webhook.function, "ingestion/webhook");
    assert_eq!(webhook.web, Web::Raw);
    let limits = Limits { timeout_ms: 1_000, concurrency: 1, memory_mb: 512, logs_mb: 0, payload_mb: 16, result_mb: 2 };
    assert_eq!(webhook.limits, limits);
}

#[test]
fn debug_shows_the_names_of_inputs_only() {
    let shown = format!("{:?}", load(&files()).unwrap());
    assert!(shown.contains("TOKEN"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn web_is_told_in_several_words() {
    fn check(line: &str, expected: Web) {
        let action = load_action(&["function: f", "runtime: rust", line]).unwrap();
        assert_eq!(action.web, expected, "{line}");
    }
    check("web: yes", Web::Yes);
    check("web: 'yes'", Web::Yes);
    check("web: true", Web::Yes);
    check("web: raw", Web::Raw);
    check("web: no", Web::No);
    check("web: \"no\"", Web::No);
    check("web: false", Web::No);
    check("main: ignored", Web::No);
}

#[test]
fn a_function_is_named_by_its_path_below_the_actions() {
    fn check(function: &str, expected: &str) {
        let line = format!("function: {function}");
        assert_eq!(load_action(&[&line, "runtime: rust"]).unwrap().function, expected);
    }
    check("actions/stock/external/updated.rs", "stock/external/updated");
    check("actions/stock/external/updated", "stock/external/updated");
    check("./actions/stock/../order/commerce/created.rs", "order/commerce/created");
    check("elsewhere/updated.rs", "elsewhere/updated");
}

#[test]
fn keys_of_adobe_without_a_meaning_here_are_accepted() {
    let lines = ["function: f", "runtime: rust", "main: m", "docker: d", "include: [[a, b]]", "relations: {a: [b]}"];
    assert!(load_action(&lines).is_ok());
}

#[test]
fn a_key_whose_entries_are_commented_out_is_empty() {
    let action = load_action(&["function: f", "runtime: rust", "inputs:", "annotations:", "limits:"]).unwrap();
    assert!(action.inputs.is_empty());
    assert_eq!(action.limits, Limits::default());
}

#[test]
fn names_may_have_inner_blanks_dots_and_ats() {
    fn check(name: &str, is_valid: bool) {
        let text = format!(
            "application: {{runtimeManifest: {{packages: {{{name:?}: {{actions: {{{name:?}: {{function: f, runtime: rust}}}}}}}}}}}}"
        );
        let loaded = load(&[("app.config.yaml", &text)]);
        assert_eq!(loaded.is_ok(), is_valid, "{name}: {loaded:?}");
        if let Err(faults) = loaded {
            assert_eq!(faults.len(), 2, "{faults}");
        }
    }
    check("a", true);
    check("_", true);
    check("9", true);
    check("product-backoffice", true);
    check("a b@c.d-", true);
    check("", false);
    check("-a", false);
    check("a ", false);
    check("a/b", false);
    check("ü", false);
}
