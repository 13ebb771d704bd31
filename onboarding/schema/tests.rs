//! Schemas and types say the same, the shipped files fit, broken ones are refused with their places.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use settings::DeliveryOverrides;
use tempfile::TempDir;

use super::{CONFIG_SCHEMAS, faults};
use crate::{
    Desired, EVENTS_FILE, PROVIDERS_FILE, REGISTRATIONS_FILE, SUBSCRIPTIONS_FILE, Subscriptions, WORKSPACE_FILE,
};

const DELIVERY_FILE: &str = "delivery.json";

fn config() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// A file with every member that it can have.
fn full(file: &str) -> Value {
    match file {
        PROVIDERS_FILE => json!([
            {"key": "commerce", "label": "C", "description": "d", "docs_url": "https://docs.example.com"},
            {"key": "backoffice", "label": "B", "description": "d", "docs_url": null},
        ]),
        EVENTS_FILE => json!({"product": {"commerce": {"x": {"sampleEventTemplate": {"value": {}}}}}}),
        REGISTRATIONS_FILE => json!({"product": ["commerce"], "customer": [], "order": [], "stock": [], "invoice": []}),
        SUBSCRIPTIONS_FILE => json!([{"event": {
            "name": "acme.x", "parent": "observer.x", "fields": [{"name": "a", "converter": "A\\B", "source": "c.d"}],
            "rules": [{"field": "a", "operator": "in", "value": "1,2"}], "priority": true, "destination": "default",
            "hipaa_audit_required": false, "provider": "commerce",
        }}]),
        DELIVERY_FILE => json!({"a": {
            "retry_delays": ["1m"], "retry_for": "2h", "retry_jitter": 0.1, "attempts_max": 5, "retry_after_max": "1h",
            "on_parked": "block", "at_once": 4,
        }}),
        WORKSPACE_FILE => {
            json!({"project": {"id": "1", "org": {"id": 2}, "workspace": {"id": "3", "name": "Stage"}, "more": 1}})
        }
        _ => panic!("{file} has no full example"),
    }
}

/// Whether the kit reads the file as this value; only for files that fit their schema.
fn read(file: &str, value: &Value) -> Result<(), String> {
    let folder = TempDir::new().unwrap();
    for name in [PROVIDERS_FILE, EVENTS_FILE, REGISTRATIONS_FILE] {
        fs::write(folder.path().join(name), full(name).to_string()).unwrap();
    }
    fs::write(folder.path().join(file), value.to_string()).unwrap();
    match file {
        DELIVERY_FILE => DeliveryOverrides::parse(&value.to_string()).map(drop).map_err(|error| error.to_string()),
        SUBSCRIPTIONS_FILE => Subscriptions::read(folder.path()).map(drop).map_err(|error| error.to_string()),
        WORKSPACE_FILE => crate::WorkspaceFile::read(folder.path(), None).map(drop).map_err(|error| error.to_string()),
        _ => Desired::load(folder.path(), "local").map(drop).map_err(|error| error.to_string()),
    }
}

#[test]
fn every_config_file_has_a_schema_that_compiles_and_describes_all() {
    for schema in CONFIG_SCHEMAS {
        let value: Value = serde_json::from_str(schema.text).unwrap();
        jsonschema::validator_for(&value).unwrap();
        assert_eq!(value["$schema"], "https://json-schema.org/draft/2020-12/schema", "{}", schema.file);
        let mut nameless = Vec::new();
        describe(&value, "", &mut nameless);
        assert_eq!(nameless, Vec::<String>::new(), "{}: each part has a description", schema.file);
        let shipped = format!("schema/{}.schema.json", schema.file.trim_end_matches(".json"));
        assert_eq!(fs::read_to_string(config().join(shipped)).unwrap(), schema.text);
    }
}

/// Parts of a schema without a description.
fn describe(schema: &Value, place: &str, nameless: &mut Vec<String>) {
    if schema["description"].as_str().is_none_or(str::is_empty) {
        nameless.push(place.to_owned());
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        describe(part, &format!("{place}/{name}"), nameless);
    }
    for name in ["items", "additionalProperties"].into_iter().filter(|name| schema[name].is_object()) {
        describe(&schema[name], &format!("{place}/{name}"), nameless);
    }
}

