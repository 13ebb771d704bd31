//! The published schemas are those of the contract, and the ones that events are checked by.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Project, Server};

/// An object of the contract: required members, optional ones, and whether others are welcome.
struct Object {
    required: &'static str,
    optional: &'static str,
    is_open: bool,
}

const fn open(required: &'static str, optional: &'static str) -> Object {
    Object { required, optional, is_open: true }
}

const fn closed(required: &'static str) -> Object {
    Object { required, optional: "", is_open: false }
}

/// Package, event code, and the objects within its value, by pointer into the value.
type Event = (&'static str, &'static str, &'static [(&'static str, Object)]);

/// The contract's table.
const EVENTS: &[Event] = &[
    (
        "product-backoffice",
        "be-observer.catalog_product_create",
        &[("", open("sku:string name:string description:string", "price:number"))],
    ),
    (
        "product-backoffice",
        "be-observer.catalog_product_update",
        &[("", open("sku:string name:string price:number description:string", ""))],
    ),
    ("product-backoffice", "be-observer.catalog_product_delete", &[("", closed("sku:string"))]),
    (
        "customer-backoffice",
        "be-observer.customer_create",
        &[("", open("name:string lastname:string email:string", ""))],
    ),
    (
        "customer-backoffice",
        "be-observer.customer_update",
        &[("", open("id:number name:string lastname:string email:string", ""))],
    ),
    ("customer-backoffice", "be-observer.customer_delete", &[("", closed("id:number"))]),
    ("customer-backoffice", "be-observer.customer_group_create", &[("", open("name:string taxClassId:number", ""))]),
    (
        "customer-backoffice",
        "be-observer.customer_group_update",
        &[("", open("id:number name:string taxClassId:number", ""))],
    ),
    ("customer-backoffice", "be-observer.customer_group_delete", &[("", closed("id:number"))]),
    (
        "order-backoffice",
        "be-observer.sales_order_status_update",
        &[("", open("id:integer status:string", "notifyCustomer:boolean"))],
    ),
    (
        "order-backoffice",
        "be-observer.sales_order_shipment_create",
        &[
            ("", closed("orderId:number items:array tracks:array comment:object stockSourceCode:string")),
            ("/items/0", closed("orderItemId:number qty:number")),
            ("/tracks/0", closed("trackNumber:string title:string carrierCode:string")),
            ("/comment", closed("comment:string visibleOnFront:boolean")),
        ],
    ),
    (
        "order-backoffice",
        "be-observer.sales_order_shipment_update",
        &[
            ("", closed("id:number orderId:number items:array tracks:array comments:array stockSourceCode:string")),
            ("/items/0", closed("entityId:number orderItemId:number qty:number")),
            ("/tracks/0", closed("entityId:number trackNumber:string title:string carrierCode:string")),
            ("/comments/0", closed("entityId:number notifyCustomer:boolean comment:string visibleOnFront:boolean")),
        ],
    ),
    (
        "stock-backoffice",
        "be-observer.catalog_stock_update",
        &[("/0", open("sku:string source:string quantity:number outOfStock:boolean", ""))],
    ),
];

#[tokio::test]
async fn every_event_has_the_contracts_schema_and_is_checked_by_it() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let samples = samples(&project);
    assert_eq!(samples.keys().collect::<Vec<_>>(), {
        let mut codes: Vec<_> = EVENTS.iter().map(|(_, code, _)| code).collect();
        codes.sort();
        codes
    });
    let manifest = project.read("app.config.yaml");
    for (package, code, objects) in EVENTS {
        let answer = kit.get(&format!("/schemas/{code}.json")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{code}");
        let schema = &answer.body;
        assert!(jsonschema::meta::is_valid(schema), "{schema}");
        let validator = jsonschema::validator_for(schema).unwrap();
        let sample = &samples[*code];
        assert!(validator.is_valid(sample), "{code}");
        for (pointer, object) in *objects {
            check_object(at(schema, pointer), object, code);
            for broken in broken(sample, pointer, object) {
                assert!(!validator.is_valid(&broken), "{code}: {broken}");
                let refused = kit.send("broken", code, &broken).await;
                assert!(refused.body["details"].is_array(), "{code}: {broken}: {refused:?}");
                assert_eq!(refused.status, 400);
            }
        }
        check_sample(&kit, code, sample, manifest.contains(package)).await;
    }
    for file in ["unknown.json", "be-observer.customer_create", "be-observer.customer_create.jsonx", ".json"] {
        let answer = kit.get(&format!("/schemas/{file}")).await;
        assert_eq!(answer.status, 404, "{file}");
        assert_eq!(answer.error(), "The requested resource does not exist.");
    }
}

