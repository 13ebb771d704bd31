//! The local folder, as commands see it: also while a kit is running on it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use engine::{PUBLISH, PUBLISH_ACTION, WEBHOOK_ACTION, slug, takes_deliveries};
use secrecy::SecretSlice;
use settings::{Local, nearest};
use store::{Reader, Registration, RegistrationHealth, Verification};

use crate::project::is_called;
use crate::secrets;

/// What stands for the registration of publications.
const PUBLICATION: &str = "publication";

pub struct Folder {
    pub path: PathBuf,
    pub encryption_keys: Vec<SecretSlice<u8>>,
    pub reader: Reader,
}

impl Folder {
    /// Opens the folder for reading; `what` is what cannot be read if there is none.
    pub fn open(root: &Path, what: &str) -> anyhow::Result<Self> {
        let variables = secrets::variables(root)?;
        let local = Local::read(&variables)?;
        for name in local.unread {
            eprintln!("note: `{name}` is set, but nothing reads it yet; this is the local folder");
        }
        let path = root.join(&local.data);
        let reader = Reader::open(&path).with_context(|| {
            format!(
                "no {what} can be read; has a kit run in this folder yet?\n  hint: run the command in the project's folder; \
                 `KIT_DATA` says where the data lies, here `{}`",
                local.data.display()
            )
        })?;
        Ok(Self { path, encryption_keys: local.encryption_keys, reader })
    }

    pub fn registrations(&self) -> anyhow::Result<Registrations> {
        Ok(Registrations(self.reader.catalogue()?.registrations))
    }
}

/// The registrations of the folder, by the numbers that deliveries carry.
pub struct Registrations(Vec<Registration>);

impl Registrations {
    pub fn iter(&self) -> std::slice::Iter<'_, Registration> {
        self.0.iter()
    }

    /// By name, slug or id.
    pub fn find(&self, wanted: &str) -> anyhow::Result<&Registration> {
        let is_meant = |known: &&Registration| is_called(&known.name, wanted) || known.registration_id == wanted;
        self.0.iter().find(is_meant).with_context(|| self.unknown(wanted))
    }

    /// The number that deliveries carry; publications have one as well.
    pub fn number(&self, wanted: &str) -> anyhow::Result<i64> {
        match self.find(wanted) {
            Ok(registration) => Ok(registration.id),
            Err(_) if wanted == PUBLICATION => Ok(PUBLISH),
            Err(error) => Err(error),
        }
    }

    /// What people call the registration with this number.
    pub fn name(&self, number: i64) -> String {
        match self.of(number) {
            Some(registration) => registration.name.clone(),
            None if number == PUBLISH => PUBLICATION.to_owned(),
            None => format!("(removed, number {number})"),
        }
    }

    /// The action whose runs are attempts at deliveries to this registration.
    pub fn action(&self, number: i64) -> Option<&str> {
        match self.of(number) {
            Some(registration) => registration.runtime_action.as_deref().or(Some(WEBHOOK_ACTION)),
            None if number == PUBLISH => Some(PUBLISH_ACTION),
            None => None,
        }
    }

    /// Why nothing would be brought to the registration with this number.
    pub fn takes_nothing(&self, number: i64) -> Option<&'static str> {
        match self.of(number) {
            Some(registration) if takes_deliveries(registration) => None,
            Some(Registration { verification: Verification::Pending { .. }, .. }) => {
                Some("the webhook of its registration is not verified")
            }
            Some(
                Registration { enabled: false, .. } | Registration { health: RegistrationHealth::Disabled { .. }, .. },
            ) => Some("its registration is disabled"),
            Some(_) => Some("its registration is read by journal only"),
            None if number == PUBLISH => None,
            None => Some("its registration is gone"),
        }
    }

    fn of(&self, number: i64) -> Option<&Registration> {
        self.0.iter().find(|registration| registration.id == number)
    }

    fn unknown(&self, wanted: &str) -> String {
        let slugs: Vec<String> = self.0.iter().map(|registration| slug(&registration.name)).collect();
        let names: Vec<&str> = self.0.iter().map(|registration| registration.name.as_str()).collect();
        let known: Vec<&str> = names.into_iter().chain(slugs.iter().map(String::as_str)).collect();
        let meant = nearest(wanted, &known).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        format!("there is no registration `{wanted}`\n  hint: {meant}`kit registration list` shows those there are")
    }
}

/// A word of a few; `what` is what they are.
pub fn one_of<T: Copy>(what: &str, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> anyhow::Result<T> {
    let found = all.iter().copied().find(|known| name(*known) == text);
    let Some(found) = found else {
        let names: Vec<&str> = all.iter().map(|known| name(*known)).collect();
        let meant = nearest(text, &names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        bail!("there is no {what} `{text}`\n  hint: {meant}known are {}", names.join(", "));
    };
    Ok(found)
}
