//! The actions and event registrations that `app.config.yaml` and the files it includes declare.

mod action;
mod include;
mod input;
mod limits;
mod node;
mod package;
mod registration;
mod sequence;
pub(crate) mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::manifest::node::Node;
use crate::{Fault, Faults, Location, Variables};
pub use registration::{EventRegistration, EventsOfInterest};

/// The file everything else is included from.
pub const MANIFEST_FILE: &str = "app.config.yaml";

const PACKAGES_PATH: [&str; 3] = ["application", "runtimeManifest", "packages"];

/// The actions of all packages and the event registrations, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    pub actions: Vec<Action>,
    /// Besides those that follow from the onboarding files.
    pub registrations: Vec<EventRegistration>,
}

/// One action as configured: its inputs are merged and their variables replaced.
#[derive(Clone, PartialEq)]
pub struct Action {
    pub package: String,
    pub name: String,
    /// Path below `actions/` without extension, such as `product/external/created`.
    pub function: String,
    /// What a sequence runs, one after another, `package/action` each; an action with a function has none.
    pub components: Vec<String>,
    pub web: Web,
    pub inputs: BTreeMap<String, Value>,
    /// Texts and booleans.
    pub annotations: BTreeMap<String, Value>,
    /// What callers of the web action have to bring, when `require-whisk-auth` is a text: it stands in no annotation.
    pub shared_secret: Option<String>,
    pub limits: Limits,
    pub at: Location,
}

/// Whether an action has a URL, and who reads the body of a request to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Web {
    #[default]
    No,
    /// The body arrives as parameters.
    Yes,
    /// The body arrives as it was sent.
    Raw,
}

/// What one run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub timeout_ms: u64,
    pub concurrency: u32,
    pub memory_mb: u32,
    pub logs_mb: u32,
    pub payload_mb: u32,
    pub result_mb: u32,
}

impl Manifest {
    /// Reads `app.config.yaml` of the project folder, and reports everything that is wrong in it.
    pub fn load(root: &Path, variables: &Variables) -> Result<Self, Faults> {
        match Self::read(root, variables) {
            (manifest, None) => Ok(manifest),
            (_, Some(faults)) => Err(faults),
        }
    }

    /// What could be read, and everything that is wrong: for callers who look for faults of their own in the rest.
    ///
    /// A part with a fault has its default; the function of an action is then empty, and so are the actions of a sequence.
    pub fn read(root: &Path, variables: &Variables) -> (Self, Option<Faults>) {
        let mut faults = Vec::new();
        let tree = include::read(root, MANIFEST_FILE, &mut faults);
        let mut actions = Vec::new();
        if let Some(packages) = find_packages(&tree, &mut faults) {
            for node in packages.entries(&mut faults) {
                actions.extend(package::read(node, variables, &mut faults));
            }
        }
        sequence::check(&actions, &mut faults);
        let application = tree.is_map().then(|| node::find(tree.entries(&mut faults), "application")).flatten();
        let registrations = application.map_or_else(Vec::new, |node| registration::read(node, &mut faults));
        (Self { actions, registrations }, Faults::collect(faults))
    }
}

impl Action {
    /// The name it is deployed under, such as `product-backoffice/created`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.package, self.name)
    }

    /// Whether other actions run in its place.
    pub fn is_sequence(&self) -> bool {
        !self.components.is_empty()
    }

    pub fn annotation(&self, name: &str) -> Option<&Value> {
        self.annotations.get(name)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Inputs are credentials more often than not: only their names.
        let inputs: Vec<&String> = self.inputs.keys().collect();
        f.debug_struct("Action")
            .field("package", &self.package)
            .field("name", &self.name)
            .field("function", &self.function)
            .field("components", &self.components)
            .field("web", &self.web)
            .field("inputs", &inputs)
            .field("annotations", &self.annotations)
            .field("shared_secret", &self.shared_secret.as_ref().map(|_| "[redacted]"))
            .field("limits", &self.limits)
            .field("at", &self.at)
            .finish()
    }
}

fn find_packages<'a>(tree: &'a Node, faults: &mut Vec<Fault>) -> Option<&'a Node> {
    let mut node = tree;
    for name in PACKAGES_PATH {
        let Some(child) = node::find(node.entries(faults), name) else {
            if node.is_map() {
                faults.push(node.missing(
                    name,
                    "expected the key, it is missing",
                    "actions are declared below `application.runtimeManifest.packages`",
                ));
            }
            return None;
        };
        node = child;
    }
    Some(node)
}

#[cfg(test)]
mod tests;
