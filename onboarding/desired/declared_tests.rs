//! Registrations of `app.config.yaml` beside those of the entities.

use std::fs;
use std::path::Path;

use settings::{Manifest, Variables};
use tempfile::TempDir;

use crate::{Desired, EVENTS_FILE, LoadError, PROVIDERS_FILE, REGISTRATIONS_FILE};

const PROVIDERS: &str = r#"[{"key":"commerce","label":"Commerce","description":"C"},
{"key":"backoffice","label":"Backoffice","description":"B"}, {"key":"pim","label":"PIM","description":"P"}]"#;
const EVENTS: &str = r#"{"product":{"commerce":{"com.saved":{}},"backoffice":{"be.made":{}}},
"price":{"pim":{"pim.price":{},"pim.offer":{}},"commerce":{"com.priced":{}}}}"#;
const REGISTRATIONS: &str = r#"{"product":["commerce","backoffice"],"customer":[],"order":[],"stock":[]}"#;
const MANIFEST: &str = "application:
  runtimeManifest:
    packages:
      price:
        actions:
          consumer: {function: actions/price.rs, runtime: rust}
  events:
    registrations:
      Price Sync:
        events_of_interest:
          - provider_metadata: 3rd_party_custom_events
            provider: pim
            event_codes: [pim.price]
          - provider_metadata: dx_commerce_events
            event_codes: [com.saved, com.priced]
        runtime_action: price/consumer
";

fn load(manifest: &str) -> (TempDir, Result<Desired, LoadError>) {
    let folder = TempDir::new().unwrap();
    let files = [
        (PROVIDERS_FILE, PROVIDERS),
        (EVENTS_FILE, EVENTS),
        (REGISTRATIONS_FILE, REGISTRATIONS),
        ("app.config.yaml", manifest),
    ];
    for (name, text) in files {
        fs::write(Path::new(folder.path()).join(name), text).unwrap();
    }
    let manifest = Manifest::load(folder.path(), &Variables::from_pairs::<&str, &str>([])).unwrap();
    let desired = Desired::load_with(folder.path(), "1-shop", &manifest);
    (folder, desired)
}

/// A part of the manifest is replaced; the only problem reads `expected`, after the key of the registrations.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(MANIFEST.contains(from), "{from}");
    let (_folder, desired) = load(&MANIFEST.replacen(from, to, 1));
    let told = desired.expect_err(expected).to_string();
    assert_eq!(told.replacen("`application.events.registrations.", "`", 1), expected);
}

#[test]
fn a_declared_registration_spans_providers_and_brings_what_it_needs() {
    let (_folder, desired) = load(MANIFEST);
    let desired = desired.unwrap();
    let names: Vec<&str> = desired.registrations.iter().map(|registration| registration.name.as_str()).collect();
    assert_eq!(names, ["Commerce Product Sync", "Backoffice Product Sync", "Price Sync"]);
    let prices = desired.registrations.last().unwrap();
    let events: Vec<(&str, &str)> =
        prices.events.iter().map(|event| (event.provider_key.as_str(), event.event_code.as_str())).collect();
    assert_eq!(events, [("pim", "pim.price"), ("commerce", "com.saved"), ("commerce", "com.priced")]);
    assert_eq!((prices.description.as_str(), prices.runtime_action.as_str()), ("Price Sync", "price/consumer"));
    let keys: Vec<&str> = desired.providers.iter().map(|provider| provider.key.as_str()).collect();
    assert_eq!(keys, ["commerce", "backoffice", "pim"]);
    // What nobody wants is not onboarded.
    let codes: Vec<&str> = desired.metadata.iter().map(|metadata| metadata.event_code.as_str()).collect();
    assert_eq!(codes, ["com.saved", "com.priced", "be.made", "pim.price"]);
}

#[test]
fn what_does_not_fit_the_files_is_named_with_its_line() {
    check(
        "provider: pim",
        "provider: pin",
        "app.config.yaml:11: `Price Sync.events_of_interest.0.provider`: names the provider `pin`, which nobody described\n  \
         hint: known are `commerce`, `backoffice`, `pim`; a new one goes into providers.json",
    );
    check(
        "dx_commerce_events",
        "dx_comerce_events",
        "app.config.yaml:14: `Price Sync.events_of_interest.1.provider_metadata`: expected `dx_commerce_events` or \
         `3rd_party_custom_events`\n  hint: did you mean `dx_commerce_events`?",
    );
    check(
        "3rd_party_custom_events",
        "dx_commerce_events",
        "app.config.yaml:11: `Price Sync.events_of_interest.0.provider_metadata`: `pim` is a provider of the \
         kind `3rd_party_custom_events`, not `dx_commerce_events`\n  hint: write `provider_metadata: \
         3rd_party_custom_events`, or another provider",
    );
}

#[test]
fn unknown_events_are_named_with_the_meant_one() {
    check(
        "[pim.price]",
        "[pim.prise]",
        "app.config.yaml:11: `Price Sync.events_of_interest.0.event_codes.0`: `pim.prise` is no event of the provider \
         `pim` in events.json\n  hint: did you mean `pim.price`?",
    );
    check(
        "[com.saved, com.priced]",
        "[com.saved, be.made]",
        "app.config.yaml:14: `Price Sync.events_of_interest.1.event_codes.1`: `be.made` is no event of the provider \
         `commerce` in events.json\n  hint: it is one of `backoffice`",
    );
    check(
        "[pim.price]",
        "[pim.price, pim.price]",
        "app.config.yaml:11: `Price Sync.events_of_interest.0.event_codes.1`: `pim.price` stands in this registration \
         twice\n  hint: remove one of the two",
    );
}

#[test]
fn names_and_actions_are_held_against_the_others() {
    check(
        "runtime_action: price/consumer",
        "runtime_action: price/consumr",
        "app.config.yaml:9: `Price Sync.runtime_action`: the action `price/consumr` is not declared\n  \
         hint: did you mean `price/consumer`?",
    );
    check(
        "consumer: {function: actions/price.rs, runtime: rust}\n",
        "real: {function: actions/price.rs, runtime: rust}\n        sequences:\n          consumer: {actions: real}\n",
        "app.config.yaml:11: `Price Sync.runtime_action`: `price/consumer` is a sequence, which no event is delivered to\n  \
         hint: name an action whose function runs on events",
    );
    check(
        "Price Sync",
        "commerce product-sync",
        "app.config.yaml:9: `commerce product-sync`: expected a name of its own; `Commerce Product Sync`, of `product` \
         in starter-kit-registrations.json, has the address `commerce-product-sync`, too\n  hint: rename one of the two",
    );
    check(
        "Price Sync",
        "'...'",
        "app.config.yaml:9: `...`: expected a name with a letter or a digit: its address is made from these\n  \
         hint: rename it, for example to `Price Sync`",
    );
}
