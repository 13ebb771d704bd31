//! Customers and customer groups as the back office sends them and as Commerce takes them.

use sdk::prelude::*;

/// A customer who is new in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Created {
    pub name: String,
    pub lastname: String,
    pub email: String,
}

/// A customer who changed in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Updated {
    pub id: Number,
    pub name: String,
    pub lastname: String,
    pub email: String,
}

/// A customer who is gone from the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    pub id: Number,
}

/// A customer group that is new in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GroupCreated {
    pub name: String,
    pub tax_class_id: Number,
}

/// A customer group that changed in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GroupUpdated {
    pub id: Number,
    pub name: String,
    pub tax_class_id: Number,
}

/// A customer group that is gone from the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct GroupDeleted {
    pub id: Number,
}

/// What Commerce calls the fields of every customer.
#[derive(Debug, Serialize)]
pub struct Customer {
    pub email: String,
    pub firstname: String,
    pub lastname: String,
}

/// What Commerce calls the fields of every customer group.
#[derive(Debug, Serialize)]
pub struct Group {
    pub code: String,
    pub tax_class_id: Number,
}
