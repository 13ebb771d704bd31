//! What a client wants a product to be: the body of POST and PUT, checked member by member.
//! A member that is null counts as absent; one that Commerce's products do not have is refused, as there.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::answer::Answer;

const SKU_CHARS_MAX: usize = 64;
/// Commerce's own set, `Default`; a new store has no other for products.
const ATTRIBUTE_SET_ID: u64 = 4;
pub const ATTRIBUTES_MAX: usize = 1_000;
const STATUSES: RangeInclusive<u64> = 1..=2;
const VISIBILITIES: RangeInclusive<u64> = 1..=4;
/// Members of a Commerce product that the sandbox takes and does not keep.
const NOT_KEPT: [&str; 5] = ["id", "created_at", "updated_at", "options", "media_gallery_entries"];

#[derive(Debug)]
pub struct Draft {
    sku: Option<Value>,
    pub name: Option<String>,
    pub attribute_set_id: Option<u64>,
    pub price: Option<Number>,
    pub status: Option<u64>,
    pub visibility: Option<u64>,
    pub type_id: Option<String>,
    pub weight: Option<Number>,
    pub extension_attributes: Option<Map<String, Value>>,
    pub product_links: Option<Vec<Value>>,
    pub tier_prices: Option<Vec<Value>>,
    pub custom_attributes: Option<Vec<Attribute>>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Attribute {
    pub attribute_code: String,
    pub value: Value,
}

impl Draft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let Ok(Value::Object(mut request)) = serde_json::from_slice(body) else {
            return Err(Answer::unreadable("the body is no JSON object"));
        };
        if let Some(options) =
            request.remove("saveOptions").filter(|options| !options.is_boolean() && !options.is_null())
        {
            return Err(Answer::unusable("saveOptions", &options));
        }
        let Some(Value::Object(product)) = request.remove("product") else {
            return Err(Answer::unreadable("it has no object \"product\""));
        };
        let mut members = Members(product);
        let draft = Self {
            sku: members.take("sku", Ok)?,
            name: members.take("name", filled_text)?,
            attribute_set_id: members
                .take("attribute_set_id", |value| integer(value, &(ATTRIBUTE_SET_ID..=ATTRIBUTE_SET_ID)))?,
            price: members.take("price", amount)?,
            status: members.take("status", |value| integer(value, &STATUSES))?,
            visibility: members.take("visibility", |value| integer(value, &VISIBILITIES))?,
            type_id: members.take("type_id", filled_text)?,
            weight: members.take("weight", amount)?,
            extension_attributes: members.take("extension_attributes", object)?,
            product_links: members.take("product_links", list)?,
            tier_prices: members.take("tier_prices", list)?,
            custom_attributes: members.take("custom_attributes", attributes)?,
        };
        members.finish()?;
        Ok(draft)
    }

    /// Trimmed. Checked only when asked for, because a PUT goes by the SKU of its path.
    pub fn sku(&self) -> Result<String, Answer> {
        let Some(value) = &self.sku else { return Err(Answer::missing("sku")) };
        let sku = value.as_str().map_or("", str::trim);
        match sku.chars().count() {
            1..=SKU_CHARS_MAX => Ok(sku.to_owned()),
            _ => Err(Answer::unusable("sku", value)),
        }
    }
}

struct Members(Map<String, Value>);

impl Members {
    /// `read` gives the value back when the member cannot take it.
    fn take<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, Value>) -> Result<Option<T>, Answer> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|value| Answer::unusable(name, &value)),
        }
    }

    fn finish(self) -> Result<(), Answer> {
        match self.0.keys().find(|name| !NOT_KEPT.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Answer::unknown_member(name)),
        }
    }
}

fn filled_text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        other => Err(other),
    }
}

fn amount(value: Value) -> Result<Number, Value> {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number >= 0.0) => Ok(number),
        other => Err(other),
    }
}

fn integer(value: Value, range: &RangeInclusive<u64>) -> Result<u64, Value> {
    value.as_u64().filter(|number| range.contains(number)).ok_or(value)
}

fn object(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(members) => Ok(members),
        // PHP writes an empty object as an empty list.
        Value::Array(items) if items.is_empty() => Ok(Map::new()),
        other => Err(other),
    }
}

fn list(value: Value) -> Result<Vec<Value>, Value> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(other),
    }
}

fn attributes(value: Value) -> Result<Vec<Attribute>, Value> {
    let items = list(value)?;
    if items.len() > ATTRIBUTES_MAX {
        return Err(Value::from(format!("a list of {}", items.len())));
    }
    items.into_iter().map(attribute).collect()
}

fn attribute(value: Value) -> Result<Attribute, Value> {
    let code = value.get("attribute_code").and_then(Value::as_str).filter(|code| !code.is_empty());
    match (code, value.get("value")) {
        (Some(code), Some(inner)) => Ok(Attribute { attribute_code: code.to_owned(), value: inner.clone() }),
        _ => Err(value),
    }
}
