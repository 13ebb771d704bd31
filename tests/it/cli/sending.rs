//! Samples, and events that are sent from the command line.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{check_refused, json_of, printed, project, run, text};
use crate::support::{PRODUCT_CREATE, Project, Server};

/// Commands of this project ask the kit that runs.
fn asking(project: Project, kit: &Server) -> Project {
    project.with("KIT_URL", &kit.url(""))
}

/// What the kit stored under this uid.
fn stored(project: Project, uid: &str) -> Value {
    let tail = json_of(&project.with("KIT_URL", ""), "journal tail backoffice-product-sync --json");
    let events = tail["events"].as_array().unwrap().clone();
    let found = events.iter().find(|event| event["event"]["data"]["sku"] == uid).unwrap_or_else(|| panic!("{tail}"));
    found["event"]["data"].clone()
}

#[test]
fn every_sample_is_one_that_its_event_takes() {
    let project = project();
    for code in ["be-observer.catalog_product_create", "be-observer.catalog_stock_update"] {
        let sample = json_of(&project, &format!("event sample {code}"));
        assert!(sample.is_object() || sample.is_array(), "{code}: {sample}");
    }
    let hint = "did you mean `be-observer.catalog_product_create`?";
    check_refused(&project, "event sample be-observer.catalog_product_craete", "onboarding/config/events.json", hint);
    assert!(!project.path().join("data").exists(), "looking makes nothing");
}

#[tokio::test]
async fn a_sample_is_filled_and_sent() {
    let project = project();
    let kit = project.start(&["dev"]);
    let project = asking(project, &kit);
    let line = format!("event send {PRODUCT_CREATE} --set sku=A --set price=2 --set name=12 --uid first");
    // A name is a text, whatever it looks like.
    check_refused(
        &project,
        &line,
        &format!("the value is not what `{PRODUCT_CREATE}` carries: `/name`"),
        "nothing was sent",
    );
    let line = line.replace("name=12", "name=\"12\"");
    let said = printed(&project, &line);
    let (status, rest) = said.split_once('\n').unwrap();
    assert!(status.starts_with("200 ") && status.contains("\"success\":true"), "{said}");
    let id = rest.strip_prefix("event ").and_then(|rest| rest.split_once(',')).unwrap().0;
    assert_eq!(rest, format!("event {id}, uid first\nsee what becomes of it: kit event trace {id}\n"));
    let again = printed(&project, &line);
    assert!(again.contains("this uid had come before\nsee what became of it: kit event trace first"), "{again}");
    let told = json_of(&project, &format!("event send {PRODUCT_CREATE} --set sku=B --json"));
    assert_eq!((&told["status"], told["uid"].is_string(), told["event"].is_string()), (&json!(200), true, true));
    kit.until("both are stored", || async {
        let listed = json_of(
            &super::project().with("KIT_DATA", project.path().join("data").to_str().unwrap()),
            "delivery list --json",
        );
        (listed.as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    let value = stored(project, "A");
    assert_eq!((&value["price"], &value["name"]), (&json!(2), &json!("12")));
    assert!(value["description"].is_string(), "the rest is the sample's: {value}");
}

#[test]
fn what_cannot_be_sent_is_refused_before_it_is() {
    // Nobody listens at port 1.
    let project = project().with("KIT_URL", "http://127.0.0.1:1/");
    let send = |rest: &str| format!("event send {PRODUCT_CREATE} {rest}");
    check_refused(&project, &send("--set skuu=A"), "`--set`: `skuu`: there is no `skuu`", "did you mean `sku`?");
    check_refused(&project, &send("--set sku.a=A"), "`--set`: `sku.a`: `sku` is a text", "`kit event sample`");
    check_refused(&project, &send("--set sku[=A"), "`--set`: `sku[` is no path", "items[0].sku");
    check_refused(&project, &send("--set sku"), "`--set sku` sets nothing", "such as `sku=A`");
    check_refused(&project, &send("--data none.json"), "`--data`: cannot read none.json", "");
    project.write("list.json", "[1");
    check_refused(&project, &send("--data list.json"), "`--data`: list.json is no JSON", "");
    project.write("value.json", "{\"sku\": 5}");
    check_refused(&project, &send("--data value.json"), "the value is not what", "nothing was sent");
    check_refused(
        &project,
        "event send be-observer.unheard",
        "onboarding/config/events.json has no sample",
        "did you mean `be-observer.",
    );
    let commerce = "event send com.adobe.commerce.observer.catalog_product_save_commit_after";
    check_refused(
        &project,
        commerce,
        "`com.adobe.commerce.observer.catalog_product_save_commit_after` is an event of `commerce`",
        "CloudEvent",
    );
    check_refused(
        &project,
        &send("--set sku=A"),
        "no kit can be reached at http://127.0.0.1:1/",
        "start one with `kit dev`",
    );
}

#[tokio::test]
async fn a_value_comes_from_a_file_or_from_stdin() {
    let project = project();
    let kit = project.start(&["dev"]);
    let project = asking(project, &kit);
    let value = json!({"sku": "F", "name": "from a file", "price": 1, "description": "d"});
    project.write("value.json", &value.to_string());
    printed(&project, &format!("event send {PRODUCT_CREATE} --data value.json --set price=3"));
    let mut child = project.command(&["event", "send", PRODUCT_CREATE, "--data", "-"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.to_string().replace("\"F\"", "\"G\"").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stored(project, "F")["price"], 3);
}

#[tokio::test]
async fn who_sends_is_proved_as_the_kit_demands() {
    const SECRET: &str = "secret-of-the-senders-in-these-tests";
    let standard = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    for (scheme, variables) in [
        ("api-key", vec![("KIT_INGESTION_API_KEY_SECRET", SECRET)]),
        ("basic", vec![("KIT_INGESTION_BASIC_USER", "sender"), ("KIT_INGESTION_BASIC_PASSWORD", SECRET)]),
        ("hmac", vec![("KIT_INGESTION_HMAC_SECRET", SECRET)]),
        ("port", vec![("KIT_INGESTION_PORT_SECRET", SECRET)]),
        ("stripe", vec![("KIT_INGESTION_STRIPE_SECRET", SECRET)]),
        ("standard-webhooks", vec![("KIT_INGESTION_STANDARD_WEBHOOKS_SECRET", standard)]),
    ] {
        let with = |project: Project| {
            let project = project.with("KIT_INGESTION_AUTH", scheme);
            variables.iter().fold(project, |project, (name, value)| project.with(name, value))
        };
        let project = with(project());
        let kit = project.start(&["dev"]);
        let line = format!("event send {PRODUCT_CREATE} --set sku=A");
        let said = printed(&asking(project, &kit), &line);
        assert!(said.starts_with("200 "), "{scheme}: {said}");
        let stranger = Project::new().with("KIT_URL", &kit.url(""));
        let output = run(&stranger, &line);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{scheme}: {told}");
        assert!(
            told.contains("the event was not taken: 401") && told.contains("`KIT_INGESTION_AUTH` is not set here"),
            "{told}"
        );
    }
}

#[test]
fn what_is_missing_for_a_proof_is_said() {
    let project =
        project().with("KIT_URL", "http://127.0.0.1:1/").with("KIT_INGESTION_AUTH", "client-certificate,port");
    let line = format!("event send {PRODUCT_CREATE}");
    check_refused(
        &project,
        &line,
        "nothing can be sent as `KIT_INGESTION_AUTH` demands",
        "`KIT_INGESTION_PORT_SECRET`",
    );
}
