//! Inputs of packages and actions: variables replaced, type names turned into empty values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::node::{self, Content, Node};
use crate::manifest::tree::Scalar;
use crate::{Fault, Variables};

pub(super) fn read(node: &Node, variables: &Variables, faults: &mut Vec<Fault>) -> BTreeMap<String, Value> {
    let entries = node.entries(faults);
    entries.iter().map(|entry| (entry.name.clone(), value(entry, variables, faults))).collect()
}

fn value(node: &Node, variables: &Variables, faults: &mut Vec<Fault>) -> Value {
    match &node.content {
        Content::Scalar(Scalar::Text(text)) => match text.as_str() {
            // A declared type without a value, as Adobe's tools accept it.
            "string" => Value::from(""),
            "integer" | "number" => Value::from(0),
            text => Value::from(replace(text, variables)),
        },
        Content::List(items) => items.iter().map(|item| value(item, variables, faults)).collect(),
        Content::Map(entries) => {
            let chosen = node::find(entries, "value").or_else(|| node::find(entries, "default"));
            match chosen {
                Some(chosen) => chosen_value(chosen, variables, faults),
                None => entries.iter().map(|entry| (entry.name.clone(), value(entry, variables, faults))).collect(),
            }
        }
        Content::Scalar(Scalar::Bool(value)) => Value::from(*value),
        Content::Scalar(Scalar::Number(number)) => Value::from(number.clone()),
        Content::Scalar(Scalar::NotFinite) => {
            faults.push(node.fault(
                "expected a finite number",
                "JSON has no infinity; put the word into quotes to pass it as text",
            ));
            Value::Null
        }
        Content::Scalar(Scalar::Null) | Content::Unreadable => Value::Null,
    }
}

/// The value is given: `value: string` is the word, not a type.
fn chosen_value(node: &Node, variables: &Variables, faults: &mut Vec<Fault>) -> Value {
    match node.text() {
        Some(text) => Value::from(replace(text, variables)),
        None => value(node, variables, faults),
    }
}

/// Replaces `$NAME`, `${NAME}` and `${ NAME }`, once: a value is not searched again.
pub(super) fn replace(text: &str, variables: &Variables) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        replaced.push_str(before);
        if let Some((name, after_name)) = split_name(after) {
            replaced.push_str(variables.get(name).unwrap_or_default());
            rest = after_name;
        } else {
            replaced.push('$');
            rest = after;
        }
    }
    replaced.push_str(rest);
    replaced
}

/// The name that follows a `$`, and what comes after it.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = match text.strip_prefix('{') {
        Some(braced) => {
            let (name, rest) = braced.split_once('}')?;
            (name.trim_matches(' '), rest)
        }
        None => text.split_at(text.find(|letter| !is_name_letter(letter)).unwrap_or(text.len())),
    };
    (!name.is_empty() && name.chars().all(is_name_letter)).then_some((name, rest))
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}
