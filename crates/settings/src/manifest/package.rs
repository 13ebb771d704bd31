//! One package: defaults for the inputs of its actions, the actions and the sequences of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::node::{self, Node};
use crate::manifest::{Action, action, input, sequence};
use crate::{Fault, Variables, suggestion};

/// What is read, and what other tools read and we need not.
const KEYS: [&str; 7] = ["license", "inputs", "actions", "sequences", "version", "annotations", "public"];
/// Known to Adobe and not run here. Ignoring them would mean events that are silently not handled.
const KEYS_NOT_RUN: [&str; 4] = ["triggers", "rules", "apis", "dependencies"];

/// What the actions of a package have in common.
pub(super) struct Package<'a> {
    pub(super) name: &'a str,
    pub(super) inputs: BTreeMap<String, Value>,
    pub(super) variables: &'a Variables,
}

pub(super) fn read(node: &Node, variables: &Variables, faults: &mut Vec<Fault>) -> Vec<Action> {
    check_name(node, faults);
    let entries = node.entries(faults);
    for entry in entries {
        check_key(entry, faults);
    }
    let inputs =
        node::find(entries, "inputs").map_or_else(BTreeMap::new, |inputs| input::read(inputs, variables, faults));
    let package = Package { name: &node.name, inputs, variables };
    let mut read = Vec::new();
    if let Some(actions) = node::find(entries, "actions") {
        read.extend(actions.entries(faults).iter().map(|entry| action::read(&package, entry, faults)));
    }
    if let Some(sequences) = node::find(entries, "sequences") {
        read.extend(sequences.entries(faults).iter().map(|entry| sequence::read(&package, entry, faults)));
    }
    read
}

/// Names of packages and actions: `^([\w]|[\w][\w@ .-]*[\w@.-]+)$`.
pub(super) fn check_name(node: &Node, faults: &mut Vec<Fault>) {
    if !is_name(&node.name) {
        faults.push(node.fault(
            "expected a name of letters, digits, `_`, `@`, `.`, `-` and inner spaces, beginning with a letter, a digit or `_`",
            "rename it, for example to `product-backoffice`",
        ));
    }
}

fn is_name(name: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_inner = |letter: char| is_word(letter) || matches!(letter, '@' | ' ' | '.' | '-');
    name.starts_with(is_word) && name.chars().all(is_inner) && !name.ends_with(' ')
}

fn check_key(entry: &Node, faults: &mut Vec<Fault>) {
    let name = entry.name.as_str();
    if KEYS_NOT_RUN.contains(&name) {
        faults.push(entry.fault(
            format!("this kit does not run {name} yet"),
            "remove the key; of a package this kit runs the `actions` and `sequences`",
        ));
    } else if !KEYS.contains(&name) {
        faults.push(entry.fault("expected a key of a package", suggestion::hint(name, &KEYS)));
    }
}
