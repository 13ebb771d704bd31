//! Where in a sample something is set: `items[0].sku`.

use std::str::FromStr;

use serde_json::Value;
use settings::nearest;
use thiserror::Error;

/// Longer or deeper than what any event has.
const CHARACTERS_MAX: usize = 1_000;
const STEPS_MAX: usize = 64;

/// `$ref` upon `$ref`: more is a circle.
const REFERENCES_MAX: usize = 16;

/// A path of members and elements; a member with other signs in its name is written `["a.b"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    way: Vec<Step>,
    last: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// Why nothing was set.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlaceError {
    #[error(
        "`{0}` is no path\n  hint: write members with dots between, and the number of an element, such as `items[0].sku`"
    )]
    Malformed(String),
    #[error("`{path}`: there is no `{name}`{}\n  hint: {hint}", in_words(.within))]
    NoMember { path: String, within: String, name: String, hint: String },
    #[error("`{path}`: `{within}` has {count} elements\n  hint: the first is `[0]`, and `[{count}]` adds one")]
    NoElement { path: String, within: String, count: usize },
    #[error("`{path}`: {within} is {found}, not {wanted}\n  hint: `kit event sample` shows what the event carries")]
    OtherKind { path: String, within: String, found: &'static str, wanted: &'static str },
}

fn in_words(within: &str) -> String {
    if within.is_empty() { String::new() } else { format!(" in `{within}`") }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let malformed = || PlaceError::Malformed(text.chars().take(CHARACTERS_MAX).collect());
        if text.chars().count() > CHARACTERS_MAX {
            return Err(malformed());
        }
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = step(rest, steps.is_empty()).ok_or_else(malformed)?;
            steps.push(step);
            rest = after;
        }
        let last = steps.pop().ok_or_else(malformed)?;
        if steps.len() < STEPS_MAX { Ok(Self { way: steps, last }) } else { Err(malformed()) }
    }
}

/// The next step of a path, and what follows it.
fn step(text: &str, is_first: bool) -> Option<(Step, &str)> {
    if let Some(inner) = text.strip_prefix('[') {
        if inner.starts_with('"') {
            let mut names = serde_json::Deserializer::from_str(inner).into_iter::<String>();
            let name = names.next()?.ok()?;
            return Some((Step::Member(name), inner[names.byte_offset()..].strip_prefix(']')?));
        }
        let (number, after) = inner.split_once(']')?;
        let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        return Some((Step::Element(number.parse().ok().filter(|_| is_number)?), after));
    }
    let text = if is_first { text } else { text.strip_prefix('.')? };
    let end = text.find(['.', '[', ']']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    (!name.is_empty() && !after.starts_with(']')).then(|| (Step::Member(name.to_owned()), after))
}

impl Place {
    /// Sets what stands there. Members that the value does not have yet have to be known to the schema; where it knows none,
    /// all names are taken.
    ///
    /// # Errors
    /// There is no such place; `text` is how it was written.
    pub fn set(&self, target: &mut Value, new: Value, schema: &Value) -> Result<(), PlaceError> {
        let mut walk = Walk { root: schema, schema: Some(schema), path: self.to_string(), within: String::new() };
        let mut here = target;
        for step in &self.way {
            walk.check(here, step, false)?;
            here = match step {
                Step::Member(name) => &mut here[name.as_str()],
                Step::Element(index) => &mut here[*index],
            };
            walk.enter(step);
        }
        walk.check(here, &self.last, true)?;
        match (&self.last, here) {
            (Step::Member(name), here) => here[name.as_str()] = new,
            (Step::Element(index), Value::Array(elements)) if *index == elements.len() => elements.push(new),
            (Step::Element(index), here) => here[*index] = new,
        }
        Ok(())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for step in self.way.iter().chain([&self.last]) {
            step.write(&mut text);
        }
        formatter.write_str(&text)
    }
}

impl Step {
    fn write(&self, to: &mut String) {
        match self {
            Self::Element(index) => {
                to.push('[');
                to.push_str(&index.to_string());
                to.push(']');
            }
            Self::Member(name) if name.is_empty() || name.contains(['.', '[', ']', '"']) => {
                to.push('[');
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(']');
            }
            Self::Member(name) => {
                if !to.is_empty() {
                    to.push('.');
                }
                to.push_str(name);
            }
        }
    }
}

/// On the way to a place: where we are, and what the schema says of it.
struct Walk<'a> {
    root: &'a Value,
    /// None: nothing is known.
    schema: Option<&'a Value>,
    path: String,
    within: String,
}

