//! What an onboarding left behind, in the folder of the store, where `kit serve`, `kit subscribe` and the next onboarding find it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub const RECORD_FILE: &str = "onboarding.json";

/// The ids that the events API gave. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    pub workspace: Workspace,
    pub providers: Vec<RecordedProvider>,
    pub registrations: Vec<RecordedRegistration>,
    /// What Commerce was told last; none: nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eventing: Option<RecordedEventing>,
}

/// Whose events these are, by the numbers of Adobe's Console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    pub consumer_id: String,
    pub project_id: String,
    pub workspace_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedProvider {
    /// Its name in `providers.json`.
    pub key: String,
    pub id: String,
    pub instance_id: String,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRegistration {
    pub id: String,
    pub registration_id: String,
    pub name: String,
    pub enabled: bool,
}

/// Commerce gives its configuration back without the workspace, so that what was sent is remembered by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEventing {
    pub base_url: String,
    /// SHA-256 of what was sent, in hex.
    pub sent: String,
}

/// The record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{} cannot be used: {problem}\n  hint: remove it and run `kit onboard` again, which finds everything by its names", file.display())]
    Unusable { file: PathBuf, problem: String },
    #[error("{} cannot be read: {problem}\n  hint: check the folder `KIT_DATA`: you have to own it", file.display())]
    Unreadable { file: PathBuf, problem: String },
    #[error("{} cannot be written: {problem}\n  hint: check the folder `KIT_DATA`", file.display())]
    Unwritable { file: PathBuf, problem: String },
}

impl Record {
    /// The record in this folder, if there is one for this workspace.
    ///
    /// # Errors
    /// The file cannot be read, or is not a record.
    pub fn read(folder: &Path, workspace: &Workspace) -> Result<Option<Self>, RecordError> {
        let file = folder.join(RECORD_FILE);
        let unusable = |problem: String| RecordError::Unusable { file: file.clone(), problem };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RecordError::Unreadable { file, problem: error.to_string() }),
        };
        let record: Self = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        Ok(Some(record).filter(|record| record.workspace == *workspace))
    }

    /// Replaces the record in this folder; whoever reads it meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), RecordError> {
        let file = folder.join(RECORD_FILE);
        let unwritable = |problem: String| RecordError::Unwritable { file: file.clone(), problem };
        let text = serde_json::to_string_pretty(self).map_err(|error| unwritable(error.to_string()))?;
        let draft = folder.join(format!("{RECORD_FILE}.new"));
        let write = || -> std::io::Result<()> {
            let mut draft_file =
                fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
            draft_file.write_all(text.as_bytes())?;
            draft_file.write_all(b"\n")?;
            draft_file.sync_all()?;
            fs::rename(&draft, &file)
        };
        write().map_err(|error| unwritable(error.to_string()))
    }

    /// Takes the record away, if there is one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn remove(folder: &Path) -> Result<(), RecordError> {
        let file = folder.join(RECORD_FILE);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(RecordError::Unwritable { file, problem: error.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// The provider with this key in `providers.json`.
    pub fn provider(&self, key: &str) -> Option<&RecordedProvider> {
        self.providers.iter().find(|provider| provider.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_only_for_its_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace { consumer_id: "1".into(), project_id: "2".into(), workspace_id: "3".into() };
        assert_eq!(Record::read(folder.path(), &workspace).unwrap(), None);
        let provider = RecordedProvider {
            key: "commerce".into(),
            id: "p".into(),
            instance_id: "i".into(),
            label: "Commerce - x".into(),
        };
        let record = Record { workspace: workspace.clone(), providers: vec![provider], ..Record::default() };
        record.write(folder.path()).unwrap();
        assert_eq!(Record::read(folder.path(), &workspace).unwrap(), Some(record));
        let other = Workspace { workspace_id: "4".into(), ..workspace.clone() };
        assert_eq!(Record::read(folder.path(), &other).unwrap(), None);
        Record::remove(folder.path()).unwrap();
        assert_eq!(Record::read(folder.path(), &workspace).unwrap(), None);
    }

    #[test]
    fn what_is_no_record_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(RECORD_FILE), "[").unwrap();
        let said = Record::read(folder.path(), &Workspace::default()).unwrap_err().to_string();
        assert!(said.contains("onboarding.json cannot be used") && said.contains("kit onboard"), "{said}");
    }
}