#[test]
fn the_shipped_files_fit() {
    for entry in fs::read_dir(config()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() {
            assert!(CONFIG_SCHEMAS.iter().any(|schema| schema.file == name), "{name} has a schema");
            assert_eq!(faults(&path, &fs::read_to_string(&path).unwrap()), [], "{name}");
        }
    }
}

#[test]
fn schema_and_types_know_the_same_members() {
    for schema in CONFIG_SCHEMAS {
        let full = full(schema.file);
        assert_eq!(faults(Path::new(schema.file), &full.to_string()), [], "{}", schema.file);
        read(schema.file, &full).unwrap_or_else(|error| panic!("{}: {error}", schema.file));
        // Every member that the schema names is in the full example, so the types know it.
        let (mut named, mut shown) = (BTreeSet::new(), BTreeSet::new());
        members(&serde_json::from_str(schema.text).unwrap(), &mut named);
        names(&full, &mut shown);
        let unread: Vec<&String> = named.difference(&shown).collect();
        assert!(unread.is_empty(), "{}: {unread:?}", schema.file);
    }
}

/// The names of all properties.
fn members(schema: &Value, found: &mut BTreeSet<String>) {
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        members(part, found);
    }
    for part in ["items", "additionalProperties"].into_iter().filter(|part| schema[part].is_object()) {
        members(&schema[part], found);
    }
}

fn names(value: &Value, found: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        found.insert(name.clone());
        names(value, found);
    }
    value.as_array().into_iter().flatten().for_each(|item| names(item, found));
}

/// The value at the pointer is replaced, or taken out; the file is refused there, by the schema and with these words.
#[track_caller]
fn check(file: &str, pointer: &str, value: Option<Value>, expected: &str) {
    let mut broken = full(file);
    let (around, name) = pointer.rsplit_once('/').unwrap_or(("", ""));
    match (value, broken.pointer_mut(around)) {
        (Some(value), _) if pointer.is_empty() => broken = value,
        (Some(value), Some(Value::Array(items))) => items[name.parse::<usize>().unwrap()] = value,
        (Some(value), Some(Value::Object(members))) => drop(members.insert(name.to_owned(), value)),
        (None, Some(Value::Object(members))) => drop(members.remove(name).unwrap()),
        _ => panic!("{file} has no {pointer}"),
    }
    let found = faults(Path::new(file), &serde_json::to_string_pretty(&broken).unwrap());
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let is_told = told.iter().any(|told| told.contains(expected));
    assert!(is_told && told.iter().all(|told| told.contains(".json:")), "no `{expected}` in {told:#?}");
    assert!(read(file, &broken).is_err(), "the types take {broken}");
}

#[test]
fn broken_files_are_refused_in_their_places() {
    check(
        PROVIDERS_FILE,
        "/1/label",
        None,
        "providers.json:8: `/1`: expected the member `label`, it is missing\n  hint: add `label`: its name",
    );
    check(
        PROVIDERS_FILE,
        "/0/lable",
        Some(json!("x")),
        "`/0/lable`: expected a member that is known here\n  hint: did you mean `label`?",
    );
    check(PROVIDERS_FILE, "/0/key", Some(json!(5)), "`/0/key`: expected a text\n  hint: its name in the other files");
    check(PROVIDERS_FILE, "/0/docs_url", Some(json!(5)), "`/0/docs_url`: expected `null` or a text");
    check(PROVIDERS_FILE, "", Some(json!({})), "providers.json:1: expected a list\n  hint: Who events come from");

    check(
        EVENTS_FILE,
        "/product/commerce",
        Some(json!([])),
        "`/product/commerce`: expected an object\n  hint: a provider",
    );
    check(EVENTS_FILE, "/product", Some(json!([])), "`/product`: expected an object\n  hint: an entity");
    check(
        EVENTS_FILE,
        "/product/commerce/x/sampleEventTemplat",
        Some(json!({})),
        "did you mean `sampleEventTemplate`?",
    );

    check(REGISTRATIONS_FILE, "/stock", Some(json!("commerce")), "`/stock`: expected a list\n  hint: a list of keys");
    check(REGISTRATIONS_FILE, "/invoice", Some(json!({})), "`/invoice`: expected a list\n  hint: an entity");
    check(REGISTRATIONS_FILE, "/product/0", Some(json!(1)), "`/product/0`: expected a text");

    let event = "/0/event";
    check(
        SUBSCRIPTIONS_FILE,
        &format!("{event}/fields"),
        None,
        "`/0/event`: expected the member `fields`, it is missing",
    );
    check(SUBSCRIPTIONS_FILE, &format!("{event}/feilds"), Some(json!([])), "did you mean `fields`?");
    check(
        SUBSCRIPTIONS_FILE,
        &format!("{event}/fields/0/name"),
        None,
        "`/0/event/fields/0`: expected the member `name`",
    );
    check(SUBSCRIPTIONS_FILE, &format!("{event}/priority"), Some(json!("yes")), "expected `true` or `false`");
    check(
        SUBSCRIPTIONS_FILE,
        &format!("{event}/rules/0/value"),
        Some(json!(5)),
        "`/0/event/rules/0/value`: expected a text",
    );
    check(SUBSCRIPTIONS_FILE, "/0/events", Some(json!({})), "did you mean `event`?");
}

