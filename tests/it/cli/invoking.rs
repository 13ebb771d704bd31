//! Actions that are run from the command line, through the runtime API.

use serde_json::{Value, json};

use super::{KEY, json_of, project, text};
use crate::support::{PRODUCT_CREATE, Project, Server, product};

const CONSUMER: &str = "product-backoffice/consumer";

/// Runs the consumer on an event with this value.
fn invoke(project: &Project, value: &Value, options: &[&str]) -> (Option<i32>, String, String) {
    let value = value.to_string();
    let event = ["action", "invoke", CONSUMER, "-p", "type", PRODUCT_CREATE, "-p", "data", &value];
    let output = project.run(&[&event, options].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Commands of this project ask this kit.
fn asking(kit: &Server) -> Project {
    Project::new().with("KIT_URL", &kit.url("")).with("KIT_API_KEY", KEY)
}

#[tokio::test]
async fn an_action_on_events_is_run_and_its_result_printed() {
    let here = project();
    let kit = here.start(&["dev"]);
    let there = asking(&kit);
    let (code, told, said) = invoke(&there, &product("A"), &[]);
    let result: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, said.as_str(), &result["statusCode"]), (Some(0), "", &json!(200)), "{told}");
    assert_eq!(kit.product("A").await.status, 200, "it had its effect");
    assert_eq!(invoke(&there, &product("A"), &["-r"]).0, Some(0));
    let (code, told, _) = invoke(&there, &product("B"), &["-b"]);
    let record: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &record["response"]["result"]["statusCode"]), (Some(0), &json!(200)), "{told}");
    let id = record["activationId"].as_str().unwrap();
    assert_eq!(json_of(&here, &format!("activation result {id}")), record["response"]["result"]);
    let (code, id, _) = invoke(&there, &product("C"), &["--no-wait"]);
    assert_eq!((code, id.trim().len()), (Some(0), 32), "{id}");
    kit.until("the run ends by itself", || async {
        let shown = here.run(&["activation", "get", id.trim(), "--json"]);
        shown.status.success().then_some(())
    })
    .await;
    assert_eq!(kit.product("C").await.status, 200);
}

#[tokio::test]
async fn a_run_that_fails_names_its_activation_and_the_next_command() {
    let here = project();
    let kit = here.start(&["dev"]);
    let there = asking(&kit);
    let (code, told, said) = invoke(&there, &json!({"sku": 5}), &[]);
    assert_eq!(code, Some(1), "{told} {said}");
    assert!(said.starts_with(&format!("error: `{CONSUMER}` ended with an error")), "{said}");
    let id = said.split("kit activation get ").nth(1).unwrap().split('`').next().unwrap();
    let record = json_of(&here, &format!("activation get {id} --json"));
    assert_eq!(record["response"]["result"], serde_json::from_str::<Value>(&told).unwrap());
    let handler = json_of(&here, &format!("activation get {} --json", record["caused"][0].as_str().unwrap()));
    assert_eq!(
        (&handler["name"], &handler["cause"]),
        (&json!("created"), &json!(id)),
        "the consumer leads to its handler"
    );
    let output = there.run(&["action", "invoke", "product-commerce/full-sync", "-p", "pageSize", "-5"]);
    let said = text(&output.stderr);
    assert!(said.contains("answered 400\n  hint: `kit activation get "), "a web action's as well: {said}");
    let stranger = asking(&kit).with("KIT_API_KEY", "").with("AIO_runtime_auth", "");
    let (code, _, said) = invoke(&stranger, &product("A"), &[]);
    assert!(code == Some(1) && said.contains("set `KIT_API_KEY`"), "{said}");
}

#[tokio::test]
async fn the_kit_of_the_folder_is_asked_with_the_key_that_it_made() {
    let here = Project::new().with("AIO_runtime_auth", "");
    let kit = here.start(&["dev"]);
    let here = here.with("KIT_BIND", &kit.address);
    let (code, told, said) = invoke(&here, &product("A"), &[]);
    assert_eq!(code, Some(0), "{told} {said}");
    assert_eq!(kit.product("A").await.status, 200);
}
