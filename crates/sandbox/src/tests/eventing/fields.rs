use serde_json::{Map, Value, json};

use crate::eventing::fields::{Field, find, select};

fn data() -> Map<String, Value> {
    let data = json!({
        "sku": "A", "empty": null, "size": {"width": 1, "height": {"cm": 2}},
        "items": [{"sku": "B", "qty": "1", "more": {"x": 1}}, {"sku": "C", "qty": "2"}, 7],
        "_isNew": false, "_origData": {"sku": "before"},
    });
    data.as_object().unwrap().clone()
}

fn check(names: &[&str], expected: &Value) {
    let field = |name: &&str| Field { name: (*name).to_owned(), converter: None, source: None };
    assert_eq!(select(&names.iter().map(field).collect::<Vec<_>>(), &data()), *expected, "{names:?}");
}

#[test]
fn a_field_is_a_member_and_one_that_is_not_there_is_null() {
    check(&["sku"], &json!({"sku": "A"}));
    check(&["sku'", "empty"], &json!({"sku'": null, "empty": null}));
    check(&["_origData", "_isNew"], &json!({"_origData": {"sku": "before"}, "_isNew": false}));
    check(&[], &json!({}));
}

#[test]
fn all_fields_are_all_but_the_data_of_before() {
    let mut all = data();
    all.remove("_origData");
    check(&["*"], &Value::Object(all));
    check(&["*", "_origData"], &Value::Object(data()));
}

#[test]
fn a_name_with_dots_is_a_member_of_a_member() {
    check(&["size.width"], &json!({"size": {"width": 1}}));
    check(&["size.height.cm", "size.width"], &json!({"size": {"height": {"cm": 2}, "width": 1}}));
    check(&["size.width", "size"], &json!({"size": {"width": 1, "height": {"cm": 2}}}));
    check(
        &["size.depth", "sku.length", "none.at.all"],
        &json!({
            "size": {"depth": null}, "sku": {"length": null}, "none": {"at": {"all": null}},
        }),
    );
}

#[test]
fn brackets_name_each_item_of_a_list() {
    check(&["items[].sku"], &json!({"items": [{"sku": "B"}, {"sku": "C"}, {"sku": null}]}));
    check(
        &["items[].sku", "items[].more.x"],
        &json!({"items": [
            {"sku": "B", "more": {"x": 1}}, {"sku": "C", "more": {"x": null}}, {"sku": null, "more": {"x": null}},
        ]}),
    );
    check(&["sku[].x"], &json!({"sku": null}));
}

#[test]
fn rules_find_members_by_the_same_names() {
    let data = data();
    assert_eq!(find("size.height.cm", &data), &json!(2));
    assert_eq!(find("size.nothing", &data), &Value::Null);
    assert_eq!(find("", &data), &Value::Null);
}
