//! A kit with settings that are wrong does not start, and says everything that is wrong at once.

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{PRODUCT_CREATE, PRODUCT_DELETE, Project, TOKEN, product};

const MANIFEST: &str = "app.config.yaml";
const INGESTION: &str = "actions/ingestion/actions.config.yaml";
const REGISTRATIONS: &str = "onboarding/config/starter-kit-registrations.json";

/// Stands for values that no output may repeat.
const SECRET: &str = "5ecret-of-the-tests";

/// Every fault is told with its hint, nothing else is, and `kit check` says the same.
#[track_caller]
fn check(project: &Project, faults: &[&str]) {
    let said = project.refusal(&["dev"]);
    for fault in faults {
        assert!(said.contains(fault), "no `{fault}` in:\n{said}");
    }
    assert_eq!(said.matches("\n  hint: ").count(), faults.len(), "each fault has one hint:\n{said}");
    assert!(!said.contains(SECRET), "{said}");
    let checked = project.run(&["check"]);
    assert_eq!((checked.status.code(), checked.stdout.len()), (Some(1), 0));
    let checked = String::from_utf8(checked.stderr).unwrap();
    let in_all = format!("{} to mend before `kit dev` can start\n", faults.len());
    assert_eq!(format!("{}\n{in_all}", said.strip_prefix("error: ").unwrap().trim_end()), checked);
    let checked = project.run(&["check", "--json"]);
    assert_eq!(checked.status.code(), Some(1));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(checked["faults"].as_array().unwrap().len(), faults.len());
    assert!(!checked.to_string().contains(SECRET), "{checked}");
    assert!(!project.path().join("data").exists(), "a kit that does not start makes nothing");
}

/// A project whose manifest includes `products.yaml` as the actions of products.
fn with_products(products: &str) -> Project {
    let project = Project::new();
    let manifest = "application:\n  runtimeManifest:\n    packages:\n      ingestion:\n        actions:\n          \
        $include: ./actions/ingestion/actions.config.yaml\n      product-backoffice:\n        actions:\n          \
        $include: ./products.yaml\n";
    project.write(MANIFEST, manifest);
    project.write("products.yaml", products);
    project
}

const WRONG_PRODUCTS: &str = "\
consumer:
  fuction: consumer.rs
  web: 'no'
  runtime: nodejs:20
created:
  function: actions/no/such/function
  web: maybe
  runtime: rust
  limits: { timeout: 5ecret-of-the-tests }
updated:
  function: actions/product/external/updated.rs
  web: 'yes'
  runtime: rust
";

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let project = with_products(WRONG_PRODUCTS).with("KIT_BIMD", SECRET).with("KIT_STORE", SECRET);
    let manifest = project.read(MANIFEST);
    let more = "      broken:\n        actions:\n          $include: ./broken.yaml\n      missing:\n        \
        inputs:\n          $include: ./cycle.yaml\n        actions:\n          $include: ./missing.yaml\n";
    project.write(MANIFEST, &format!("{manifest}{more}"));
    project.write("broken.yaml", "created:\n  function: created.rs\n  inputs: [5ecret-of-the-tests\n");
    project.write("cycle.yaml", "# Includes itself.\n$include: ./cycle.yaml\n");
    project.write(INGESTION, &project.read(INGESTION).replace("UID_POLICY: key", "UID_POLICY: 5ecret-of-the-tests"));
    project.write(
        ".env",
        "# Comment\nKIT_RETRY_FOR=5ecret-of-the-tests\n\nCOMMERCE_BASE_URL=https://a:5ecret-of-the-tests@b/\n",
    );
    project.write(REGISTRATIONS, "{\n  \"product\": [,]\n}\n");
    let packages = "packages.product-backoffice.actions";
    check(
        &project,
        &[
            "broken.yaml:3: expected YAML",
            "cycle.yaml:2: `packages.missing.inputs.$include`: Detected '$include' cycle: app.config.yaml -> cycle.yaml -> cycle.yaml",
            "app.config.yaml:17: `packages.missing.actions.$include`: expected the file `missing.yaml`, which does not exist",
            &format!(
                "products.yaml:1: `{packages}.consumer.function`: expected the path of the action's file, it is missing"
            ),
            &format!(
                "products.yaml:2: `{packages}.consumer.fuction`: expected a key of an action\n  hint: did you mean `function`?"
            ),
            &format!(
                "products.yaml:4: `{packages}.consumer.runtime`: expected `rust`\n  hint: write `runtime: rust`; nodejs"
            ),
            &format!(
                "products.yaml:5: `{packages}.created.function`: the function `no/such/function` is not in the table"
            ),
            &format!("products.yaml:7: `{packages}.created.web`: expected `yes`, `no` or `raw`"),
            &format!("products.yaml:9: `{packages}.created.limits.timeout`: expected a whole number"),
            &format!("products.yaml:10: `{packages}.updated.web`: this function runs on events"),
            "actions/ingestion/actions.config.yaml:1: `packages.ingestion.actions.webhook.inputs`: the input `UID_POLICY`",
            "`KIT_BIMD`: expected a variable that the kit knows\n  hint: did you mean `KIT_BIND`?",
            "`KIT_STORE`: expected `sqlite`",
            ".env:2: `KIT_RETRY_FOR`: expected a duration",
            ".env:4: `COMMERCE_BASE_URL`: expected an `http` or `https` URL",
            "`COMMERCE_CONSUMER_KEY`: Unknown auth type, supported IMS OAuth or Commerce OAuth1",
            "onboarding/config/starter-kit-registrations.json:2:15: ",
        ],
    );
}

