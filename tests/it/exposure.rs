//! A kit that other machines reach lets nobody in unasked, and every path is in the table of `docs/security.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;

use crate::golden::root;
use crate::support::{Answer, Project, Server, TOKEN};

const OPERATOR: &str = "operator-of-the-tests";
const INFO: &str = "actions/starter_kit/actions.config.yaml";

/// A delivery that somebody made up.
const BODY: &str =
    r#"{"specversion":"1.0","id":"1","source":"urn:x","type":"x","recipientclientid":"client","data":{}}"#;

/// What a kit needs that other machines reach, but for its address.
fn production() -> Project {
    Project::new()
        .with("KIT_INGESTION_AUTH", "api-key")
        .with("KIT_INGESTION_API_KEY_SECRET", "5ecret-of-the-tests")
        .with("KIT_METRICS_TOKEN", OPERATOR)
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:9/rest/")
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")
}

/// `kit serve` refuses for exactly these faults, and `kit check --serve` says the same.
#[track_caller]
fn check_refused(project: &Project, faults: &[&str]) {
    let told = project.refusal(&["serve"]);
    for fault in faults {
        assert!(told.contains(fault), "no `{fault}` in:\n{told}");
    }
    assert_eq!(told.matches("\n  hint: ").count(), faults.len(), "{told}");
    let checked = String::from_utf8(project.run(&["check", "--serve"]).stderr).unwrap();
    assert!(checked.contains(told.strip_prefix("error: ").unwrap().trim_end()), "{checked}");
}

