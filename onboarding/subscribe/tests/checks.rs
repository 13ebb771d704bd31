//! The file of subscriptions against what the registrations' actions need.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::{Desired, Record, RecordedProvider, SUBSCRIPTIONS_FILE, Subscriptions, Taking};

const SAVED: &str = r#"[
  {"event": {
    "name": "observer.catalog_product_save_commit_after",
    "fields": [
      {"name": "id"},
      {"name": "sku"},
      {"name": "name"},
      {"name": "created_at"},
      {"name": "updated_at"}
    ]
  }}
]"#;

fn taking(action: &str, code: &str) -> Taking {
    match (action, code.ends_with("order_save_commit_after")) {
        ("product-commerce/consumer", _) => {
            Taking::Needs(["sku", "updated_at", "created_at"].map(str::to_owned).to_vec())
        }
        ("order-commerce/consumer", true) => Taking::NoRoute,
        ("stock-commerce/consumer", _) => Taking::Needs(Vec::new()),
        _ => Taking::NotDeployed,
    }
}

fn faults(text: &str) -> Vec<String> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(SUBSCRIPTIONS_FILE), text).unwrap();
    let desired = Desired::load(&shipped, "local").unwrap();
    let provider =
        RecordedProvider { key: "commerce".into(), id: "p".into(), instance_id: "i".into(), label: "L".into() };
    let record = Record { providers: vec![provider], ..Record::default() };
    let subscriptions = Subscriptions::read(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let faults = subscriptions.check(&desired, Some(&record), &taking).err();
    let begin = format!("{}:", folder.path().join(SUBSCRIPTIONS_FILE).display());
    let told = faults.iter().flatten().map(|fault| fault.to_string().replacen(&begin, "", 1));
    told.collect()
}

/// A part of the file is replaced; this is what is told, and no more.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(SAVED.contains(from), "{from}");
    let found = faults(&SAVED.replacen(from, to, 1));
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn a_file_that_brings_what_is_needed_is_in_order() {
    assert_eq!(faults(SAVED), Vec::<String>::new());
    check(
        r#"{"name": "id"},"#,
        r#"{"name": "_isNew"}, {"name": "_origData"}, {"name": "cost_of_goods"}, {"name": "id"},"#,
        &[],
    );
    check(r#"{"name": "sku"}"#, r#"{"name": "sku", "source": "context.sku"}"#, &[]);
    assert_eq!(
        faults(r#"[{"event": {"name": "observer.catalog_product_save_commit_after", "fields": [{"name": "*"}]}}]"#),
        [""; 0]
    );
}

#[test]
fn a_misspelt_field_is_told_with_the_one_that_is_meant() {
    // The typo of Adobe's own file.
    let told =
        "6: `/0/event/fields/1/name`: `sku'` is no field that this event is known to have\n  hint: did you mean `sku`?";
    check(r#""sku""#, r#""sku'""#, &[told]);
    let told =
        "6: `/0/event/fields/1/name`: `skuu` is no field that this event is known to have\n  hint: did you mean `sku`?";
    check(r#""sku""#, r#""skuu""#, &[told]);
    // No action needs it, but its sample shows it.
    let told = "7: `/0/event/fields/2/name`: `nmae` is no field that this event is known to have\n  hint: did you mean `name`?";
    check(r#"{"name": "name"}"#, r#"{"name": "nmae"}"#, &[told]);
    let told = "5: `/0/event/fields/0/name`: `i d` is no field";
    check(r#"{"name": "id"}"#, r#"{"name": "i d"}"#, &[told]);
}

#[test]
fn what_the_actions_need_has_to_be_there() {
    check(
        r#"{"name": "sku"},"#,
        "",
        &[
            "4: `/0/event/fields`: `product-commerce/consumer` needs the field `sku`, and refuses events without it\n  hint: add {\"name\": \"sku\"}",
        ],
    );
    check(
        r#"{"name": "sku"},"#,
        r#"{"name": "sku"}, {"name": "sku"},"#,
        &["6: `/0/event/fields/2/name`: the field `sku` stands there twice"],
    );
}

#[test]
fn events_that_nobody_takes_are_told() {
    check(
        "product_save",
        "product_svae",
        &[
            "3: `/0/event/name`: no registration wants `com.adobe.commerce.observer.catalog_product_svae_commit_after` of the \
           provider `commerce`\n  hint: did you mean `observer.catalog_product_save_commit_after`?",
        ],
    );
    check(
        "observer.catalog_product_save_commit_after",
        "acme.x",
        &["3: `/0/event/name`: no registration wants `com.adobe.commerce.acme.x`"],
    );
    check(
        "observer.catalog_product_save_commit_after",
        "observer.customer_save_commit_after",
        &[
            "3: `/0/event/name`: `customer-commerce/consumer`, which gets it, is not deployed\n  hint: declare the action",
        ],
    );
    check(
        "observer.catalog_product_save_commit_after",
        "observer.sales_order_save_commit_after",
        &["3: `/0/event/name`: `order-commerce/consumer`, which gets it, has no route"],
    );
}

#[test]
fn providers_and_names_are_held_against_what_is_known() {
    check(
        r#""fields""#,
        r#""provider": "comerce", "fields""#,
        &[
            "4: `/0/event/provider`: `comerce` is no provider that events are wanted of\n  hint: did you mean `commerce`?",
        ],
    );
    check(
        r#""fields""#,
        r#""provider": "backoffice", "fields""#,
        &[
            "4: `/0/event/provider`: nobody knows the id of the provider `backoffice` yet\n  hint: run `kit onboard` first",
        ],
    );
    check(r#""fields""#, r#""provider": "commerce", "fields""#, &[]);
    let twice = SAVED.trim_end().trim_end_matches(']').to_owned() + "," + SAVED.trim_start().trim_start_matches('[');
    let found = faults(&twice);
    assert!(
        found.len() == 1
            && found[0]
                .contains("`/1/event/name`: `observer.catalog_product_save_commit_after` stands in the file twice"),
        "{found:?}"
    );
}

#[test]
fn what_cannot_be_read_has_its_label() {
    let folder = TempDir::new().unwrap();
    let told = Subscriptions::read(folder.path()).unwrap_err().to_string();
    assert!(
        told.starts_with("COMMERCE_EVENT_SUBSCRIBE → MISSING_EVENT_SPEC_FILE\n") && told.contains("  hint: "),
        "{told}"
    );
    fs::write(folder.path().join(SUBSCRIPTIONS_FILE), "[{").unwrap();
    let told = Subscriptions::read(folder.path()).unwrap_err().to_string();
    assert!(
        told.starts_with("COMMERCE_EVENT_SUBSCRIBE → INVALID_JSON_FILE\n") && told.contains(".json:1:2: EOF"),
        "{told}"
    );
    let rules = json!([{"event": {"name": "x", "fields": [{"name": "*"}], "rules": [{"field": "a", "operator": "lesThan", "value": 5}]}}]);
    fs::write(folder.path().join(SUBSCRIPTIONS_FILE), rules.to_string()).unwrap();
    let told = Subscriptions::read(folder.path()).unwrap_err().to_string();
    for words in [
        "`/0/event/rules/0/operator`: expected one of `greaterThan`, ",
        "did you mean `lessThan`?",
        "`/0/event/rules/0/value`: expected a text",
    ] {
        assert!(told.contains(words), "{told}");
    }
}
