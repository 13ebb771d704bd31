//! What a client wants a product to be: the body of POST and PUT, checked member by member.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::answer::Answer;
use crate::members::{Members, amount, filled_text, flag, integer, list, object};

pub const SKU_CHARS_MAX: usize = 64;
/// Commerce's own set, `Default`; a new store has no other for products.
pub const ATTRIBUTE_SET_ID: u64 = 4;
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub attribute_code: String,
    pub value: Value,
}

impl Draft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        request.take("saveOptions", flag)?;
        let mut members = Members::of("A product", Value::Object(request.need("product", object)?))?;
        let draft = Self {
            sku: members.take("sku", Ok)?,
            name: members.take("name", filled_text)?,
            attribute_set_id: members
                .take("attribute_set_id", |value| within(value, &(ATTRIBUTE_SET_ID..=ATTRIBUTE_SET_ID)))?,
            price: members.take("price", amount)?,
            status: members.take("status", |value| within(value, &STATUSES))?,
            visibility: members.take("visibility", |value| within(value, &VISIBILITIES))?,
            type_id: members.take("type_id", filled_text)?,
            weight: members.take("weight", amount)?,
            extension_attributes: members.take("extension_attributes", object)?,
            product_links: members.take("product_links", list)?,
            tier_prices: members.take("tier_prices", list)?,
            custom_attributes: members.take("custom_attributes", attributes)?,
        };
        members.finish(&NOT_KEPT)?;
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

fn within(value: Value, range: &RangeInclusive<u64>) -> Result<u64, Value> {
    integer(value.clone()).ok().filter(|number| range.contains(number)).ok_or(value)
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
