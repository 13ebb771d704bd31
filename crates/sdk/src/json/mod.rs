//! Reading JSON from strangers: strictly, with faults that name a place and never a value.

mod named;
mod pointer;
mod strict;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::Fault;
use named::Named;
pub use named::parse;
pub use pointer::{member, texts_at};
pub use strict::{DEPTH_MAX, check};

/// Any JSON at all, for handlers that look at what came themselves.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Json(pub Value);

impl Validate for Json {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

/// What `validator` calls the list when a list is what is validated.
const LIST_ITSELF: &str = "_tmp_validator";

/// Decodes a value and applies its field rules.
///
/// # Errors
/// The first fault, with its pointer relative to the value.
pub fn decode<T: DeserializeOwned + Validate>(value: &RawValue) -> Result<T, Fault> {
    // The plain decoder is the fast one; the one that tracks the path runs only when it failed.
    let Ok(decoded) = parse::<T>(value.get()) else {
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        return serde_path_to_error::deserialize(Named(&mut deserializer))
            .map_err(|error| Fault::from_decoding(&error));
    };
    match decoded.validate() {
        Ok(()) => Ok(decoded),
        Err(errors) => Err(first_rule(&errors, "").unwrap_or_else(|| Fault::new("", "does not fit"))),
    }
}

fn first_rule(errors: &ValidationErrors, path: &str) -> Option<Fault> {
    let (field, kind) = errors.errors().iter().min_by_key(|(field, _)| field.to_owned())?;
    let path = if field == LIST_ITSELF { path.to_owned() } else { member(path, field) };
    match kind {
        ValidationErrorsKind::Field(rules) => {
            let rule = rules.first()?;
            let text =
                rule.message.as_deref().map_or_else(|| format!("breaks the rule `{}`", rule.code), str::to_owned);
            Some(Fault::new(path, text))
        }
        ValidationErrorsKind::Struct(inner) => first_rule(inner, &path),
        ValidationErrorsKind::List(items) => {
            let (index, inner) = items.iter().next()?;
            first_rule(inner, &format!("{path}/{index}"))
        }
    }
}

/// For members that may be left out but not be `null`: `#[serde(default, deserialize_with = "some")]` together with
/// `#[schemars(with = "Number", skip_serializing_if = "Option::is_none")]`, which keeps a default out of the schema.
pub fn some<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A whole number, also when it is written with a fraction of zero: JSON Schema's `integer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        // Printed without its fraction, a float of any size shows all of its digits.
        let float = number.as_f64().filter(|float| float.fract() == 0.0);
        let whole = number.as_i64().or_else(|| float.and_then(|float| format!("{float:.0}").parse().ok()));
        whole.map(Self).ok_or_else(|| serde::de::Error::custom("expected a whole number"))
    }
}

impl JsonSchema for Whole {
    fn schema_name() -> Cow<'static, str> {
        "Whole".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX})
    }
}
