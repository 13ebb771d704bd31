//! One action: its function, its face to the web, its inputs, annotations and limits.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::manifest::node::{self, Content, Node};
use crate::manifest::package::{self, Package};
use crate::manifest::tree::Scalar;
use crate::manifest::{Action, Limits, Web, include, input, limits};
use crate::{Fault, Variables, suggestion};

const KEYS_READ: [&str; 6] = ["function", "web", "runtime", "inputs", "annotations", "limits"];
/// Adobe's own, without a meaning for actions that are compiled in.
const KEYS_IGNORED: [&str; 4] = ["main", "docker", "include", "relations"];
const RUNTIME: &str = "rust";
const ACTIONS_FOLDER: &str = "actions";
const EXTENSION: &str = "rs";
/// The annotation that asks callers for the key of the namespace, or for a secret of its own.
const WHISK_AUTH: &str = "require-whisk-auth";

const SECRET_SHOWN: &str = "[redacted]";

const FUNCTION_HINT: &str = "write `function: created.rs`, relative to this file";

pub(super) fn read(package: &Package<'_>, node: &Node, faults: &mut Vec<Fault>) -> Action {
    package::check_name(node, faults);
    let entries = node.entries(faults);
    for entry in entries {
        check_key(entry, faults);
    }
    let find = |name| node::find(entries, name);
    // What is no map is reported already: nothing in it is missing.
    if node.is_map() {
        check_required(node, entries, faults);
    }
    let mut inputs = package.inputs.clone();
    if let Some(own) = find("inputs") {
        inputs.extend(input::read(own, package.variables, faults));
    }
    let (annotations, shared_secret) = read_annotations(node, find("annotations"), package.variables, faults);
    Action {
        package: package.name.to_owned(),
        name: node.name.clone(),
        function: find("function").map_or_else(String::new, |function| read_function(function, faults)),
        components: Vec::new(),
        web: find("web").map_or(Web::No, |web| read_web(web, faults)),
        inputs,
        annotations,
        shared_secret,
        limits: find("limits").map_or_else(Limits::default, |node| limits::read(node, faults)),
        at: node.location(),
    }
}

fn check_key(entry: &Node, faults: &mut Vec<Fault>) {
    let name = entry.name.as_str();
    match name {
        "web-export" => {
            faults.push(entry.fault("expected no `web-export` directly on an action", "use `web: yes` instead"));
        }
        "raw-http" => {
            faults.push(entry.fault("expected no `raw-http` directly on an action", "use `web: raw` instead"));
        }
        _ if KEYS_READ.contains(&name) || KEYS_IGNORED.contains(&name) => {}
        _ => faults.push(entry.fault("expected a key of an action", suggestion::hint(name, &KEYS_READ))),
    }
}

fn check_required(action: &Node, entries: &[Node], faults: &mut Vec<Fault>) {
    if node::find(entries, "function").is_none() {
        let problem = "expected the path of the action's file, it is missing";
        faults.push(action.missing("function", problem, FUNCTION_HINT));
    }
    let hint = "write `runtime: rust`; nodejs actions are not run by this kit";
    match node::find(entries, "runtime") {
        None => faults.push(action.missing("runtime", "expected `rust`, it is missing", hint)),
        Some(runtime) if runtime.text() == Some(RUNTIME) || runtime.is_unreadable() => {}
        Some(runtime) => faults.push(runtime.fault("expected `rust`", hint)),
    }
}

/// The path from the folder of actions, whichever file it is written in.
fn read_function(node: &Node, faults: &mut Vec<Fault>) -> String {
    if node.is_unreadable() {
        return String::new();
    }
    let folder = node.file.parent().unwrap_or(Path::new(""));
    let path = node.text().and_then(|text| include::resolve(folder, text));
    // The folder of actions itself is no file either.
    let path = path.filter(|path| !path.as_os_str().is_empty() && path != Path::new(ACTIONS_FOLDER));
    let Some(mut path) = path else {
        faults.push(node.fault("expected the path of a file inside the project folder", FUNCTION_HINT));
        return String::new();
    };
    match path.extension() {
        None => {}
        Some(extension) if extension == EXTENSION => {
            path.set_extension("");
        }
        Some(_) => faults
            .push(node.fault("expected a Rust file", "write `function: created.rs`; the extension may be left out")),
    }
    let path = path.strip_prefix(ACTIONS_FOLDER).unwrap_or(&path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

pub(super) fn read_web(node: &Node, faults: &mut Vec<Fault>) -> Web {
    match &node.content {
        Content::Scalar(Scalar::Bool(true)) => return Web::Yes,
        Content::Scalar(Scalar::Bool(false)) | Content::Unreadable => return Web::No,
        Content::Scalar(Scalar::Text(text)) => match text.as_str() {
            "yes" => return Web::Yes,
            "no" => return Web::No,
            "raw" => return Web::Raw,
            _ => {}
        },
        Content::Scalar(_) | Content::List(_) | Content::Map(_) => {}
    }
    faults.push(node.fault("expected `yes`, `no` or `raw`", "leave the key out for an action without a URL"));
    Web::No
}

/// A secret of the annotation does not stay among what is shown. `true` and `false` are no secrets.
fn take_secret(action: &Node, annotations: &mut BTreeMap<String, Value>, faults: &mut Vec<Fault>) -> Option<String> {
    let value = annotations.get_mut(WHISK_AUTH)?;
    let secret = value.as_str()?.to_owned();
    match secret.as_str() {
        "true" | "yes" => *value = Value::from(true),
        "false" | "no" => *value = Value::from(false),
        "" => faults.push(action.missing(
            &format!("annotations.{WHISK_AUTH}"),
            "expected `true` or a secret, it is empty",
            "set the variable that it names, or write `true` for the key of the namespace",
        )),
        _ => {
            *value = Value::from(SECRET_SHOWN);
            return Some(secret);
        }
    }
    None
}

/// The annotations that are shown, and the secret that stands in none of them.
pub(super) fn read_annotations(
    action: &Node,
    given: Option<&Node>,
    variables: &Variables,
    faults: &mut Vec<Fault>,
) -> (BTreeMap<String, Value>, Option<String>) {
    let mut annotations = BTreeMap::new();
    for entry in given.map_or(&[][..], |node| node.entries(faults)) {
        match &entry.content {
            Content::Scalar(Scalar::Text(text)) => {
                annotations.insert(entry.name.clone(), Value::from(input::replace(text, variables)));
            }
            Content::Scalar(Scalar::Bool(value)) => {
                annotations.insert(entry.name.clone(), Value::from(*value));
            }
            Content::Unreadable => {}
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => faults.push(
                entry.fault("expected a text, `true` or `false`", "put other values into `inputs`, or into quotes"),
            ),
        }
    }
    let secret = take_secret(action, &mut annotations, faults);
    (annotations, secret)
}
