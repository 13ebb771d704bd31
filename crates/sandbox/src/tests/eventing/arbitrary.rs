//! Whatever is subscribed, and whatever the store has, nothing panics and what is created is within its limit.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Api, configuration};
use crate::Sandbox;
use crate::eventing::emit::EVENT_BYTES_MAX;
use crate::eventing::fields::{Field, find, select};
use crate::eventing::masked;
use crate::eventing::rules::{Operator, Rule, pattern};
use crate::eventing::workspace::Workspace;

const OPERATORS: [&str; 6] = ["greaterThan", "lessThan", "equal", "regex", "in", "onChange"];

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[0-9.e-]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), members(inner).prop_map(Value::Object)]
    })
}

fn members(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    btree_map("[a-c]{1,2}|[a-c]\\[\\]|_origData", values, 0..5).prop_map(Map::from_iter)
}

/// Names that lead somewhere, and such as lead nowhere.
fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{1,2}(\\[\\])?(\\.[a-c](\\[\\])?){0,3}", Just("*".to_owned()), "\\PC{0,12}", "[.\\[\\]a]{0,40}"]
}

proptest! {
    #[test]
    fn any_fields_of_any_data_are_an_object(data in members(values()), names in vec(names(), 0..6)) {
        let fields: Vec<Field> =
            names.iter().map(|name| Field { name: name.clone(), converter: None, source: None }).collect();
        let selected = select(&fields, &data);
        prop_assert!(selected.is_object());
        for field in fields.iter().filter(|field| !field.name.contains(['.', '[', '*'])) {
            let alone = select(std::slice::from_ref(field), &data);
            prop_assert_eq!(&alone[&field.name], find(&field.name, &data), "{}", field.name);
        }
    }

    #[test]
    fn any_rule_holds_or_does_not(
        data in members(values()), before in proptest::option::of(members(values())), field in names(),
        operator in 0..OPERATORS.len(), value in "\\PC{0,12}",
    ) {
        let operator = Operator::read(json!(OPERATORS[operator])).unwrap();
        let rule = Rule { field: field.clone(), operator, value };
        let holds = rule.holds(&data, before.as_ref());
        if operator == Operator::OnChange {
            let was = before.as_ref().map_or(&Value::Null, |before| find(&field, before));
            prop_assert_eq!(holds, was != find(&field, &data));
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_none(text in "\\PC{0,60}", subject in "\\PC{0,40}") {
        if let Some(pattern) = pattern(&text) {
            let _ = pattern.is_match(&subject);
        }
    }

    #[test]
    fn any_text_is_a_workspace_or_is_refused(text in "\\PC{0,80}") {
        prop_assert!(Workspace::parse(&text).is_err());
    }

    #[test]
    fn a_masked_body_has_no_workspace(body in values(), secret in "[a-z]{12}") {
        let mut body = json!({"config": {"workspace_configuration": secret}, "other": body});
        body["other"] = json!([{"workspace_configuration": {"in": secret}}, body["other"]]);
        let masked = masked("anywhere", &body.to_string().into());
        prop_assert!(!String::from_utf8_lossy(&masked).contains(&secret));
    }
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];
const ROUTES: [&str; 9] = [
    "eventing/eventSubscribe",
    "eventing/eventSubscribe/observer.catalog_product_save_commit_after",
    "eventing/eventUnsubscribe/a",
    "eventing/getEventSubscriptions",
    "eventing/getEventProviders",
    "eventing/updateConfiguration",
    "eventing/eventProvider",
    "eventing/eventProvider/provider-1",
    "eventing/%ff/%2f",
];
const MEMBERS: &str = "event|config|eventProvider|name|parent|fields|rules|field|operator|value|priority|provider_id|\
                       instance_id|id|label|enabled|merchant_id|workspace_configuration|force|destination";

/// Objects with the members that the module knows, and with whatever values.
fn bodies() -> impl Strategy<Value = Value> {
    let inner = btree_map(MEMBERS, values(), 0..6).prop_map(|members| Value::Object(Map::from_iter(members)));
    prop_oneof![
        btree_map(MEMBERS, prop_oneof![inner, values()], 0..3)
            .prop_map(|members| Value::Object(Map::from_iter(members))),
        values(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_calls_are_answered_and_refused_with_a_message(
        calls in vec((0..METHODS.len(), 0..ROUTES.len(), bodies()), 1..12),
    ) {
        let sandbox = Sandbox::open(Api::nowhere().options(None)).unwrap();
        let store = crate::tests::Store { sandbox };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (method, route, body) in calls {
            let (status, answer) = runtime.block_on(store.call(METHODS[method], ROUTES[route], body));
            prop_assert!(!status.is_server_error(), "{}", status);
            prop_assert_eq!(status.is_success(), answer.get("message").is_none(), "{}", answer);
        }
    }

    #[test]
    fn any_subscription_and_any_product_are_answered_by_the_store(
        event in members(values()), fields in vec(names(), 1..4), attributes in members(values()), rule in names(),
    ) {
        let sandbox = Sandbox::open(Api::nowhere().options(None)).unwrap();
        let put = |method: &str, path: &str, body: &Value| {
            sandbox.manage_events(&method.parse().unwrap(), path, body)
        };
        put("PUT", "eventing/updateConfiguration", &configuration()).unwrap();
        let _ = put("POST", "eventing/eventSubscribe", &json!({ "event": event }));
        let fields: Vec<Value> = fields.iter().map(|name| json!({ "name": name })).collect();
        let rules = json!([{"field": rule, "operator": "onChange"}]);
        let name = super::PRODUCT_SAVED;
        let is_taken =
            put("POST", "eventing/eventSubscribe", &json!({"event": {"name": name, "fields": fields, "rules": rules}})).is_ok();
        let attributes: Vec<Value> = attributes
            .iter()
            .map(|(code, value)| json!({"attribute_code": code, "value": value}))
            .collect();
        let product = json!({"product": {
            "sku": "Mug", "name": "N", "attribute_set_id": 4, "custom_attributes": attributes,
        }});
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = crate::tests::Store { sandbox: sandbox.clone() };
        let (status, _) = runtime.block_on(store.call("POST", "products", product));
        prop_assert!(status.is_success());
        let rows = sandbox.eventing(|module| module.rows().cloned().collect::<Vec<_>>()).unwrap();
        prop_assert!(rows.len() <= usize::from(is_taken));
        for row in rows {
            prop_assert!(row.data["value"].to_string().len() <= EVENT_BYTES_MAX);
        }
    }
}