#[test]
fn all_that_is_open_is_said_at_once() {
    let project = production().with("KIT_BIND", "0.0.0.0:0");
    let checked = project.run(&["check", "--serve"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let project = project.with("KIT_INGESTION_AUTH", "none").with("KIT_METRICS_TOKEN", "");
    project.write(INFO, &project.read(INFO).replace("require-adobe-auth: true", "require-adobe-auth: false"));
    let open = [
        "`KIT_INGESTION_AUTH`: expected schemes: `KIT_BIND` is reached from other machines, and `none` takes events from",
        "`KIT_METRICS_TOKEN`: expected a token: `KIT_BIND` is reached from other machines",
        "actions/starter_kit/actions.config.yaml:1: `packages.starter-kit.actions.info.annotations.require-adobe-auth`: \
         expected `true`",
    ];
    check_refused(&project, &open);
    let project = project.with("KIT_INGESTION_IPS", "0.0.0.0/0");
    check_refused(&project, &open);
    let project = project.with("KIT_INGESTION_IPS", "192.0.2.0/24");
    check_refused(&project, &open[1..]);
    let project = project.with("KIT_BIND", "127.0.0.1:0");
    assert!(project.run(&["check", "--serve"]).status.success(), "on loopback all of this may be");
}

#[test]
fn an_action_that_commerce_calls_is_guarded_by_its_key() {
    let config = "actions/webhook/actions.config.yaml";
    let project = production().with("KIT_BIND", "[::]:0");
    project.write(config, &project.read(config).replace("require-adobe-auth: true", "require-adobe-auth: false"));
    check_refused(
        &project,
        &["`packages.webhook.actions.check-stock.annotations.require-adobe-auth`: expected `true`"],
    );
    let pair = openssl_key();
    let project = project.with("COMMERCE_WEBHOOKS_PUBLIC_KEY", &pair);
    let checked = project.run(&["check", "--serve"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// The public key of the example environment.
fn openssl_key() -> String {
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let line = example.lines().find_map(|line| line.strip_prefix("#COMMERCE_WEBHOOKS_PUBLIC_KEY='")).unwrap();
    line.trim_end_matches('\'').to_owned()
}

/// One line of the table.
struct Door {
    path: String,
    methods: Vec<Method>,
    status: u16,
}

fn table() -> Vec<Door> {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (_, section) = text.split_once("## Every path and who may call it").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `/"));
    let doors = rows.map(|row| {
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        let [path, methods, _, status] = cells[..] else { panic!("four cells: {row}") };
        let methods = methods.split(", ").map(|method| method.parse().unwrap()).collect();
        Door { path: format!("/{}", path.trim_end_matches('`')), methods, status: status.parse().unwrap() }
    });
    doors.collect()
}

/// What everybody may call: each has its reason in the table.
const OPEN: [&str; 6] = [
    "/health/live",
    "/health/ready",
    // The challenge says nothing but what the caller said.
    "/webhooks/{registration}",
    // They ask for their proof in the form.
    "/ims/token/v3",
    "/ims/token/v2",
    "/ims/validate_token/v1",
];

/// A path with something in the place of each name.
fn filled(path: &str) -> String {
    let known = path
        .replace("{namespace}", "_")
        .replace("{package}/{action}", "ingestion/webhook")
        .replace("/webhooks/{registration}", "/webhooks/backoffice-product-sync");
    let mut filled = String::new();
    let mut rest = known.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push('x');
        rest = after.split_once('}').unwrap().1;
    }
    filled + rest
}

async fn call(kit: &Server, method: &Method, path: &str, token: Option<&str>) -> Answer {
    // What is asked before it is asked who calls.
    let content_type = match path {
        "/" => "application/cloudevents+json",
        path if path.starts_with("/ims/") => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let request = kit.client.request(method.clone(), kit.url(path)).header("content-type", content_type).body(BODY);
    Answer::of(token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth)).await
}

/// Calls everything without a proof, and with one that somebody made up. What is open has its reason in the table.
async fn check_closed(kit: &Server) {
    for door in table() {
        for method in &door.methods {
            for token in [None, Some("made-up")] {
                let answer = call(kit, method, &filled(&door.path), token).await;
                let is_closed = matches!(answer.status, 401 | 403 | 404);
                assert!(is_closed || OPEN.contains(&door.path.as_str()), "{method} {}: {answer:?}", door.path);
            }
        }
    }
}

#[tokio::test]
async fn strangers_get_what_the_table_says() {
    let project = production();
    let kit = project.start(&["serve"]);
    for door in table() {
        for method in &door.methods {
            let answer = call(&kit, method, &filled(&door.path), None).await;
            assert_eq!(answer.status, door.status, "{method} {}: {answer:?}", door.path);
        }
    }
    check_closed(&kit).await;
    let listed = project.run(&["action", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut actions = 0;
    for action in listed.as_array().unwrap() {
        let path = format!("/api/v1/web/{}", action["name"].as_str().unwrap());
        let answer = call(&kit, &Method::POST, &path, None).await;
        assert!(matches!(answer.status, 401 | 404), "{path}: {answer:?}");
        actions += u32::from(answer.status == 401);
    }
    assert_eq!(actions, 4, "all web actions have a guard");
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn strangers_get_nowhere_in_the_other_roles() {
    let project = production().with("KIT_ROLE", "events-service").with("COMMERCE_BASE_URL", "");
    check_closed(&project.start(&["serve"])).await;
    let project = production()
        .with("KIT_EVENTS_API", "adobe")
        .with("KIT_EVENTS_INGRESS_URL", "http://127.0.0.1:9/")
        .with("IO_MANAGEMENT_BASE_URL", "http://127.0.0.1:9/events/")
        .with("OAUTH_BASE_URL", "http://127.0.0.1:9/ims/token/")
        .with("OAUTH_CLIENT_ID", "client")
        .with("OAUTH_CLIENT_SECRET", "secret-of-a-client")
        .with("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg")
        .with("IO_CONSUMER_ID", "10")
        .with("IO_PROJECT_ID", "20")
        .with("IO_WORKSPACE_ID", "30")
        .with("KIT_JOURNAL", "none");
    check_closed(&project.start(&["serve"])).await;
}

#[tokio::test]
async fn operators_bring_their_token() {
    let project = production().with("KIT_METRICS_TOKEN", r#"["new-token","old-token"]"#);
    let kit = project.start(&["serve"]);
    for token in ["new-token", "old-token"] {
        assert!(call(&kit, &Method::GET, "/metrics", Some(token)).await.text.contains("kit_deliveries_open"));
        let schema = call(&kit, &Method::GET, "/schemas/be-observer.catalog_product_create.json", Some(token)).await;
        assert_eq!(schema.status, 200);
    }
    let refused = call(&kit, &Method::GET, "/metrics", None).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(kit.terminate(), Some(0));
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if !path.ends_with("tests.rs") && path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Paths that the sources give a name.
const NAMED: [(&str, &str); 9] = [
    ("web_actions::ROUTE", "/api/v1/web/{package}/{action}"),
    ("event_webhooks::ROUTE", "/webhooks/{registration}"),
    ("ROUTE", "/"),
    ("VALIDATION_PATH", "/events/csm/registrations/validate"),
    ("{SAMPLE}", "/events/providers/{provider}/eventmetadata/{code}/sample_event"),
    ("SAMPLE", "/events/providers/{provider}/eventmetadata/{code}/sample_event"),
    ("{REGISTRATION}", "/events/{org}/{project}/{workspace}/registrations/{registration}"),
    ("{prefix}{JOURNAL}", "/organizations/{organization}/integrations/{credential}/{registration}"),
    ("{prefix}", ""),
];

#[test]
fn every_route_of_the_program_is_in_the_table() {
    let mut files = vec![root().join("src/metrics.rs"), root().join("src/inspect/routes.rs")];
    sources(&root().join("crates/server/src"), &mut files);
    sources(&root().join("crates/events-api/src"), &mut files);
    let known: BTreeSet<String> = table().into_iter().map(|door| door.path).collect();
    let mut routes = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for route in text.split(".route(").skip(1) {
            let argument = route.split_once(',').unwrap().0.trim();
            let path = argument.trim_start_matches("&format!(").trim_matches(['"', ')']).to_owned();
            let path = NAMED.iter().fold(path, |path, (name, named)| {
                if path == *name || name.starts_with('{') { path.replace(name, named) } else { path }
            });
            let path = path.replace("{{", "{").replace("}}", "}");
            assert!(known.contains(&path), "`{path}` of {} is not in the table", file.display());
            routes += 1;
        }
    }
    assert!(routes > 30, "{routes}");
}
