use sdk::json;
use serde_json::{Map, Value};

use super::error::{FilterError, Place, Rule};
use super::operators::{self, OPERATORS};
use super::pattern::{Node, Pattern};
use super::{DEPTH_MAX, NODES_MAX, STRING_BYTES_MAX, TEXT_BYTES_MAX};

/// In place of a member: any of several patterns.
const OR: &str = "$or";

pub(super) fn parse(text: &str) -> Result<Pattern, FilterError> {
    let root = Place::Root;
    if text.len() > TEXT_BYTES_MAX {
        return Err(root.breaks(Rule::TextTooLong));
    }
    // Only the strict check sees names that stand twice; a `Value` keeps the last.
    let text = json::check(text.as_bytes()).map_err(|reason| root.breaks(Rule::Json(reason)))?;
    let value: Value = serde_json::from_str(text).map_err(|error| root.breaks(Rule::Json(error.to_string())))?;
    Parser::default().pattern(&root, &value, 1)
}

/// Counts what it reads.
#[derive(Default)]
pub(super) struct Parser {
    nodes: usize,
}

impl Parser {
    fn pattern(&mut self, place: &Place<'_>, value: &Value, depth: usize) -> Result<Pattern, FilterError> {
        let Value::Object(object) = value else { return Err(place.breaks(Rule::NoPattern)) };
        self.object(place, object, depth)
    }

    fn object(&mut self, place: &Place<'_>, object: &Map<String, Value>, depth: usize) -> Result<Pattern, FilterError> {
        if depth > DEPTH_MAX {
            return Err(place.breaks(Rule::TooDeep));
        }
        if object.is_empty() {
            return Err(place.breaks(Rule::EmptyPattern));
        }
        let mut members = Vec::new();
        let mut alternatives = Vec::new();
        for (name, value) in object {
            if name.len() > STRING_BYTES_MAX {
                return Err(place.breaks(Rule::NameTooLong));
            }
            let place = place.member(name);
            self.count(&place)?;
            if name == OR {
                alternatives = self.alternatives(&place, value, depth + 1)?;
            } else {
                members.push((name.clone(), self.node(&place, name, value, depth)?));
            }
        }
        Ok(Pattern::new(members, alternatives))
    }

    fn alternatives(&mut self, place: &Place<'_>, value: &Value, depth: usize) -> Result<Vec<Pattern>, FilterError> {
        let patterns = value.as_array().filter(|patterns| patterns.len() >= 2);
        let patterns = patterns.ok_or_else(|| place.breaks(Rule::NoAlternatives))?;
        let mut alternatives = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.iter().enumerate() {
            let place = place.item(index);
            self.count(&place)?;
            alternatives.push(self.pattern(&place, pattern, depth)?);
        }
        Ok(alternatives)
    }

    fn node(&mut self, place: &Place<'_>, name: &str, value: &Value, depth: usize) -> Result<Node, FilterError> {
        match value {
            Value::Object(object) => Ok(Node::Deeper(self.object(place, object, depth + 1)?)),
            Value::Array(items) if items.is_empty() => Err(place.breaks(Rule::EmptyConditions)),
            Value::Array(items) => {
                let mut conditions = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    conditions.push(operators::condition(self, &place.item(index), item)?);
                }
                Ok(Node::Leaf(conditions))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let operator = OPERATORS.into_iter().find(|operator| *operator == name);
                Err(place.breaks(operator.map_or(Rule::NoConditions, Rule::OperatorOutside)))
            }
        }
    }

    /// Every part of a filter goes through here once.
    pub(super) fn count(&mut self, place: &Place<'_>) -> Result<(), FilterError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX { Err(place.breaks(Rule::TooManyNodes)) } else { Ok(()) }
    }
}
