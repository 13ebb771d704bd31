//! Registrations that `app.config.yaml` declares, beside those of the entities.

use serde_json::{Value, json};

use crate::support::{Project, product};

const MANIFEST: &str = "app.config.yaml";

/// A project with a second package for products, and a registration for it that spans both providers.
fn project() -> Project {
    let project = Project::new();
    let package = "      audit:\n        inputs:\n          $include: ./actions/commerce.inputs.yaml\n        actions:\n          \
        $include: ./actions/product/external/actions.config.yaml\n";
    let events = "  events:\n    registrations:\n      Audit of Products:\n        description: What the auditors see\n        \
        events_of_interest:\n          - provider_metadata: 3rd_party_custom_events\n            \
        event_codes: [be-observer.catalog_product_create]\n          - provider_metadata: dx_commerce_events\n            \
        event_codes: [com.adobe.commerce.observer.catalog_product_delete_commit_after]\n        \
        runtime_action: audit/consumer\n";
    let manifest = project.read(MANIFEST);
    let anchor = "productDependencies:";
    assert!(manifest.contains(anchor));
    project.write(MANIFEST, &manifest.replace(anchor, &format!("{package}{events}{anchor}")));
    project
}

#[tokio::test]
async fn a_declared_registration_gets_its_events_besides_the_others() {
    let project = project();
    let server = project.start(&["dev"]);
    let answer = server.send("1", "be-observer.catalog_product_create", &product("DECLARED-1")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let registrations = server
        .until("both registrations have had the event", async || {
            let listed = project.run(&["delivery", "list", "--json"]);
            let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
            let mut names: Vec<String> =
                listed.as_array()?.iter().map(|row| row["registration"].as_str().unwrap().to_owned()).collect();
            names.sort();
            (names.len() == 2).then_some(names)
        })
        .await;
    assert_eq!(registrations, ["Audit of Products", "Backoffice Product Sync"]);
    let listed: Value = serde_json::from_slice(&project.run(&["registration", "list", "--json"]).stdout).unwrap();
    let rows = listed.as_array().unwrap();
    assert!(rows.iter().any(|row| row["name"] == json!("Audit of Products")), "{listed}");
}

#[test]
fn what_is_wrong_with_a_declared_registration_is_told_with_the_rest() {
    let project = project();
    let manifest = project.read(MANIFEST);
    let wrong = manifest
        .replace("runtime_action: audit/consumer", "runtime_action: audit/consumr")
        .replace("[be-observer.catalog_product_create]", "[be-observer.catalog_product_craete]")
        .replace("Audit of Products", "commerce stock sync");
    project.write(MANIFEST, &wrong);
    let checked = project.run(&["check", "--json"]);
    assert_eq!(checked.status.code(), Some(1));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let faults: Vec<String> = checked["faults"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(faults.len(), 3, "{checked}");
    for told in
        ["did you mean `audit/consumer`?", "did you mean `be-observer.catalog_product_create`?", "commerce-stock-sync"]
    {
        assert!(faults.iter().any(|fault| fault.contains(told) && fault.contains(MANIFEST)), "{told}: {checked}");
    }
}
