use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use engine::slug;
use onboarding::Desired;
use server::{TlsFault, TlsFiles, TlsPart};
use settings::{
    DELIVERY_FILE, DeliveryOverrides, Environment, Fault, Faults, Journals, Manifest, Mode, Role, Tls, Variables,
    is_exposed, nearest,
};

use crate::{deploy, guards, targets};

/// Everything that the user wrote, read and checked.
#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
    pub mode: Mode,
    pub environment: Environment,
    pub manifest: Manifest,
    pub desired: Desired,
    /// What single registrations want of their deliveries, by name or slug.
    pub delivery_overrides: DeliveryOverrides,
}

impl Project {
    /// Reads the project in this folder.
    ///
    /// # Errors
    /// All faults of all files and variables at once.
    pub fn read(root: &Path, variables: &Variables, mode: Mode) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let environment = keep(Environment::read(variables, mode), &mut faults);
        let tls = environment.as_ref().and_then(|environment| environment.tls.as_ref());
        faults.extend(tls.and_then(|tls| tls_fault(root, tls)));
        let (manifest, wrong) = Manifest::read(root, variables);
        faults.extend(wrong.into_iter().flatten());
        faults.extend(deploy::faults(&manifest));
        if variables.get("KIT_ROLE") != Some("events-service") {
            faults.extend(targets::missing(&manifest, mode));
            faults.extend(guards::faults(&manifest, mode));
            if mode == Mode::Serve && is_exposed(variables) {
                faults.extend(deploy::open_actions(&manifest));
            }
            // What is wrong with the environment is told once, not again for every action that it reaches.
            faults.extend(environment.iter().flat_map(|_| targets::faults(&manifest)));
        }
        let namespace = environment.as_ref().map_or("local", |environment| &environment.namespace);
        let desired = Desired::load_with(&config_folder(root), namespace, &manifest);
        let desired = desired.map_err(|error| faults.extend(error.iter().map(config_fault))).ok();
        let of_commands = onboarding::check_files_of_commands(&config_folder(root)).err();
        faults.extend(of_commands.iter().flatten().map(config_fault));
        if let (Some(environment), Some(desired)) = (&environment, &desired) {
            faults.extend(journal_faults(environment, desired, &manifest));
        }
        let delivery_overrides = keep(delivery_overrides(root), &mut faults);
        match (environment, desired, delivery_overrides, Faults::collect(faults)) {
            (Some(environment), Some(desired), Some(delivery_overrides), None) => {
                Ok(Self { root: root.to_owned(), mode, environment, manifest, desired, delivery_overrides })
            }
            (_, _, _, Some(faults)) => Err(faults),
            _ => unreachable!("a part that is missing left its fault"),
        }
    }

    /// Whether an action of this name is deployed; an events service has none.
    pub fn deploys(&self, action: &str) -> bool {
        let mut actions = self.manifest.actions.iter();
        self.environment.role == Role::Kit && actions.any(|deployed| deployed.full_name() == action)
    }

    /// The folder of the embedded store.
    pub fn data(&self) -> PathBuf {
        self.root.join(&self.environment.data)
    }

    /// The server's certificate, when there is one.
    ///
    /// # Errors
    /// Its files are not what they were when the project was read.
    pub fn tls(&self) -> Result<Option<server::Tls>, TlsFault> {
        self.environment.tls.as_ref().map(|tls| server::Tls::open(tls_files(&self.root, tls))).transpose()
    }

    pub fn config_folder(&self) -> PathBuf {
        config_folder(&self.root)
    }

    /// Names in `delivery.json` that no registration of the files has. Clients of the events service make registrations
    /// too, so none is a fault.
    pub fn strange_overrides(&self) -> Vec<String> {
        let names: Vec<&str> =
            self.desired.registrations.iter().map(|registration| registration.name.as_str()).collect();
        let wanted = self.delivery_overrides.iter().map(|(name, _)| name);
        let strange = wanted.filter(|wanted| !names.iter().any(|name| is_called(name, wanted)));
        strange
            .map(|wanted| {
                let near = nearest(wanted, &names).map(|near| format!("; did you mean `{near}`?"));
                format!("`{wanted}` in {DELIVERY_FILE} is no registration of this kit{}", near.unwrap_or_default())
            })
            .collect()
    }
}

/// The file is optional. A registration that stands there by its name and by its slug would get one of the two by chance.
fn delivery_overrides(root: &Path) -> Result<DeliveryOverrides, Faults> {
    let text = match fs::read_to_string(root.join(DELIVERY_FILE)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(DeliveryOverrides::default()),
        Err(error) => Err(Fault {
            at: None,
            key: DELIVERY_FILE.to_owned(),
            problem: format!("expected a file that can be read: {error}"),
            hint: "make it readable UTF-8 text, or remove it".to_owned(),
        }),
    };
    let (overrides, mut faults) = match text {
        Ok(text) => (DeliveryOverrides::parse(&text)?, Vec::new()),
        Err(fault) => (DeliveryOverrides::default(), vec![fault]),
    };
    let names: Vec<&str> = overrides.iter().map(|(name, _)| name).collect();
    for (index, name) in names.iter().enumerate() {
        if let Some(other) = names[..index].iter().find(|other| slug(other) == slug(name)) {
            faults.push(Fault {
                at: None,
                key: (*name).to_owned(),
                problem: format!("expected each registration once in {DELIVERY_FILE}; `{other}` is the same"),
                hint: "keep one of the two".to_owned(),
            });
        }
    }
    Faults::collect(faults).map_or(Ok(overrides), Err)
}

fn tls_files(root: &Path, tls: &Tls) -> TlsFiles {
    TlsFiles { certificate: root.join(&tls.certificate), key: root.join(&tls.key) }
}

/// What keeps certificate and key from being used.
fn tls_fault(root: &Path, tls: &Tls) -> Option<Fault> {
    let fault = server::Tls::open(tls_files(root, tls)).err()?;
    let (key, hint) = match fault.part {
        TlsPart::Certificate => {
            ("KIT_TLS_CERTIFICATE", "name a PEM file with the server's certificate, then those above it")
        }
        TlsPart::Key => ("KIT_TLS_KEY", "name a PEM file with the private key of the certificate, without a password"),
    };
    Some(Fault { at: None, key: key.to_owned(), problem: fault.to_string(), hint: hint.to_owned() })
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
    if let onboarding::Problem::Placed(fault) = problem {
        return (**fault).clone();
    }
    let text = problem.to_string();
    let (problem, hint) = text.split_once("\n  hint: ").unwrap_or((&text, ""));
    Fault { at: None, key: String::new(), problem: problem.to_owned(), hint: hint.to_owned() }
}
