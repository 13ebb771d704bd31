//! The arguments of `products`, written in the query or in its variables.

use graphql_parser::query::{Type, Value as Written, VariableDefinition};
use serde_json::{Map, Value};

use super::Mistake;
use super::question::Page;
use crate::answer::shortened;

const PAGE_SIZE_DEFAULT: i32 = 20;
const PAGE_SIZE_MAX: usize = 300;
const CURRENT_PAGE_DEFAULT: i32 = 1;
const SEARCH: &str = "search";
const PAGE_SIZE: &str = "pageSize";
const CURRENT_PAGE: &str = "currentPage";
const KNOWN: [&str; 3] = [SEARCH, PAGE_SIZE, CURRENT_PAGE];

/// The variables of an operation and their values.
pub struct Variables<'a> {
    pub definitions: &'a [VariableDefinition<'a, &'a str>],
    pub given: &'a Map<String, Value>,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    String,
}

type Arguments<'a> = [(&'a str, Written<'a, &'a str>)];

pub fn page<'a>(arguments: &Arguments<'a>, variables: &Variables<'a>) -> Result<Page, Mistake> {
    for (index, (name, _)) in arguments.iter().enumerate() {
        if !KNOWN.contains(name) {
            let name = shortened(name);
            return Err(Mistake(format!("Unknown argument \"{name}\" on field \"products\" of \"Query\".")));
        }
        if arguments[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(Mistake(format!("There can be only one argument named \"{name}\".")));
        }
    }
    let value = |name, kind| -> Result<Option<Value>, Mistake> {
        let written = arguments.iter().find(|(given, _)| *given == name).map(|(_, written)| written);
        written.map_or(Ok(None), |written| variables.value(written, kind, name))
    };
    let search = value(SEARCH, Kind::String)?.and_then(|search| search.as_str().map(str::to_lowercase));
    let size = above_zero(value(PAGE_SIZE, Kind::Int)?, PAGE_SIZE_DEFAULT, PAGE_SIZE)?;
    let current = above_zero(value(CURRENT_PAGE, Kind::Int)?, CURRENT_PAGE_DEFAULT, CURRENT_PAGE)?;
    if size > PAGE_SIZE_MAX {
        return Err(Mistake(format!("Maximum pageSize is {PAGE_SIZE_MAX}")));
    }
    let search = search.ok_or_else(|| Mistake("'search' or 'filter' input argument is required.".to_owned()))?;
    Ok(Page { search, size, current })
}

impl Variables<'_> {
    /// What an argument comes to, checked; `None` when it is null or left out.
    fn value<'a>(&self, written: &Written<'a, &'a str>, kind: Kind, place: &str) -> Result<Option<Value>, Mistake> {
        match written {
            Written::Variable(name) => self.variable(name, kind),
            written => constant(written, kind, &format!("Argument \"{place}\"")),
        }
    }

    fn variable(&self, name: &str, kind: Kind) -> Result<Option<Value>, Mistake> {
        let shown = shortened(name);
        let definition = self.definitions.iter().find(|definition| definition.name == name);
        let definition = definition.ok_or_else(|| Mistake(format!("Variable \"${shown}\" is not defined.")))?;
        let (of, is_required) = match &definition.var_type {
            Type::NonNullType(inner) => (&**inner, true),
            nullable => (nullable, false),
        };
        if !matches!(of, Type::NamedType(of) if *of == kind.name()) {
            let given = shortened(&definition.var_type.to_string());
            let kind = kind.name();
            return Err(Mistake(format!("Variable \"${shown}\" of type \"{given}\" stands for an \"{kind}\".")));
        }
        let place = format!("Variable \"${shown}\"");
        let value = match (self.given.get(name), &definition.default_value) {
            (Some(given), _) => checked(given.clone(), kind, &place)?,
            (None, Some(default)) => constant(default, kind, &place)?,
            (None, None) => None,
        };
        if value.is_none() && is_required {
            let kind = kind.name();
            return Err(Mistake(format!("Variable \"${shown}\" of required type \"{kind}!\" was not provided.")));
        }
        Ok(value)
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::String => "String",
        }
    }

    fn has(self, value: &Value) -> bool {
        match self {
            Self::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Self::String => value.is_string(),
        }
    }
}

/// A value that is written out; it has no variables.
fn constant<'a>(written: &Written<'a, &'a str>, kind: Kind, place: &str) -> Result<Option<Value>, Mistake> {
    let value = match written {
        Written::Int(number) => number.as_i64().map(Value::from),
        Written::String(text) => Some(Value::from(text.as_str())),
        Written::Null => Some(Value::Null),
        Written::Variable(_)
        | Written::Float(_)
        | Written::Boolean(_)
        | Written::Enum(_)
        | Written::List(_)
        | Written::Object(_) => None,
    };
    checked(value.ok_or_else(|| wrong(place, kind, &written.to_string()))?, kind, place)
}

fn checked(value: Value, kind: Kind, place: &str) -> Result<Option<Value>, Mistake> {
    match value {
        Value::Null => Ok(None),
        value if kind.has(&value) => Ok(Some(value)),
        other => Err(wrong(place, kind, &other.to_string())),
    }
}

fn wrong(place: &str, kind: Kind, given: &str) -> Mistake {
    Mistake(format!("{place} got invalid value {}; expected type {}.", shortened(given), kind.name()))
}

fn above_zero(value: Option<Value>, default: i32, name: &str) -> Result<usize, Mistake> {
    let number = value.map_or(Some(i64::from(default)), |value| value.as_i64());
    let number = number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    number.ok_or_else(|| Mistake(format!("{name} value must be greater than 0.")))
}
