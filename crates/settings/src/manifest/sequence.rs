//! Sequences: actions that run others, one after another, the result of one being the parameters of the next.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::node::{self, Content, Node};
use crate::manifest::package::{self, Package};
use crate::manifest::tree::Scalar;
use crate::manifest::{Action, Limits, Web, action};
use crate::{Fault, suggestion};

const KEYS: [&str; 3] = ["actions", "web", "annotations"];
/// Actions that one sequence runs, those of sequences within it among them.
const ACTIONS_MAX: usize = 50;
const ACTIONS_HINT: &str = "write names with commas between, such as `actions: \"check, other-package/store\"`";

/// The sequence as an action whose components stand in the place of a function.
pub(super) fn read(
    Package { name: package, variables, .. }: &Package<'_>,
    node: &Node,
    faults: &mut Vec<Fault>,
) -> Action {
    package::check_name(node, faults);
    let entries = node.entries(faults);
    for entry in entries.iter().filter(|entry| !KEYS.contains(&entry.name.as_str())) {
        faults.push(entry.fault("expected a key of a sequence", suggestion::hint(&entry.name, &KEYS)));
    }
    let find = |name| node::find(entries, name);
    if find("actions").is_none() && node.is_map() {
        faults.push(node.missing("actions", "expected the actions to run, they are missing", ACTIONS_HINT));
    }
    let components = find("actions").map_or_else(Vec::new, |actions| read_components(package, actions, faults));
    let (annotations, shared_secret) = action::read_annotations(node, find("annotations"), variables, faults);
    Action {
        package: (*package).to_owned(),
        name: node.name.clone(),
        function: String::new(),
        components,
        web: find("web").map_or(Web::No, |web| action::read_web(web, faults)),
        inputs: BTreeMap::new(),
        annotations,
        shared_secret,
        limits: Limits::default(),
        at: node.location(),
    }
}

/// Names with commas between, or a list of names, as `package/action` each.
fn read_components(package: &str, node: &Node, faults: &mut Vec<Fault>) -> Vec<String> {
    let names: Option<Vec<&str>> = match &node.content {
        Content::Unreadable => return Vec::new(),
        Content::Scalar(Scalar::Text(text)) => Some(text.split(',').collect()),
        Content::List(items) => items.iter().map(Node::text).collect(),
        Content::Scalar(_) | Content::Map(_) => None,
    };
    let names: Option<Vec<String>> =
        names.and_then(|names| names.into_iter().map(|name| full_name(package, name.trim())).collect());
    match names {
        Some(names) if names.len() > ACTIONS_MAX => {
            faults.push(node.fault(
                format!("expected at most {ACTIONS_MAX} actions, there are {}", names.len()),
                "make two sequences of it",
            ));
            Vec::new()
        }
        Some(names) => names,
        None => {
            faults.push(node.fault("expected names of actions", ACTIONS_HINT));
            Vec::new()
        }
    }
}

/// `action` of the same package, `package/action`, or `/namespace/package/action`: there is but one namespace.
fn full_name(package: &str, name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let (package, name) = match parts[..] {
        [name] => (package, name),
        [package, name] | ["", _, package, name] => (package, name),
        _ => return None,
    };
    (!package.is_empty() && !name.is_empty()).then(|| format!("{package}/{name}"))
}

/// What is wrong between the sequences and what is deployed.
pub(super) fn check(actions: &[Action], faults: &mut Vec<Fault>) {
    let by_name: BTreeMap<String, &Action> = actions.iter().map(|action| (action.full_name(), action)).collect();
    let known: Vec<&str> = by_name.keys().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    for action in actions {
        let name = action.full_name();
        let fault = |problem: String, hint: String| {
            let key = format!("packages.{}.sequences.{}.actions", action.package, action.name);
            Fault::new(Some(action.at.clone()), &key, problem, hint)
        };
        if !seen.insert(name.clone()) {
            let other = "expected a name of its own: the package has an action of the same name".to_owned();
            faults.push(fault(other, "rename one of the two".to_owned()));
            continue;
        }
        let unknown: Vec<&String> = action.components.iter().filter(|name| !by_name.contains_key(*name)).collect();
        for name in &unknown {
            let near = suggestion::nearest(name, &known).map(|near| format!("did you mean `{near}`? Otherwise "));
            let hint = format!("{}name what a package has, as `package/action`", near.unwrap_or_default());
            faults.push(fault(format!("there is no action `{name}`"), hint));
        }
        if !action.is_sequence() || !unknown.is_empty() {
            continue;
        }
        match count(&by_name, &name, 0) {
            Some(count) if count <= ACTIONS_MAX => {}
            Some(_) => faults.push(fault(
                format!("expected at most {ACTIONS_MAX} actions, those of sequences within it among them"),
                "make two sequences of it".to_owned(),
            )),
            None => faults.push(fault(
                "expected actions that do not lead back to this sequence".to_owned(),
                "a sequence may run others, but never itself".to_owned(),
            )),
        }
    }
}

/// How many actions a run leads to, at most one more than are allowed; none: it never ends.
fn count(by_name: &BTreeMap<String, &Action>, name: &str, depth: usize) -> Option<usize> {
    if depth > ACTIONS_MAX {
        return None;
    }
    let Some(sequence) = by_name.get(name).filter(|action| action.is_sequence()) else { return Some(1) };
    let mut sum = 0;
    for component in &sequence.components {
        sum += count(by_name, component, depth + 1)?;
        if sum > ACTIONS_MAX {
            break;
        }
    }
    // One without actions has a fault of its own.
    Some(sum.max(1))
}
