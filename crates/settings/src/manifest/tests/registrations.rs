use super::{load, told};
use crate::{EventRegistration, MANIFEST_FILE, Manifest};

const PACKAGES: &str = "  runtimeManifest:\n    packages: {}\n";
const PRICES: &str = "      Price Sync:
        description: Prices
        events_of_interest:
          - provider_metadata: 3rd_party_custom_events
            provider: pim
            event_codes: [pim.price, pim.offer]
          - provider_metadata: dx_commerce_events
            event_codes:
              - com.adobe.commerce.observer.x
        runtime_action: price/consumer
";

fn text(registrations: &str) -> String {
    format!("application:\n{PACKAGES}  events:\n    registrations:\n{registrations}")
}

/// One part of a correct registration is replaced and gives one fault. The registration's name is in line 6.
#[track_caller]
fn check(from: &str, to: &str, told_as: &str, hint: &str) {
    assert!(PRICES.contains(from), "{from}");
    let faults = load(&[(MANIFEST_FILE, &text(&PRICES.replacen(from, to, 1)))]).unwrap_err();
    let expected = told_as.replacen(' ', " application.events.registrations.", 1);
    assert_eq!(told(&faults), [format!("{MANIFEST_FILE}:{expected}")], "{faults}");
    assert!(faults.to_string().contains(hint), "{faults}");
}

#[test]
fn a_registration_is_read_with_events_of_several_providers() {
    let Manifest { registrations, .. } = load(&[(MANIFEST_FILE, &text(PRICES))]).unwrap();
    let [EventRegistration { name, description, events_of_interest, runtime_action, at }] = &registrations[..] else {
        panic!("{registrations:?}");
    };
    assert_eq!((name.as_str(), description.as_deref(), at.line), ("Price Sync", Some("Prices"), 6));
    assert_eq!(runtime_action, "price/consumer");
    let [pim, commerce] = &events_of_interest[..] else { panic!("{events_of_interest:?}") };
    assert_eq!(pim.provider_metadata.as_deref(), Some("3rd_party_custom_events"));
    assert_eq!(
        (pim.provider.as_deref(), &pim.event_codes[..]),
        (Some("pim"), &["pim.price", "pim.offer"].map(str::to_owned)[..])
    );
    assert_eq!((commerce.provider.as_deref(), commerce.at.line), (None, 12));
    assert_eq!(commerce.event_codes, ["com.adobe.commerce.observer.x"]);
}

#[test]
fn registrations_may_be_included_and_may_be_none() {
    let included = text("      $include: events.yaml\n");
    let read = load(&[
        (MANIFEST_FILE, &included),
        ("events.yaml", &PRICES.replace("\n      ", "\n").replace("      Price", "Price")),
    ]);
    assert_eq!(read.unwrap().registrations.len(), 1);
    assert!(load(&[(MANIFEST_FILE, &text(""))]).unwrap().registrations.is_empty());
    assert!(load(&[(MANIFEST_FILE, &format!("application:\n{PACKAGES}"))]).unwrap().registrations.is_empty());
}

#[test]
fn every_member_is_checked() {
    let action = "write `runtime_action: package/action`";
    check(
        "runtime_action: price/consumer",
        "",
        "6 Price Sync.runtime_action: expected the action that gets the events, it is missing",
        action,
    );
    check("price/consumer", "[]", "15 Price Sync.runtime_action: expected a text that is not empty", "in quotes");
    check(
        "description",
        "descripton",
        "7 Price Sync.descripton: expected a key of a registration",
        "did you mean `description`?",
    );
    check("Prices", "5", "7 Price Sync.description: expected a text that is not empty", "in quotes");
    check("Price Sync:", "PS:", "6 PS: expected a name of 3 to 255 letters", "rename it");
    check(
        "provider: pim",
        "providr: pim",
        "10 Price Sync.events_of_interest.0.providr: expected a key of events of interest",
        "did you mean `provider`?",
    );
    check(
        "- provider_metadata: dx_commerce_events\n            event_codes",
        "- event_codes",
        "12 Price Sync.events_of_interest.1.provider_metadata: expected a kind of provider, it is missing",
        "dx_commerce_events",
    );
    check(
        "[pim.price, pim.offer]",
        "[]",
        "11 Price Sync.events_of_interest.0.event_codes: expected a list that is not empty",
        "event_codes: [",
    );
    check(
        "pim.offer]",
        "7]",
        "11 Price Sync.events_of_interest.0.event_codes.1: expected a text that is not empty",
        "in quotes",
    );
    check(
        "            event_codes: [pim.price, pim.offer]\n",
        "",
        "9 Price Sync.events_of_interest.0.event_codes: expected a list of event codes, it is missing",
        "event_codes: [",
    );
}

#[test]
fn what_is_no_registration_is_refused() {
    let told = |registrations: &str| told(&load(&[(MANIFEST_FILE, &text(registrations))]).unwrap_err()).join("\n");
    assert_eq!(
        told("      Price Sync: 5\n"),
        "app.config.yaml:6 application.events.registrations.Price Sync: expected a map"
    );
    let missing = told("      Price Sync: {}\n");
    assert!(missing.contains("runtime_action: ") && missing.contains("events_of_interest: "), "{missing}");
    assert_eq!(told("      - a\n"), "app.config.yaml:5 application.events.registrations: expected a map");
    let unknown = format!("application:\n{PACKAGES}  events:\n    registration: {{}}\n");
    let faults = load(&[(MANIFEST_FILE, &unknown)]).unwrap_err().to_string();
    assert!(faults.contains("did you mean `registrations`?"), "{faults}");
}
