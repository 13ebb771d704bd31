//! Documents of the store as the data of its events: under the names that Commerce's models have, most numbers as
//! texts, decimals with the digits of their columns.
//!
//! `id` of products and customers is a number and that of orders a text, as in the samples of Adobe's kit.

use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

/// What a stock item has that the store does not count, as a store without settings of its own sends it.
const STOCK_ITEM: [(&str, &str); 21] = [
    ("min_qty", "0"),
    ("use_config_min_qty", "1"),
    ("is_qty_decimal", "0"),
    ("backorders", "0"),
    ("use_config_backorders", "1"),
    ("min_sale_qty", "1"),
    ("use_config_min_sale_qty", "1"),
    ("max_sale_qty", "10000"),
    ("use_config_max_sale_qty", "1"),
    ("notify_stock_qty", "1"),
    ("use_config_notify_stock_qty", "1"),
    ("manage_stock", "1"),
    ("use_config_manage_stock", "1"),
    ("stock_status_changed_auto", "0"),
    ("use_config_qty_increments", "1"),
    ("qty_increments", "1"),
    ("use_config_enable_qty_inc", "1"),
    ("enable_qty_increments", "0"),
    ("deferred_stock_update", "0"),
    ("use_config_deferred_stock_update", "1"),
    ("type_id", "simple"),
];

/// Custom attributes are members like all others.
pub fn product(mut document: Members) -> Members {
    identify(&mut document);
    texts(&mut document, &["attribute_set_id", "status", "visibility"]);
    decimals(&mut document, &["price", "weight"]);
    unfold_attributes(&mut document);
    document
}

pub fn customer(mut document: Members) -> Members {
    identify(&mut document);
    texts(&mut document, &["group_id", "website_id", "store_id"]);
    unfold_attributes(&mut document);
    document
}

pub fn group(mut document: Members) -> Members {
    let mut take = |name: &str| document.remove(name).unwrap_or_default();
    let (id, code, tax_class_id) = (text(&take("id")), take("code"), take("tax_class_id"));
    let attributes = match take("extension_attributes") {
        Value::Null => json!({ "exclude_website_ids": [] }),
        attributes => attributes,
    };
    Map::from_iter([
        ("customer_group_id".to_owned(), id),
        ("customer_group_code".to_owned(), code),
        ("tax_class_id".to_owned(), tax_class_id),
        ("extension_attributes".to_owned(), attributes),
    ])
}

pub fn order(mut document: Members) -> Members {
    let id = document.get("entity_id").map(text).unwrap_or_default();
    document.insert("id".to_owned(), id);
    texts(&mut document, &["entity_id", "store_id", "customer_id"]);
    decimals(&mut document, &["grand_total", "total_qty_ordered"]);
    for item in document.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        texts(item, &["item_id", "order_id"]);
        decimals(item, &["price", "qty_ordered", "qty_invoiced", "qty_shipped", "qty_refunded", "qty_canceled"]);
    }
    document
}

/// `product_id` is that of the product whose stock it is; the item goes by the same number.
pub fn stock_item(document: &Members, product_id: u64) -> Members {
    let member = |name: &str| document.get(name).cloned().unwrap_or_default();
    let defaults = STOCK_ITEM.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let mut item: Members = defaults.collect();
    for (name, value) in [
        ("item_id", Value::from(product_id.to_string())),
        ("product_id", Value::from(product_id.to_string())),
        ("stock_id", Value::from(1)),
        ("website_id", Value::from(0)),
        ("is_decimal_divided", Value::from(0)),
        ("qty", text(&member("quantity"))),
        ("is_in_stock", text(&member("status"))),
    ] {
        item.insert(name.to_owned(), value);
    }
    item
}

/// `entity_id` is a text, `id` beside it the number.
fn identify(document: &mut Members) {
    if let Some(id) = document.remove("id") {
        document.insert("entity_id".to_owned(), text(&id));
        document.insert("id".to_owned(), id);
    }
}

/// An attribute never takes the place of a member.
fn unfold_attributes(document: &mut Members) {
    let Some(Value::Array(attributes)) = document.remove("custom_attributes") else { return };
    for attribute in attributes {
        if let Some(code) = attribute.get("attribute_code").and_then(Value::as_str) {
            let value = attribute.get("value").cloned().unwrap_or_default();
            document.entry(code).or_insert(value);
        }
    }
}

fn texts(document: &mut Members, names: &[&str]) {
    for name in names {
        if let Some(value) = document.get_mut(*name) {
            *value = text(value);
        }
    }
}

/// With four digits behind the point.
fn decimals(document: &mut Members, names: &[&str]) {
    for name in names {
        if let Some(value) = document.get_mut(*name)
            && let Some(number) = value.as_f64()
        {
            *value = Value::from(format!("{number:.4}"));
        }
    }
}

/// A number as its text; what else there is stays.
fn text(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.to_string()),
        other => other.clone(),
    }
}
