//! Products as the back office sends them and as Commerce takes them.

use sdk::json::some;
use sdk::prelude::*;

/// A product that is new in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Created {
    /// Commerce's limit is 64 characters.
    #[validate(length(min = 1, max = 64))]
    pub sku: String,
    pub name: String,
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "Number", skip_serializing_if = "Option::is_none")]
    pub price: Option<Number>,
    pub description: String,
}

/// A product that changed in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Updated {
    #[validate(length(min = 1, max = 64))]
    pub sku: String,
    pub name: String,
    pub price: Number,
    pub description: String,
}

/// A product that is gone from the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    #[validate(length(min = 1, max = 64))]
    pub sku: String,
}

/// Commerce's attribute set "Default".
const ATTRIBUTE_SET_ID: u32 = 4;

/// The body of `POST V1/products` and `PUT V1/products/{sku}`.
#[derive(Debug, Serialize)]
pub struct SaveProduct {
    pub product: Product,
}

#[derive(Debug, Serialize)]
pub struct Product {
    pub sku: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Number>,
    pub attribute_set_id: u32,
    pub custom_attributes: [CustomAttribute; 1],
}

#[derive(Debug, Serialize)]
pub struct CustomAttribute {
    pub attribute_code: &'static str,
    pub value: String,
}

impl From<Created> for SaveProduct {
    fn from(event: Created) -> Self {
        let description = CustomAttribute { attribute_code: "description", value: event.description };
        Self {
            product: Product {
                sku: event.sku,
                name: event.name,
                price: event.price,
                attribute_set_id: ATTRIBUTE_SET_ID,
                custom_attributes: [description],
            },
        }
    }
}

impl From<Updated> for SaveProduct {
    fn from(event: Updated) -> Self {
        let Updated { sku, name, price, description } = event;
        Created { sku, name, price: Some(price), description }.into()
    }
}