/// The samples that the onboarding files have, by event code.
fn samples(project: &Project) -> BTreeMap<String, Value> {
    let events: Value = serde_json::from_str(&project.read("onboarding/config/events.json")).unwrap();
    let entities = events.as_object().unwrap().values();
    let listed = entities.flat_map(|providers| providers["backoffice"].as_object().unwrap());
    listed.map(|(code, event)| (code.clone(), event["sampleEventTemplate"].clone())).collect()
}

/// An event that nobody has registered for is as unknown as one that does not exist.
async fn check_sample(kit: &Server, code: &str, sample: &Value, is_deployed: bool) {
    let answer = kit.send("sample", code, sample).await;
    if is_deployed {
        answer.assert_new();
        assert_eq!(answer.body["type"], code);
    } else {
        assert_eq!(answer.status, 400);
        assert_eq!(answer.body, json!({"error": format!("Unable to publish event {code}: Unknown event type")}));
    }
}

/// The part of a schema that describes what lies at a pointer into the value.
fn at<'a>(schema: &'a Value, pointer: &str) -> &'a Value {
    let resolve = |part: &'a Value| match part["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => part,
    };
    pointer.split('/').skip(1).fold(resolve(schema), |part, segment| match segment {
        "0" => {
            assert_eq!(part["type"], "array");
            resolve(&part["items"])
        }
        name => resolve(&part["properties"][name]),
    })
}

fn check_object(schema: &Value, object: &Object, code: &str) {
    assert_eq!(schema["type"], "object", "{code}");
    let names = |members: &'static str| members.split_whitespace().map(|member| member.split_once(':').unwrap().0);
    let mut required: Vec<&str> = names(object.required).collect();
    required.sort_unstable();
    let mut found: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, required, "{code}");
    let mut known: Vec<&str> = names(object.required).chain(names(object.optional)).collect();
    known.sort_unstable();
    let properties = schema["properties"].as_object().unwrap();
    let mut found: Vec<&str> = properties.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, known, "{code}");
    let is_closed = schema.get("additionalProperties") == Some(&json!(false));
    assert_eq!(is_closed, !object.is_open, "{code}");
}

/// The sample with one thing wrong, in every way that the contract forbids for this object.
fn broken(sample: &Value, pointer: &str, object: &Object) -> Vec<Value> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = sample.clone();
        change(value.pointer_mut(pointer).unwrap());
        value
    };
    let mut all = vec![with(&|part| *part = Value::Null), with(&|part| *part = json!("text"))];
    for member in object.required.split_whitespace() {
        let (name, _) = member.split_once(':').unwrap();
        all.push(with(&|part| drop(part.as_object_mut().unwrap().remove(name))));
    }
    for member in object.required.split_whitespace().chain(object.optional.split_whitespace()) {
        let (name, kind) = member.split_once(':').unwrap();
        let wrong: &[Value] = match kind {
            "string" => &[json!(1), json!(null), json!([])],
            "number" => &[json!("1"), json!(null), json!(true)],
            "integer" => &[json!(1.5), json!("1"), json!(null)],
            "boolean" => &[json!(0), json!("true"), json!(null)],
            _ => &[json!("text"), json!(null), json!(1)],
        };
        all.extend(wrong.iter().map(|wrong| with(&|part| part[name] = wrong.clone())));
    }
    if !object.is_open {
        all.push(with(&|part| part["extra"] = json!(1)));
    }
    all
}
