use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use validator::Validate;

use crate::{Fault, json};

/// One event code: what it carries, which entity it belongs to and which of its values is the business key.
///
/// The Rust type is the one source of the check, the published schema and the documentation.
#[derive(Clone, Copy)]
pub struct EventSpec {
    pub code: &'static str,
    pub entity: &'static str,
    /// Where the business key lies: JSON pointers into the value, `*` for every element of an array.
    pub keys: &'static [&'static str],
    /// Whether the back office sends it, through the ingestion webhook.
    pub is_ingested: bool,
    check: fn(&RawValue) -> Result<(), Fault>,
    schema: fn() -> Schema,
}

impl EventSpec {
    /// The event `code` of `entity`, whose value is a `T`.
    pub const fn of<T: DeserializeOwned + JsonSchema + Validate>(
        code: &'static str,
        entity: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self { code, entity, keys, is_ingested: true, check: check::<T>, schema: schema::<T> }
    }

    /// An event that Commerce sends: any value, since stores differ in what they send along.
    pub const fn of_commerce(code: &'static str, entity: &'static str, keys: &'static [&'static str]) -> Self {
        Self { is_ingested: false, ..Self::of::<crate::Json>(code, entity, keys) }
    }

    /// Decodes the value and applies its field rules; the first fault only.
    pub fn check(&self, value: &RawValue) -> Result<(), Fault> {
        (self.check)(value)
    }

    /// The JSON Schema (2020-12) of the value.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

impl fmt::Debug for EventSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EventSpec").field("code", &self.code).finish_non_exhaustive()
    }
}

fn check<T: DeserializeOwned + Validate>(value: &RawValue) -> Result<(), Fault> {
    json::decode::<T>(value).map(drop)
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}