#[test]
fn an_env_file_that_cannot_be_read_is_told_by_its_lines() {
    let project = Project::new();
    project.write(".env", "KIT_DATA=data\n5ecret-of-the-tests\nLOG_LEVEL=info\nKIT_API_KEY='5ecret-of-the-tests\n");
    check(&project, &[".env:2: expected `NAME=value`", ".env:4: expected `NAME=value`"]);
}

#[test]
fn a_token_that_cannot_be_sent_is_not_shown() {
    let project = Project::new().with("KIT_SANDBOX_TOKEN", &format!("{SECRET} {SECRET}"));
    check(&project, &["`KIT_SANDBOX_TOKEN`: expected a token of visible ASCII characters, without spaces"]);
    let project = Project::new()
        .with("COMMERCE_BASE_URL", "https://shop/")
        .with("COMMERCE_ACCESS_TOKEN", "5ecret-of-the-tests\n");
    check(&project, &["`COMMERCE_ACCESS_TOKEN`: expected a token of visible ASCII characters, without spaces"]);
}

#[test]
fn a_missing_manifest_is_told_with_the_folder_in_mind() {
    let project = Project::new();
    std::fs::remove_file(project.path().join(MANIFEST)).unwrap();
    check(&project, &["`app.config.yaml`: expected the file `app.config.yaml`, which does not exist"]);
}

