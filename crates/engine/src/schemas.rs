use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use sdk::json::member;
use sdk::{EventSpec, Fault};
use serde_json::Value;
use serde_json::value::RawValue;

/// Faults named in one answer.
const FAULTS_MAX: usize = 50;

/// Of larger values only the first fault is named. The validator collects all of them before it tells the first, and
/// a body within its limit has room for a million.
const LISTED_BYTES_MAX: usize = 64 * 1024;

/// The events that the kit knows, by code, with their schemas.
///
/// Values are decoded into their types first, which is fast. The compiled schema runs only on a value that failed, to
/// name everything that is wrong with it, and on one that holds arrays, because types are also read from those.
#[derive(Debug)]
pub struct Schemas(BTreeMap<&'static str, Entry>);

#[derive(Debug)]
struct Entry {
    spec: EventSpec,
    /// Compiled when first needed; `None` when the type's schema cannot be compiled.
    validator: OnceLock<Option<Validator>>,
}

impl Schemas {
    pub fn new(specs: &[EventSpec]) -> Self {
        Self(specs.iter().map(|spec| (spec.code, Entry { spec: *spec, validator: OnceLock::new() })).collect())
    }

    pub fn spec(&self, code: &str) -> Option<&EventSpec> {
        self.0.get(code).map(|entry| &entry.spec)
    }

    /// Whether any event is about such a thing.
    pub(crate) fn has_entity(&self, entity: &str) -> bool {
        self.0.values().any(|entry| entry.spec.entity == entity)
    }

    /// The event, if the back office sends it through the ingestion webhook.
    pub fn ingested(&self, code: &str) -> Option<&EventSpec> {
        self.spec(code).filter(|spec| spec.is_ingested)
    }

    /// The JSON Schema of the value of an event that is ingested.
    pub fn schema(&self, code: &str) -> Option<Value> {
        self.ingested(code).map(|spec| spec.schema().to_value())
    }

    /// Checks a value; every fault's pointer begins with `prefix`.
    ///
    /// # Errors
    /// All faults found, never none.
    pub fn check(&self, code: &str, value: &RawValue, prefix: &str) -> Result<(), Vec<Fault>> {
        let Some(entry) = self.0.get(code) else {
            return Err(vec![Fault::new(prefix, "belongs to an event that is not known")]);
        };
        let Err(first) = entry.spec.check(value) else { return Ok(()) };
        let validator = entry.validator.get_or_init(|| {
            let compiled = jsonschema::validator_for(&entry.spec.schema().to_value());
            compiled.inspect_err(|error| tracing::error!(code, %error, "an event's schema cannot be compiled")).ok()
        });
        let mut faults = match (validator, serde_json::from_str::<Value>(value.get())) {
            (Some(validator), Ok(parsed)) => faults(validator, &parsed, value.get().len()),
            _ => Vec::new(),
        };
        if faults.is_empty() {
            // A rule that the schema cannot say.
            faults.push(first);
        }
        faults.sort_by(|left: &Fault, right: &Fault| left.path.cmp(&right.path));
        faults.dedup();
        Err(faults.into_iter().map(|fault| fault.below(prefix)).collect())
    }
}

/// The rules that a value of this many bytes breaks.
fn faults(validator: &Validator, value: &Value, bytes: usize) -> Vec<Fault> {
    if bytes > LISTED_BYTES_MAX {
        return validator.validate(value).err().iter().flat_map(rules).take(FAULTS_MAX).collect();
    }
    validator.iter_errors(value).flat_map(|error| rules(&error)).take(FAULTS_MAX).collect()
}

/// A broken rule in words. The library's own texts quote the value, so they are never used.
fn rules(error: &ValidationError<'_>) -> Vec<Fault> {
    let path = error.instance_path().as_str().to_owned();
    let text = match error.kind() {
        ValidationErrorKind::Required { property } => {
            return vec![Fault::new(member(&path, property.as_str().unwrap_or_default()), "is required")];
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|name| Fault::new(member(&path, name), "is not allowed here")).collect();
        }
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(kind) => format!("must be {} {kind}", article(&kind.to_string())),
            TypeKind::Multiple(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
                format!("must be one of: {}", kinds.join(", "))
            }
        },
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} items"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::Enum { options } => format!("must be one of {options}"),
        kind => format!("breaks the rule `{}`", kind.keyword()),
    };
    vec![Fault::new(path, text)]
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
