use std::path::{Path, PathBuf};

use onboarding::Desired;
use settings::{Environment, Fault, Faults, Manifest, Mode, Variables};

use crate::deploy;

/// Everything that the user wrote, read and checked.
#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
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
        let namespace = environment.as_ref().map_or("local", |environment| &environment.namespace);
        let desired = Desired::load(&config_folder(root), namespace);
        let desired = desired.map_err(|error| faults.extend(error.iter().map(config_fault))).ok();
        match (environment, desired, Faults::collect(faults)) {
            (Some(environment), Some(desired), None) => {
                Ok(Self { root: root.to_owned(), environment, manifest, desired })
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

fn keep<T>(read: Result<T, Faults>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|found| faults.extend(found)).ok()
}

/// A problem of the onboarding files, which says file and hint in its own text.
fn config_fault(problem: &onboarding::Problem) -> Fault {
    let text = problem.to_string();
    let (problem, hint) = text.split_once("\n  hint: ").unwrap_or((&text, ""));
    Fault { at: None, key: String::new(), problem: problem.to_owned(), hint: hint.to_owned() }
}