#[test]
fn onboarding_files_are_checked_before_the_start() {
    let project = Project::new();
    project.write(REGISTRATIONS, r#"{"product": ["backoffice"], "order": []}"#);
    let tree = "starter-kit-registrations.json: MISSING_REGISTRATIONS\n\
        ├── Registration \"customer\" is required\n\
        └── Registration \"stock\" is required\n\
        \n\
        Check that they are present in \"/onboarding/config/starter-kit-registrations.json\"";
    check(&project, &[tree]);

    let project = Project::new();
    project.write("onboarding/config/events.json", "{\n  \"product\": {\"backoffice\": [\"5ecret");
    project.write("onboarding/config/providers.json", r#"[{"key": "backoffice", "label": 5}]"#);
    let faults = [
        "onboarding/config/events.json:2:",
        "onboarding/config/providers.json:1: `/0`: expected the member `description`, it is missing\n  hint: add",
        "onboarding/config/providers.json:1: `/0/label`: expected a text\n  hint: its name",
    ];
    check(&project, &faults);
}

#[test]
fn what_single_registrations_want_is_checked_before_the_start() {
    const DELIVERY: &str = "onboarding/config/delivery.json";
    let project = Project::new().with("KIT_ON_PARKED", "stop");
    project.write(DELIVERY, "{\n  \"a\": {\n    \"retry_fro\": \"2h\",\n    \"at_once\": 0}}");
    let faults = [
        "`KIT_ON_PARKED`: expected `step-over` or `block`",
        "onboarding/config/delivery.json:3: `a.retry_fro`: expected a member that deliveries have\n  hint: did you mean \
         `retry_for`?",
        "onboarding/config/delivery.json:4: `a.at_once`: expected a whole number from 1 to 1024",
    ];
    check(&project, &faults);

    let project = Project::new();
    project.write(DELIVERY, r#"{"Backoffice Product Sync": {}, "backoffice-product-sync": {}}"#);
    check(&project, &["expected each registration once in onboarding/config/delivery.json"]);

    project.write(DELIVERY, r#"{"Backoffice Product Sink": {"on_parked": "block"}}"#);
    let checked = project.run(&["check"]);
    assert!(checked.status.success());
    let said = String::from_utf8(checked.stdout).unwrap();
    let note = "`Backoffice Product Sink` in onboarding/config/delivery.json is no registration of this kit; \
                did you mean `Backoffice Product Sync`?\n";
    assert!(said.contains(note), "{said}");
}

#[test]
fn production_needs_its_settings() {
    let bare = Project::new().with("AIO_runtime_namespace", "").with("AIO_runtime_auth", "");
    let said = bare.refusal(&["serve"]);
    let needed = [
        "`AIO_runtime_namespace`: expected the namespace of the runtime API, it is not set",
        "`AIO_runtime_auth`: expected the key of the runtime API, it is not set\n  hint: make one with `echo ",
        "`KIT_INGESTION_AUTH`: ",
        "`COMMERCE_BASE_URL`: ",
        "`COMMERCE_CONSUMER_KEY`: ",
        "`KIT_BACKOFFICE_URL`: ",
    ];
    for text in needed {
        assert!(said.contains(text), "no `{text}` in:\n{said}");
    }
    assert_eq!(said.matches("\n  hint: ").count(), needed.len(), "{said}");
    let checked = bare.run(&["check", "--serve"]);
    let checked = String::from_utf8(checked.stderr).unwrap();
    assert!(needed.iter().all(|text| checked.contains(text)), "{checked}");
    let project = Project::new()
        .with("KIT_INGESTION_AUTH", SECRET)
        .with("COMMERCE_BASE_URL", "https://shop.example.com/rest/?token=5ecret-of-the-tests")
        .with("COMMERCE_ACCESS_TOKEN", SECRET);
    let said = project.refusal(&["serve"]);
    assert!(said.contains("`KIT_INGESTION_AUTH`: expected `none`, or schemes out of "), "{said}");
    assert!(said.contains("`COMMERCE_BASE_URL`: expected an `http` or `https` URL"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    // The manifest is checked just the same.
    let said = with_products(WRONG_PRODUCTS).refusal(&["serve"]);
    assert!(said.contains("`KIT_INGESTION_AUTH`: ") && said.contains("products.yaml:4: "), "{said}");
}

#[tokio::test]
async fn production_serves_a_commerce_elsewhere() {
    let sandbox = Sandbox::new(TOKEN.to_owned());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let commerce = format!("http://{}/sandbox/commerce/rest/", listener.local_addr().unwrap());
    let router = sandbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let project = Project::new()
        .with("KIT_SANDBOX_TOKEN", "")
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", &commerce)
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")
        .with("LOG_LEVEL", "debug");
    let kit = project.start(&["serve"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A/B 1")).await.status, 200);
    assert_eq!(kit.send("2", PRODUCT_CREATE, &product("GONE")).await.status, 200);
    assert_eq!(kit.send("3", PRODUCT_DELETE, &json!({"sku": "GONE"})).await.status, 200);
    kit.until("three calls elsewhere", || async { (sandbox.calls().len() >= 3).then_some(()) }).await;
    assert_eq!(sandbox.product("A/B 1").unwrap()["name"], "Name of A/B 1");
    assert_eq!(sandbox.product("GONE"), None);
    // Stand-ins are no part of production.
    for path in ["/sandbox/commerce/calls", "/sandbox/commerce/rest/V1/products/A", "/sandbox/faults"] {
        assert_eq!(kit.get(path).await.status, 404, "{path}");
    }
    let log = kit.log();
    assert_eq!(kit.terminate(), Some(0));
    assert!(!log.contains(TOKEN), "{log}");
}

#[tokio::test]
async fn a_token_that_commerce_refuses_is_not_a_lost_event() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let commerce = kit.url("/sandbox/commerce/rest/");
    let stranger = Project::new()
        .with("COMMERCE_BASE_URL", &commerce)
        .with("COMMERCE_ACCESS_TOKEN", SECRET)
        .with("KIT_RETRY_DELAYS", "10ms");
    let other = stranger.start(&["dev"]);
    assert_eq!(other.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.calls_reach("products", 1).await;
    let said = other.until("a word on it", || async { Some(other.log()).filter(|log| log.contains("401")) }).await;
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(kit.product("A").await.status, 404);
    assert!(other.calls("products").await.is_empty(), "`COMMERCE_BASE_URL` takes the place of the sandbox");
}

#[test]
fn every_line_of_the_example_environment_is_known_and_valid() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example")).unwrap();
    let assignments = example.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| {
        line.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    });
    let filled: Vec<String> = assignments
        .map(|line| if line.ends_with('=') { format!("{line}a-token-of-the-example") } else { line.to_owned() })
        .collect();
    assert!(filled.len() > 10, "the example has lines to uncomment");
    let project = Project::new().with("KIT_BIND", "").with("KIT_SANDBOX_TOKEN", "");
    project.write(".env", &filled.join("\n"));
    crate::limits::install_certificate(&project, "first");
    let output = project.run(&["check", "--serve"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_files_of_onboarding_commands_are_checked_too() {
    const FOLDER: &str = "onboarding/config";
    let project = Project::new();
    let subscriptions = project.read(&format!("{FOLDER}/commerce-event-subscribe.json"));
    let wrong = subscriptions.replacen("\"fields\"", "\"feilds\"", 1);
    project.write(&format!("{FOLDER}/commerce-event-subscribe.json"), &wrong);
    let workspace = json!({"project": {"id": "1", "org": {"id": []}, "details": {"client_secrets": [SECRET]}}});
    project.write(&format!("{FOLDER}/workspace.json"), &workspace.to_string());
    let faults = [
        "commerce-event-subscribe.json:3: `/0/event`: expected the member `fields`, it is missing\n  hint: add `fields`: ",
        "commerce-event-subscribe.json:5: `/0/event/feilds`: expected a member that is known here\n  hint: did you mean `fields`?",
        "workspace.json:1: `/project`: expected the member `workspace`, it is missing",
        "workspace.json:1: `/project/org/id`: expected a text or a whole number",
    ];
    check(&project, &faults);

    // Who needs neither has neither.
    for file in ["commerce-event-subscribe.json", "workspace.json"] {
        std::fs::remove_file(project.path().join(FOLDER).join(file)).unwrap();
    }
    assert!(project.run(&["check"]).status.success());
}
