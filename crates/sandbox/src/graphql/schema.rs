//! The fields that the sandbox knows, and what a question selects of them.

use graphql_parser::query::{Field, Selection, SelectionSet};
use serde_json::{Map, Value};

use super::Mistake;
use crate::answer::shortened;

/// A field without a type of its own is a scalar.
pub struct Type {
    name: &'static str,
    fields: &'static [(&'static str, Option<&'static Type>)],
}

pub static QUERY: Type = Type { name: "Query", fields: &[("products", Some(&PRODUCTS))] };
static PRODUCTS: Type = Type {
    name: "Products",
    fields: &[("items", Some(&PRODUCT)), ("total_count", None), ("page_info", Some(&PAGE_INFO))],
};
static PRODUCT: Type = Type {
    name: "ProductInterface",
    fields: &[("name", None), ("sku", None), ("stock_status", None), ("price_range", Some(&PRICE_RANGE))],
};
static PRICE_RANGE: Type = Type { name: "PriceRange", fields: &[("minimum_price", Some(&PRODUCT_PRICE))] };
static PRODUCT_PRICE: Type = Type { name: "ProductPrice", fields: &[("regular_price", Some(&MONEY))] };
static MONEY: Type = Type { name: "Money", fields: &[("value", None), ("currency", None)] };
static PAGE_INFO: Type = Type {
    name: "SearchResultPageInfo",
    fields: &[("current_page", None), ("page_size", None), ("total_pages", None)],
};

/// Fields of one question, at all depths.
const FIELDS_MAX: usize = 100;
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A number, or the signs around a member.
const VALUE_BYTES: usize = 16;

/// One field of a question and what is asked of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Selected {
    /// How the answer calls it.
    key: String,
    name: &'static str,
    below: Vec<Selected>,
}

/// How much more may be selected or answered.
#[derive(Debug)]
pub struct Room(usize);

impl Room {
    pub fn of_fields() -> Self {
        Self(FIELDS_MAX)
    }

    pub fn of_bytes() -> Self {
        Self(ANSWER_BYTES_MAX)
    }

    fn take(&mut self, amount: usize) -> Option<()> {
        self.0 = self.0.checked_sub(amount)?;
        Some(())
    }
}

impl Selected {
    /// Without its arguments.
    pub fn read<'a>(field: &Field<'a, &'a str>, of: &'static Type, room: &mut Room) -> Result<Self, Mistake> {
        room.take(1).ok_or_else(|| Mistake(format!("The sandbox answers at most {FIELDS_MAX} fields of a query.")))?;
        if !field.directives.is_empty() {
            return Err(Mistake("The sandbox knows no directives.".to_owned()));
        }
        let known = of.fields.iter().find(|(name, _)| *name == field.name);
        let (name, below) = known.ok_or_else(|| {
            Mistake(format!("Cannot query field \"{}\" on type \"{}\".", shortened(field.name), of.name))
        })?;
        let below = match (below, field.selection_set.items.is_empty()) {
            (Some(below), false) => read_set(&field.selection_set, below, room)?,
            (None, true) => Vec::new(),
            (Some(_), true) => return Err(Mistake(format!("Field \"{name}\" must have a selection of subfields."))),
            (None, false) => return Err(Mistake(format!("Field \"{name}\" has no subfields."))),
        };
        Ok(Self { key: field.alias.unwrap_or(name).to_owned(), name, below })
    }

    /// The member of `whole` that is selected, and of it what is selected; `None` when there is no room for it.
    pub fn copy(&self, whole: &Value, into: &mut Map<String, Value>, room: &mut Room) -> Option<()> {
        room.take(self.key.len() + VALUE_BYTES)?;
        let value = copied(whole.get(self.name).unwrap_or(&Value::Null), &self.below, room)?;
        into.insert(self.key.clone(), value);
        Some(())
    }
}

fn read_set<'a>(set: &SelectionSet<'a, &'a str>, of: &'static Type, room: &mut Room) -> Result<Vec<Selected>, Mistake> {
    let mut selected = Vec::new();
    for selection in &set.items {
        let Selection::Field(field) = selection else {
            return Err(Mistake("The sandbox knows no fragments.".to_owned()));
        };
        if let Some((argument, _)) = field.arguments.first() {
            let [argument, field] = [argument, field.name].map(shortened);
            return Err(Mistake(format!("Unknown argument \"{argument}\" on field \"{field}\" of \"{}\".", of.name)));
        }
        add(&mut selected, Selected::read(field, of, room)?)?;
    }
    Ok(selected)
}

/// A field that is selected twice is one field, with all that is selected of it.
fn add(list: &mut Vec<Selected>, new: Selected) -> Result<(), Mistake> {
    match list.iter_mut().find(|known| known.key == new.key) {
        None => list.push(new),
        Some(known) if known.name == new.name => {
            for below in new.below {
                add(&mut known.below, below)?;
            }
        }
        Some(known) => {
            let (key, [one, other]) = (shortened(&new.key), [known.name, new.name]);
            return Err(Mistake(format!("Fields \"{key}\" conflict because \"{one}\" and \"{other}\" differ.")));
        }
    }
    Ok(())
}

fn copied(whole: &Value, selected: &[Selected], room: &mut Room) -> Option<Value> {
    match whole {
        Value::Array(items) => {
            let items: Option<Vec<Value>> = items.iter().map(|item| copied(item, selected, room)).collect();
            Some(Value::Array(items?))
        }
        Value::Object(_) => {
            let mut members = Map::new();
            for field in selected {
                field.copy(whole, &mut members, room)?;
            }
            Some(Value::Object(members))
        }
        Value::String(text) => {
            room.take(text.len())?;
            Some(whole.clone())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(whole.clone()),
    }
}