#[test]
fn broken_deliveries_and_workspaces_are_refused_too() {
    check(
        DELIVERY_FILE,
        "/a/retry_fro",
        Some(json!("2h")),
        "`/a/retry_fro`: expected a member that is known here\n  hint: did you mean `retry_for`?",
    );
    check(
        DELIVERY_FILE,
        "/a/on_parked",
        Some(json!("blok")),
        "expected one of `step-over`, `block`\n  hint: did you mean `block`?",
    );
    check(DELIVERY_FILE, "/a/at_once", Some(json!(0)), "`/a/at_once`: expected at least 1");
    check(DELIVERY_FILE, "/a/at_once", Some(json!(1025)), "`/a/at_once`: expected at most 1024");
    check(DELIVERY_FILE, "/a/attempts_max", Some(json!(1.5)), "`/a/attempts_max`: expected a whole number");
    check(DELIVERY_FILE, "/a/retry_delays", Some(json!([])), "`/a/retry_delays`: expected a list that is not empty");
    check(DELIVERY_FILE, "/a/retry_jitter", Some(json!(2)), "`/a/retry_jitter`: expected at most 1");

    check(WORKSPACE_FILE, "/project/org/id", None, "`/project/org`: expected the member `id`");
    check(WORKSPACE_FILE, "/project/workspace", None, "`/project`: expected the member `workspace`");
}

#[test]
fn what_only_the_schema_refuses_is_told_too() {
    // The types would take these; Commerce and the events API would not.
    let told = |file: &str, pointer: &str, value: Value| {
        let mut broken = full(file);
        *broken.pointer_mut(pointer).unwrap() = value;
        faults(Path::new(file), &broken.to_string()).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(told(PROVIDERS_FILE, "/0/key", json!("")).contains("`/0/key`: expected a text that is not empty"));
    assert!(
        told(SUBSCRIPTIONS_FILE, "/0/event/rules/0/operator", json!("lesThan")).contains("did you mean `lessThan`?")
    );
    assert!(
        told(SUBSCRIPTIONS_FILE, "/0/event/name", json!("com.adobe.commerce.observer.x"))
            .contains("without `com.adobe.commerce.`")
    );
    assert!(
        told(SUBSCRIPTIONS_FILE, "/0/event/parent", json!("acme.x"))
            .contains("`/0/event/parent`: expected a text of another form")
    );
    assert!(
        told(SUBSCRIPTIONS_FILE, "/0/event/fields", json!([]))
            .contains("`/0/event/fields`: expected a list that is not empty")
    );
    assert_eq!(told(SUBSCRIPTIONS_FILE, "/0/event/parent", json!("plugin.magento.x.y")), "");
}

#[test]
fn no_more_is_told_than_can_be_read() {
    let many = json!(vec![json!({"key": 1}); 100]);
    let found = faults(Path::new(PROVIDERS_FILE), &many.to_string());
    assert_eq!(found.len(), super::FAULTS_MAX);
}