impl Walk<'_> {
    /// Whether the step can be taken from here; the last may lead to what is not there yet.
    fn check(&self, here: &Value, step: &Step, is_last: bool) -> Result<(), PlaceError> {
        match (step, here) {
            (Step::Member(name), Value::Object(members)) => {
                if members.contains_key(name) {
                    return Ok(());
                }
                let known = self.known();
                let is_possible = known.as_ref().is_none_or(|known| known.contains(&name.as_str()));
                if is_last && is_possible {
                    return Ok(());
                }
                let names = members.keys().map(String::as_str);
                let mut names: Vec<&str> = names.chain(known.into_iter().flatten()).collect();
                names.sort_unstable();
                names.dedup();
                Err(self.no_member(name, &names))
            }
            (Step::Element(index), Value::Array(elements)) => {
                let is_there = *index < elements.len() || (is_last && *index == elements.len());
                let (path, within) = (self.path.clone(), self.within.clone());
                if is_there { Ok(()) } else { Err(PlaceError::NoElement { path, within, count: elements.len() }) }
            }
            (Step::Member(_), other) => Err(self.other_kind(other, "an object")),
            (Step::Element(_), other) => Err(self.other_kind(other, "an array")),
        }
    }

    fn no_member(&self, name: &str, names: &[&str]) -> PlaceError {
        let hint = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it has no members".to_owned(),
            None => format!("known are {}", names.join(", ")),
        };
        let (path, within) = (self.path.clone(), self.within.clone());
        PlaceError::NoMember { path, within, name: name.to_owned(), hint }
    }

    fn other_kind(&self, found: &Value, wanted: &'static str) -> PlaceError {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        let within = if self.within.is_empty() { "the value".to_owned() } else { format!("`{}`", self.within) };
        PlaceError::OtherKind { path: self.path.clone(), within, found, wanted }
    }

    /// The members that the schema names here. None: it names none.
    fn known(&self) -> Option<Vec<&str>> {
        let properties = self.schema?.get("properties")?.as_object()?;
        Some(properties.keys().map(String::as_str).collect())
    }

    fn enter(&mut self, step: &Step) {
        step.write(&mut self.within);
        let below = self.schema.and_then(|schema| match step {
            Step::Member(name) => schema.get("properties")?.get(name),
            Step::Element(_) => schema.get("items"),
        });
        self.schema = below.and_then(|schema| resolved(self.root, schema));
    }
}

/// What a schema that only leads elsewhere stands for: a reference, or the one of several that is not `null`.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    let mut schema = schema;
    for _ in 0..REFERENCES_MAX {
        let other = |name: &str| {
            let all = schema.get(name)?.as_array()?;
            all.iter().find(|one| one.get("type").is_none_or(|kind| kind != "null"))
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            schema = root.pointer(reference.strip_prefix('#')?)?;
        } else if let Some(one) = other("anyOf").or_else(|| other("oneOf")) {
            schema = one;
        } else {
            return Some(schema);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(path: &str, new: Value) -> Result<Value, PlaceError> {
        let mut value = json!({"sku": "A", "items": [{"sku": "B", "qty": 1}], "a.b": 1});
        let item = json!({"type": "object", "properties": {"sku": {}, "qty": {}, "note": {}}});
        let schema = json!({
            "properties": {"sku": {}, "price": {}, "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}},
            "$defs": {"Item": {"anyOf": [item, {"type": "null"}]}},
        });
        path.parse::<Place>()?.set(&mut value, new, &schema)?;
        Ok(value)
    }

    /// Setting there makes this of the value.
    #[track_caller]
    fn check(path: &str, pointer: &str) {
        let value = set(path, json!("new")).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(value.pointer(pointer), Some(&json!("new")), "{path}: {value}");
    }

    #[test]
    fn what_is_there_and_what_the_schema_knows_can_be_set() {
        check("sku", "/sku");
        check("price", "/price");
        check("items", "/items");
        check("items[0]", "/items/0");
        check("items[1]", "/items/1");
        check("items[0].qty", "/items/0/qty");
        check("items[0].note", "/items/0/note");
        check("[\"a.b\"]", "/a.b");
    }

    #[track_caller]
    fn check_refused(path: &str, texts: &[&str]) {
        let told = set(path, json!(1)).expect_err(path).to_string();
        for text in texts {
            assert!(told.contains(text), "{path}: no `{text}` in {told}");
        }
    }

    #[test]
    fn a_place_that_is_not_there_is_named_with_a_near_one() {
        check_refused("skuu", &["there is no `skuu`", "did you mean `sku`?"]);
        check_refused("prise", &["did you mean `price`?"]);
        check_refused("items[0].notte", &["no `notte` in `items[0]`", "did you mean `note`?"]);
        check_refused("items[0].quantities", &["known are note, qty, sku"]);
        check_refused("items[2]", &["`items` has 1 elements", "`[1]` adds one"]);
        check_refused("items[1].sku", &["`items` has 1 elements"]);
        check_refused("price.net", &["there is no `price`"]);
        check_refused("sku.a", &["`sku` is a text, not an object"]);
        check_refused("sku[0]", &["`sku` is a text, not an array"]);
        check_refused("items.sku", &["`items` is an array, not an object"]);
        check_refused("[0]", &["the value is an object, not an array"]);
    }

    #[test]
    fn what_is_no_path_is_refused_as_a_whole() {
        for path in [
            "", ".", "a.", ".a", "a..b", "a[", "a]", "a[]", "a[x]", "a[-1]", "a[+1]", "a[0]b", "[\"a]", "a[\"b\"",
            "[\"a\" ]",
        ] {
            check_refused(path, &["is no path", "hint: "]);
        }
        check_refused(&"a".repeat(1_001), &["is no path"]);
        check_refused(&"a.".repeat(64), &["is no path"]);
        check_refused(&format!("a{}", "[0]".repeat(64)), &["is no path"]);
        check_refused(&format!("a[{}]", "9".repeat(40)), &["is no path"]);
    }

    #[test]
    fn a_path_is_written_as_it_was_read() {
        for path in ["a", "a.b[0].c", "[\"a.b\"][0]", "[0][1]"] {
            assert_eq!(path.parse::<Place>().expect(path).to_string(), path);
        }
    }
}
