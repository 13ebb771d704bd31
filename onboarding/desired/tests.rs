use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Desired, EVENTS_FILE, LoadError, PROVIDERS_FILE, Problem, REGISTRATIONS_FILE, samples};

const PROVIDERS: &str = r#"[{"key":"commerce","label":"Commerce Provider","description":"C"},
{"key":"backoffice","label":"Backoffice Provider","description":"B","docs_url":"https://docs.example.com"}]"#;
const EVENTS: &str = r#"{"product":{"commerce":{"saved":{}},"backoffice":{"made":{"sampleEventTemplate":{ "b": 1,
 "a": "x \" y\\" }},"dropped":{"sampleEventTemplate":7}}}}"#;
const REGISTRATIONS: &str = r#"{"product":["commerce","backoffice"],"customer":[],"order":[],"stock":[]}"#;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// A config folder that is in order, except for one file.
fn folder_with(name: &str, text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (file, text) in [(PROVIDERS_FILE, PROVIDERS), (EVENTS_FILE, EVENTS), (REGISTRATIONS_FILE, REGISTRATIONS)] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn load(folder: &TempDir) -> Result<Desired, LoadError> {
    Desired::load(folder.path(), "1-shop")
}

/// One file is wrong; the only problem must read `expected`, in which `~` is the folder.
#[track_caller]
fn check(name: &str, text: &str, expected: &str) {
    let folder = folder_with(name, text);
    let error = load(&folder).expect_err(text).to_string();
    assert_eq!(error.replace(&folder.path().display().to_string(), "~"), expected);
}

#[track_caller]
fn check_labels(namespace: &str, suffix: &str) {
    let desired = Desired::load(&shipped(), namespace).unwrap();
    let labels: Vec<&str> = desired.providers.iter().map(|provider| provider.label.as_str()).collect();
    assert_eq!(labels, [format!("Commerce Provider - {suffix}"), format!("Backoffice Provider - {suffix}")]);
}

#[test]
fn labels_end_with_the_suffix_of_the_namespace() {
    check_labels("1340225-testOrg-testWorkspace", "testOrg-testWorkspace");
    check_labels("eistarterkitv1", "eistarterkitv1");
}

#[test]
fn the_shipped_files_describe_two_providers() {
    let desired = Desired::load(&shipped(), "local").unwrap();
    let [commerce, backoffice] = &desired.providers[..] else { panic!("{:?}", desired.providers) };
    assert_eq!((commerce.key.as_str(), commerce.provider_metadata.as_str()), ("commerce", "dx_commerce_events"));
    assert_eq!(commerce.description, "Commerce Provider that will receive events from commerce");
    assert_eq!(commerce.docs_url, None);
    let metadata = backoffice.provider_metadata.as_str();
    assert_eq!((backoffice.key.as_str(), metadata), ("backoffice", "3rd_party_custom_events"));
    assert_eq!(backoffice.description, "Backoffice Provider that will receive events from commerce");
}

#[test]
fn the_shipped_files_describe_21_events_with_samples() {
    let desired = Desired::load(&shipped(), "local").unwrap();
    let codes: Vec<&str> = desired.metadata.iter().map(|metadata| metadata.event_code.as_str()).collect();
    #[rustfmt::skip]
    let expected = [
        "com.adobe.commerce.observer.catalog_product_save_commit_after",
        "com.adobe.commerce.observer.catalog_product_delete_commit_after",
        "com.adobe.commerce.observer.customer_save_commit_after",
        "com.adobe.commerce.observer.customer_delete_commit_after",
        "com.adobe.commerce.observer.customer_group_save_commit_after",
        "com.adobe.commerce.observer.customer_group_delete_commit_after",
        "com.adobe.commerce.observer.sales_order_save_commit_after",
        "com.adobe.commerce.observer.cataloginventory_stock_item_save_commit_after",
        "be-observer.catalog_product_create",
        "be-observer.catalog_product_update",
        "be-observer.catalog_product_delete",
        "be-observer.customer_update",
        "be-observer.customer_delete",
        "be-observer.customer_create",
        "be-observer.customer_group_update",
        "be-observer.customer_group_delete",
        "be-observer.customer_group_create",
        "be-observer.sales_order_status_update",
        "be-observer.sales_order_shipment_create",
        "be-observer.sales_order_shipment_update",
        "be-observer.catalog_stock_update",
    ];
    assert_eq!(codes, expected);
    assert!(desired.metadata.iter().all(|metadata| metadata.sample_event_template.is_some()));
    let of_code = |metadata: &crate::EventMetadata| {
        metadata.label == metadata.event_code && metadata.description == metadata.event_code
    };
    assert!(desired.metadata.iter().all(of_code));
}

#[test]
fn the_shipped_files_describe_8_registrations() {
    let desired = Desired::load(&shipped(), "local").unwrap();
    let found = desired.registrations.iter().map(|registration| {
        assert_eq!(registration.description, registration.name);
        let (name, action) = (registration.name.as_str(), registration.runtime_action.as_str());
        (name, action, registration.events.len())
    });
    let expected = [
        ("Commerce Product Sync", "product-commerce/consumer", 2),
        ("Commerce Customer Sync", "customer-commerce/consumer", 4),
        ("Commerce Order Sync", "order-commerce/consumer", 1),
        ("Commerce Stock Sync", "stock-commerce/consumer", 1),
        ("Backoffice Product Sync", "product-backoffice/consumer", 3),
        ("Backoffice Customer Sync", "customer-backoffice/consumer", 6),
        ("Backoffice Order Sync", "order-backoffice/consumer", 3),
        ("Backoffice Stock Sync", "stock-backoffice/consumer", 1),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn samples_keep_the_order_of_the_file() {
    let all = samples(&shipped(), "backoffice").unwrap();
    assert_eq!(all.len(), 13);
    assert_eq!(samples(&shipped(), "commerce").unwrap().len(), 8);
    let codes: Vec<&str> = all.iter().take(3).map(|sample| sample.code.as_str()).collect();
    assert_eq!(
        codes,
        ["product_create", "product_update", "product_delete"].map(|it| format!("be-observer.catalog_{it}"))
    );
    let stock = all.last().unwrap();
    assert_eq!((stock.code.as_str(), stock.entity.as_str()), ("be-observer.catalog_stock_update", "stock"));
    let counted = serde_json::json!([{"sku":"SKU-EXT-0001","source":"default","quantity":66,"outOfStock":false}]);
    assert_eq!(stock.value, counted);
}

#[test]
fn samples_of_a_provider_without_events_are_refused() {
    let folder = folder_with(EVENTS_FILE, EVENTS);
    let error = samples(folder.path(), "bakoffice").unwrap_err().to_string();
    assert!(
        error.ends_with("no entity has events of the provider `bakoffice`\n  hint: known are `backoffice`, `commerce`")
    );
}

#[test]
fn a_sample_that_cannot_be_held_is_named() {
    let folder = folder_with(EVENTS_FILE, &EVENTS.replace('7', "[1e999]"));
    let error = samples(folder.path(), "backoffice").unwrap_err().to_string();
    assert!(error.contains("the sample of `dropped` cannot be used: number out of range"), "{error}");
}

#[test]
fn a_template_keeps_its_order_and_loses_its_blanks() {
    let desired = load(&folder_with(EVENTS_FILE, EVENTS)).unwrap();
    let template = |code: &str| {
        let metadata = desired.metadata.iter().find(|metadata| metadata.event_code == code).unwrap();
        metadata.sample_event_template.as_deref()
    };
    assert_eq!(template("made"), Some(r#"{"b":1,"a":"x \" y\\"}"#));
    assert_eq!(template("saved"), None);
    // Adobe's API takes objects and arrays only.
    assert_eq!(template("dropped"), None);
}

#[test]
fn a_provider_that_no_entity_names_is_not_wanted() {
    let folder = folder_with(REGISTRATIONS_FILE, &REGISTRATIONS.replace(r#""commerce","#, ""));
    let desired = load(&folder).unwrap();
    let keys: Vec<&str> = desired.providers.iter().map(|provider| provider.key.as_str()).collect();
    assert_eq!(keys, ["backoffice"]);
    assert_eq!(desired.providers[0].docs_url.as_deref(), Some("https://docs.example.com"));
    assert!(desired.metadata.iter().all(|metadata| metadata.provider_key == "backoffice"));
    assert_eq!(desired.registrations.len(), 1);
}

#[test]
fn an_entity_of_ones_own_is_onboarded_like_the_others() {
    let folder = folder_with(REGISTRATIONS_FILE, &REGISTRATIONS.replace('}', r#","invoice":["backoffice"]}"#));
    let events = EVENTS.replacen('{', r#"{"invoice":{"backoffice":{"billed":{}}},"#, 1);
    fs::write(folder.path().join(EVENTS_FILE), events).unwrap();
    let last = load(&folder).unwrap().registrations.pop().unwrap();
    assert_eq!(last.name, "Backoffice Invoice Sync");
    assert_eq!(last.runtime_action, "invoice-backoffice/consumer");
}

#[test]
fn missing_entities_are_shown_as_a_tree() {
    check(
        REGISTRATIONS_FILE,
        r#"{"product":["commerce","backoffice"],"order":[]}"#,
        "~/starter-kit-registrations.json: MISSING_REGISTRATIONS\n\
         ├── Registration \"customer\" is required\n\
         └── Registration \"stock\" is required\n\
         \n\
         Check that they are present in \"/onboarding/config/starter-kit-registrations.json\"\n  \
         hint: an entity that nobody sends or receives still stands there, with an empty list",
    );
    let folder = folder_with(REGISTRATIONS_FILE, "{}");
    let labels: Vec<_> = load(&folder).unwrap_err().iter().map(Problem::label).collect();
    assert_eq!(labels, [Some("MISSING_REGISTRATIONS")]);
}

#[test]
fn what_is_not_json_is_named_with_its_place() {
    check(
        EVENTS_FILE,
        "{\n  \"product\": [}",
        "~/events.json:2:15: expected value\n  hint: mend the file in this place",
    );
    check(
        PROVIDERS_FILE,
        "[{\"key\": 1",
        "~/providers.json:1:10: EOF while parsing an object\n  hint: mend the file in this place",
    );
    check(
        REGISTRATIONS_FILE,
        "",
        "~/starter-kit-registrations.json:1:0: EOF while parsing a value\n  hint: mend the file in this place",
    );
}

#[test]
fn a_misspelt_member_is_named() {
    check(
        EVENTS_FILE,
        r#"{"product":{"commerce":{"saved":{"sample":{}}}}}"#,
        "~/events.json:1: `/product/commerce/saved/sample`: expected a member that is known here\n  \
         hint: known are `sampleEventTemplate`",
    );
}

#[test]
fn an_unknown_provider_is_named() {
    check(
        REGISTRATIONS_FILE,
        &REGISTRATIONS.replace(r#""stock":[]"#, r#""stock":["erp"]"#),
        "~/starter-kit-registrations.json: `stock` names the provider `erp`, which nobody described\n  \
         hint: known are `commerce`, `backoffice`; a new one goes into providers.json",
    );
    check(
        EVENTS_FILE,
        &EVENTS.replacen('{', r#"{"stock":{"erp":{}},"#, 1),
        "~/events.json: `stock` names the provider `erp`, which nobody described\n  \
         hint: known are `commerce`, `backoffice`; a new one goes into providers.json",
    );
}

#[test]
fn a_registration_without_events_is_refused() {
    check(
        REGISTRATIONS_FILE,
        &REGISTRATIONS.replace(r#""stock":[]"#, r#""stock":["commerce"]"#),
        "~/events.json: `stock` has no events of the provider `commerce`\n  hint: add them under `stock`, `commerce`, \
         or take `commerce` out of `stock` in starter-kit-registrations.json",
    );
}

#[test]
fn an_event_code_stands_in_one_place() {
    check(
        EVENTS_FILE,
        &EVENTS.replace("dropped", "saved"),
        "~/events.json: the event code `saved` stands there twice, under `product`, `commerce` and under `product`, \
         `backoffice`\n  hint: remove or rename one of them",
    );
}

#[test]
fn names_stand_in_their_files_once() {
    let places = |name: &str, text: String| {
        let error = load(&folder_with(name, &text)).unwrap_err().to_string();
        error.lines().next().unwrap().rsplit_once(": ").unwrap().1.to_owned()
    };
    let twice = places(PROVIDERS_FILE, PROVIDERS.replace("Backoffice Provider", "Commerce Provider"));
    assert_eq!(twice, "the label `Commerce Provider` stands there twice, in two providers");
    let twice = places(EVENTS_FILE, EVENTS.replacen('{', r#"{"product":{},"#, 1));
    assert_eq!(twice, "the entity `product` stands there twice, in the object of all entities");
    let twice = places(EVENTS_FILE, EVENTS.replace(r#""commerce":{"#, r#""backoffice":{},"commerce":{"#));
    assert_eq!(twice, "the provider `backoffice` stands there twice, under `product`");
    let twice = places(REGISTRATIONS_FILE, REGISTRATIONS.replace('}', r#","stock":[]}"#));
    assert_eq!(twice, "the entity `stock` stands there twice, with two lists");
    let twice = places(REGISTRATIONS_FILE, REGISTRATIONS.replace(r#"["commerce","#, r#"["backoffice","#));
    assert_eq!(twice, "the provider `backoffice` stands there twice, in the list of `product`");
}

#[test]
fn a_namespace_without_a_suffix_is_refused() {
    for namespace in ["", "1340225-"] {
        let error = Desired::load(&shipped(), namespace).unwrap_err().to_string();
        assert!(error.contains("AIO_runtime_namespace"), "{error}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let folder = folder_with(REGISTRATIONS_FILE, r#"{"product":["erp"]}"#);
    fs::remove_file(folder.path().join(EVENTS_FILE)).unwrap();
    let error = load(&folder).unwrap_err();
    let problems: Vec<&Problem> = error.iter().collect();
    assert!(
        matches!(
            problems[..],
            [Problem::Unreadable { .. }, Problem::MissingRegistrations { .. }, Problem::UnknownProvider { .. }]
        ),
        "{error}"
    );
    for problem in problems {
        let text = problem.to_string();
        assert!(text.contains(".json: "), "{text}");
        assert!(text.lines().last().unwrap().starts_with("  hint: "), "{text}");
    }
}
