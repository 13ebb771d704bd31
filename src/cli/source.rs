//! What commands ask: the local folder, or the kit that `KIT_URL` names.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use settings::Remote;

use super::distant::Kit;
use super::local::Folder;
use crate::inspect::Look;
use crate::secrets;

pub enum Source {
    Folder(Folder),
    Kit(Kit),
}

impl Source {
    /// `what` is what cannot be read when there is neither.
    pub fn open(root: &Path, what: &str) -> anyhow::Result<Self> {
        let variables = secrets::variables(root)?;
        match Remote::read(&variables)? {
            Some(remote) => Ok(Self::Kit(Kit::new(remote)?)),
            None => Ok(Self::Folder(Folder::open_with(root, &variables, what)?)),
        }
    }

    pub async fn ask(&self, look: &Look) -> anyhow::Result<Value> {
        match self {
            Self::Folder(folder) => look.answer(&folder.reader, Timestamp::now()),
            Self::Kit(kit) => kit.ask(look).await,
        }
    }
}
