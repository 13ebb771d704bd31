//! The local folder, as commands see it: also while a kit is running on it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::SecretSlice;
use settings::{Local, Variables};
use store::Reader;

use crate::inspect::Registrations;
use crate::secrets;

pub struct Folder {
    pub path: PathBuf,
    pub encryption_keys: Vec<SecretSlice<u8>>,
    pub reader: Reader,
}

impl Folder {
    /// Opens the folder for reading; `what` is what cannot be read if there is none.
    pub fn open(root: &Path, what: &str) -> anyhow::Result<Self> {
        Self::open_with(root, &secrets::variables(root)?, what)
    }

    /// As [`Self::open`], where the variables were read already.
    pub fn open_with(root: &Path, variables: &Variables, what: &str) -> anyhow::Result<Self> {
        let local = Local::read(variables)?;
        for name in local.unread {
            eprintln!("note: `{name}` is set, but nothing reads it yet; this is the local folder");
        }
        let path = root.join(&local.data);
        let reader = Reader::open(&path).with_context(|| {
            format!(
                "no {what} can be read; has a kit run in this folder yet?\n  hint: run the command in the project's folder; \
                 `KIT_DATA` says where the data lies, here `{}`. `KIT_URL` and `KIT_API_KEY` ask a kit that runs elsewhere",
                local.data.display()
            )
        })?;
        Ok(Self { path, encryption_keys: local.encryption_keys, reader })
    }

    pub fn registrations(&self) -> anyhow::Result<Registrations> {
        Registrations::read(&self.reader)
    }
}
