//! The file that Adobe's Console gives out for a workspace. Commerce is sent the whole of it.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

use super::eventing::REASON;
use super::text_of;
use crate::desired::compact;
use crate::{Failure, Phase, Workspace};

/// Its name in the folder of the config files.
pub const WORKSPACE_FILE: &str = "workspace.json";

const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// What Commerce calls an environment that nobody named.
const ENVIRONMENT: &str = "Stage";
/// The variables that say whose events these are, and the members of the file that say it.
const IDS: [(&str, &[&str]); 3] = [
    ("IO_CONSUMER_ID", &["project", "org", "id"]),
    ("IO_PROJECT_ID", &["project", "id"]),
    ("IO_WORKSPACE_ID", &["project", "workspace", "id"]),
];

/// The file's content. It holds secrets.
#[derive(Clone)]
pub struct WorkspaceFile {
    text: String,
    value: Value,
}

impl fmt::Debug for WorkspaceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkspaceFile")
    }
}

impl WorkspaceFile {
    /// Reads it from the folder of the config files. With `whose` it has to be of this workspace.
    ///
    /// # Errors
    /// There is none, or it is not what the Console gives out.
    pub fn read(folder: &Path, whose: Option<&Workspace>) -> Result<Self, Failure> {
        let path = folder.join(WORKSPACE_FILE);
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Ok(_) if text.len() as u64 > FILE_BYTES_MAX => {
                return Err(unusable(&path, vec![format!("it is larger than {FILE_BYTES_MAX} bytes")]));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing(&path)),
            Err(error) => return Err(unusable(&path, vec![error.to_string()])),
        }
        Self::parse(&text, whose).map_err(|faults| unusable(&path, faults))
    }

    fn parse(text: &str, whose: Option<&Workspace>) -> Result<Self, Vec<String>> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            // The parser's own words may quote the file.
            vec![format!("expected JSON; line {}, column {} is not", error.line(), error.column())]
        })?;
        let value: Value =
            serde_json::from_str(raw.get()).map_err(|_| vec!["expected JSON of this depth".to_owned()])?;
        let mut faults = Vec::new();
        let given = whose.map(|whose| [&whose.consumer_id, &whose.project_id, &whose.workspace_id]);
        for (index, (variable, path)) in IDS.into_iter().enumerate() {
            let found = path.iter().try_fold(&value, |value, name| value.get(name)).map(text_of).unwrap_or_default();
            let wanted = given.map(|given| given[index]);
            if found.is_empty() {
                faults.push(format!("expected `{}`, it is missing", path.join(".")));
            } else if let Some(wanted) = wanted.filter(|wanted| **wanted != found) {
                faults.push(format!("`{}` is `{found}`, but `{variable}` is `{wanted}`", path.join(".")));
            }
        }
        if faults.is_empty() { Ok(Self { text: compact(raw), value }) } else { Err(faults) }
    }

    /// Whether it is of this organisation, `<24 hex digits>@AdobeOrg`; a file that names none is of any. `folder` is where it was
    /// read.
    ///
    /// # Errors
    /// It is of another.
    pub fn check_organisation(&self, folder: &Path, org_id: &str) -> Result<(), Failure> {
        let found = text_of(&self.value["project"]["org"]["ims_org_id"]);
        if found.is_empty() || found == org_id {
            return Ok(());
        }
        let fault = format!("`project.org.ims_org_id` is `{found}`, but `OAUTH_ORG_ID` is `{org_id}`");
        Err(unusable(&folder.join(WORKSPACE_FILE), vec![fault]))
    }

    /// The JSON without blanks, as Commerce is sent it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything that must not be told: texts below a member with `secret` in its name, and credentials of the runtime.
    pub fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        find_secrets(&self.value, false, &mut secrets);
        secrets
    }

    /// What Commerce's events say they come from, besides the merchant: as set, else the workspace's name.
    pub fn environment_id(&self, set: Option<&str>) -> String {
        if let Some(set) = set {
            return set.to_owned();
        }
        let name = self.value["project"]["workspace"]["name"].as_str().unwrap_or_default();
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let name: String = name.chars().map(|letter| if is_letter(letter) { letter } else { '_' }).collect();
        if name.is_empty() { ENVIRONMENT.to_owned() } else { name }
    }
}

fn find_secrets<'a>(value: &'a Value, is_secret: bool, secrets: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if is_secret => secrets.push(text),
        Value::Array(items) => items.iter().for_each(|item| find_secrets(item, is_secret, secrets)),
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_lowercase();
                let is_named = ["secret", "password", "private_key"].iter().any(|word| name.contains(word));
                find_secrets(value, is_secret || is_named || name == "auth", secrets);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn missing(path: &Path) -> Failure {
    let reason = "The \"workspace.json\" file was not found.";
    download(Failure::new(Phase::ConfigureEventing, "MISSING_WORKSPACE_FILE", reason), path)
}

fn unusable(path: &Path, faults: Vec<String>) -> Failure {
    let failure = Failure::new(Phase::ConfigureEventing, "UNEXPECTED_ERROR", REASON);
    let told =
        faults.into_iter().fold(failure, |failure, fault| failure.detail(format!("{}: {fault}", path.display())));
    download(
        told.hint(
            "the file has to be of the workspace that `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID` name, and of the \
             organisation `OAUTH_ORG_ID`",
        ),
        path,
    )
}

fn download(failure: Failure, path: &Path) -> Failure {
    failure.hint(format!(
        "in Adobe's Developer Console open the project and its workspace, choose `Download all`, and save the file as {}; \
         for a kit on this machine get it from its `/sandbox/workspace.json`",
        path.display()
    ))
}
