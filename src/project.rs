use std::path::{Path, PathBuf};

use engine::slug;
use onboarding::Desired;
use settings::{Environment, Fault, Faults, Journals, Manifest, Mode, Variables};

use crate::{deploy, targets};

/// Everything that the user wrote, read and checked.
#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
    pub mode: Mode,
    pub environment: Environment,
    pub manifest: Manifest,
    pub desired: Desired,
}

impl Project {
    /// Reads the project in this folder.
    ///
    /// # Errors
    /// All faults of all files and variables at once.
    pub fn read(root: &Path, variables: &Variables, mode: Mode) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let environment = keep(Environment::read(variables, mode), &mut faults);
        let (manifest, wrong) = Manifest::read(root, variables);
        faults.extend(wrong.into_iter().flatten());
        faults.extend(deploy::faults(&manifest));
        if variables.get("KIT_ROLE") != Some("events-service") {
            faults.extend(targets::missing(&manifest, mode));
            // What is wrong with the environment is told once, not again for every action that it reaches.
            faults.extend(environment.iter().flat_map(|_| targets::faults(&manifest)));
        }
        let namespace = environment.as_ref().map_or("local", |environment| &environment.namespace);
        let desired = Desired::load(&config_folder(root), namespace);
        let desired = desired.map_err(|error| faults.extend(error.iter().map(config_fault))).ok();
        if let (Some(environment), Some(desired)) = (&environment, &desired) {
            faults.extend(journal_faults(environment, desired, &manifest));
        }
        match (environment, desired, Faults::collect(faults)) {
            (Some(environment), Some(desired), None) => {
                Ok(Self { root: root.to_owned(), mode, environment, manifest, desired })
            }
            (_, _, Some(faults)) => Err(faults),
            _ => unreachable!("a part that is missing left its fault"),
        }
    }

    /// The folder of the embedded store.
    pub fn data(&self) -> PathBuf {
        self.root.join(&self.environment.data)
    }

    pub fn config_folder(&self) -> PathBuf {
        config_folder(&self.root)
    }
}

fn config_folder(root: &Path) -> PathBuf {
    root.join("onboarding").join("config")
}

/// Names in `KIT_JOURNAL` of registrations that this kit does not have.
fn journal_faults(environment: &Environment, desired: &Desired, manifest: &Manifest) -> Vec<Fault> {
    let events = &environment.events;
    let (Some(_), Journals::Named(names)) = (&events.client, &events.comes_back.journals) else { return Vec::new() };
    let is_deployed = |action: &str| manifest.actions.iter().any(|deployed| deployed.full_name() == action);
    let known: Vec<&str> = desired
        .registrations
        .iter()
        .filter(|registration| is_deployed(&registration.runtime_action))
        .map(|registration| registration.name.as_str())
        .collect();
    let unknown = names.iter().filter(|name| !known.iter().any(|known| is_called(known, name)));
    let fault = |name: &String| Fault {
        at: None,
        key: "KIT_JOURNAL".to_owned(),
        problem: format!("`{name}` is no registration of this kit"),
        hint: format!("there are {}; `all` and `none` are said alone", known.join(", ")),
    };
    unknown.map(fault).collect()
}

/// By name or slug.
pub fn is_called(name: &str, wanted: &str) -> bool {
    name == wanted || slug(name) == wanted
}

fn keep<T>(read: Result<T, Faults>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|found| faults.extend(found)).ok()
}

/// A problem of the onboarding files, which says file and hint in its own text.
fn config_fault(problem: &onboarding::Problem) -> Fault {
    let text = problem.to_string();
    let (problem, hint) = text.split_once("\n  hint: ").unwrap_or((&text, ""));
    Fault { at: None, key: String::new(), problem: problem.to_owned(), hint: hint.to_owned() }
}
