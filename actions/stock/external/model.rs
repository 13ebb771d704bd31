//! Stock as the back office counts it.

use sdk::prelude::*;

/// One SKU counted in one source.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Commerce's limit is 64 characters.
    #[validate(length(min = 1, max = 64))]
    pub sku: String,
    pub source: String,
    pub quantity: Number,
    pub out_of_stock: bool,
}
