//! Calls that would lead inside: nobody makes them for a stranger.

use serde_json::json;

use super::EventsService;
use crate::support::{PRODUCT_CREATE, Project, product};

/// None of these is connected to: each is refused for what it says.
const INSIDE: [(&str, &str); 7] = [
    ("http://127.0.0.1:9/", "loopback"),
    ("http://2130706433:9/", "loopback"),
    ("http://[::ffff:127.0.0.1]:9/", "loopback"),
    ("http://localhost:9/", "loopback"),
    ("http://169.254.169.254/latest/meta-data/", "link-local"),
    ("http://10.0.0.1/", "private"),
    ("http://[fd00:ec2::254]/", "private"),
];

#[tokio::test]
async fn no_webhook_of_a_client_leads_inside() {
    let service = EventsService::start_with(&[("KIT_OUTBOUND_ALLOW", "")]);
    for (url, _) in INSIDE {
        let target = json!({"delivery_type": "webhook", "webhook_url": url});
        let answer = service.ask_to_register(&target).await;
        assert_eq!(answer.status, 400, "{url}: {answer:?}");
        assert!(answer.text.contains("not one of the public internet"), "{url}: {answer:?}");
    }
}

#[tokio::test]
async fn what_a_kit_is_to_call_is_judged_before_it_starts() {
    for (url, kind) in INSIDE {
        let project = Project::new()
            .with("KIT_OUTBOUND_ALLOW", "")
            .with("KIT_INGESTION_AUTH", "none")
            .with("COMMERCE_BASE_URL", "https://shop.example.com/rest/")
            .with("COMMERCE_ACCESS_TOKEN", "token-of-commerce")
            .with("KIT_BACKOFFICE_URL", url);
        let refusal = project.refusal(&["serve"]);
        let problem = format!("`KIT_BACKOFFICE_URL`: expected an address of the public internet, this one is {kind}");
        assert!(refusal.contains(&problem) && refusal.contains("name it in `KIT_OUTBOUND_ALLOW`"), "{url}: {refusal}");
    }
}

/// An address that stands in the manifest is judged when it is called: the event waits for a person, who reads why.
#[tokio::test]
async fn an_event_whose_target_lies_inside_is_parked_with_the_reason() {
    let project = Project::new();
    let file = "actions/product/external/actions.config.yaml";
    let config = project.read(file).replacen(
        "  function: created.rs\n",
        "  function: created.rs\n  inputs: { COMMERCE_BASE_URL: 'http://10.0.0.1/rest/', COMMERCE_ACCESS_TOKEN: token }\n",
        1,
    );
    project.write(file, &config);
    let kit = project.start(&["dev"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    let reason = kit
        .until("the event waits for a person", || async {
            let listed = project.run(&["delivery", "list", "--json"]);
            let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).ok()?;
            let parked = listed.as_array()?.iter().find(|delivery| delivery["state"] == "parked")?.clone();
            Some(parked.to_string())
        })
        .await;
    assert!(reason.contains("its address is not public, and `KIT_OUTBOUND_ALLOW` does not name it"), "{reason}");
}
