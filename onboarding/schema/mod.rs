//! The JSON Schemas of the config files: what editors complete with, and what the files are held against.

mod place;
#[cfg(test)]
mod tests;

use std::path::Path;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;
use settings::{Fault, Location, nearest};

use crate::{EVENTS_FILE, PROVIDERS_FILE, REGISTRATIONS_FILE, SUBSCRIPTIONS_FILE, WORKSPACE_FILE};
pub(crate) use place::{Places, escaped};

/// Faults that are told of one file.
const FAULTS_MAX: usize = 50;

/// A config file, and the text of its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigSchema {
    /// The file's name in the config folder.
    pub file: &'static str,
    /// Draft 2020-12.
    pub text: &'static str,
}

/// Every config file that has a schema, which is all of them.
pub const CONFIG_SCHEMAS: [ConfigSchema; 6] = [
    ConfigSchema { file: PROVIDERS_FILE, text: include_str!("../config/schema/providers.schema.json") },
    ConfigSchema { file: EVENTS_FILE, text: include_str!("../config/schema/events.schema.json") },
    ConfigSchema {
        file: REGISTRATIONS_FILE,
        text: include_str!("../config/schema/starter-kit-registrations.schema.json"),
    },
    ConfigSchema {
        file: SUBSCRIPTIONS_FILE,
        text: include_str!("../config/schema/commerce-event-subscribe.schema.json"),
    },
    ConfigSchema { file: "delivery.json", text: include_str!("../config/schema/delivery.schema.json") },
    ConfigSchema { file: WORKSPACE_FILE, text: include_str!("../config/schema/workspace.schema.json") },
];

/// What of a file breaks its schema. `text` is JSON.
pub(crate) fn faults(file: &Path, text: &str) -> Vec<Fault> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(schema) = CONFIG_SCHEMAS.iter().find(|schema| schema.file == name) else { return Vec::new() };
    // A test compiles each of them.
    let Ok(schema) = serde_json::from_str::<Value>(schema.text) else { return Vec::new() };
    let (Ok(validator), Ok(value)) = (jsonschema::validator_for(&schema), serde_json::from_str::<Value>(text)) else {
        return Vec::new();
    };
    let places = Places::of(text);
    let mut faults: Vec<Fault> = validator
        .iter_errors(&value)
        .take(FAULTS_MAX)
        .flat_map(|error| broken(&schema, &error))
        .map(|Broken { pointer, problem, hint }| Fault {
            at: Some(Location { file: file.to_owned(), line: places.line(&pointer) }),
            key: pointer,
            problem,
            hint,
        })
        .collect();
    faults.sort();
    faults.dedup();
    faults
}

struct Broken {
    pointer: String,
    problem: String,
    hint: String,
}

/// A broken rule in words. The library's own quote the value, which may be secret or long.
fn broken(schema: &Value, error: &ValidationError<'_>) -> Vec<Broken> {
    let pointer = error.instance_path().as_str().to_owned();
    // The last part is the broken keyword; before it stands the schema of the value.
    let own = error.schema_path().as_str().rsplit_once('/').map_or("", |(own, _)| own);
    let own = schema.pointer(own).unwrap_or(&Value::Null);
    let problem = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let what = described(&own["properties"][name]);
            return vec![Broken {
                pointer,
                problem: format!("expected the member `{name}`, it is missing"),
                hint: what.map_or_else(|| format!("add `{name}`"), |what| format!("add `{name}`: {what}")),
            }];
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|name| unknown_member(&pointer, name, own)).collect();
        }
        ValidationErrorKind::Enum { options } => return vec![unknown_option(pointer, options, error.instance())],
        ValidationErrorKind::Type { kind } => format!("expected {}", kinds(kind)),
        ValidationErrorKind::MinLength { .. } => "expected a text that is not empty".to_owned(),
        ValidationErrorKind::MinItems { .. } => "expected a list that is not empty".to_owned(),
        ValidationErrorKind::Minimum { limit } => format!("expected at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("expected at most {limit}"),
        ValidationErrorKind::Pattern { .. } => "expected a text of another form".to_owned(),
        kind => format!("expected what the rule `{}` of the schema asks for", kind.keyword()),
    };
    let hint = described(own).unwrap_or("look at the schema in onboarding/config/schema").to_owned();
    vec![Broken { pointer, problem, hint }]
}

fn described(schema: &Value) -> Option<&str> {
    schema["description"].as_str()
}

fn unknown_member(pointer: &str, name: &str, own: &Value) -> Broken {
    let known: Vec<&str> = own["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let hint = nearest(name, &known)
        .map_or_else(|| format!("known are `{}`", known.join("`, `")), |near| format!("did you mean `{near}`?"));
    Broken {
        pointer: format!("{pointer}/{}", escaped(name)),
        problem: "expected a member that is known here".to_owned(),
        hint,
    }
}

fn unknown_option(pointer: String, options: &Value, found: &Value) -> Broken {
    let known: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let near = found.as_str().and_then(|found| nearest(found, &known));
    Broken {
        pointer,
        problem: format!("expected one of `{}`", known.join("`, `")),
        hint: near.map_or_else(|| "write one of these".to_owned(), |near| format!("did you mean `{near}`?")),
    }
}

/// JSON's types in words.
fn kinds(kind: &TypeKind) -> String {
    let word = |name: &str| match name {
        "string" => "a text",
        "object" => "an object",
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "`null`",
    };
    match kind {
        TypeKind::Single(kind) => word(&kind.to_string()).to_owned(),
        TypeKind::Multiple(kinds) => {
            let mut words: Vec<&str> = kinds.iter().map(|kind| word(&kind.to_string())).collect();
            words.sort_unstable();
            words.join(" or ")
        }
    }
}
