//! The key of the runtime API: the environment's, or one that `kit dev` has made and keeps in its store.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use schemes::basic::Basic;
use secrecy::{ExposeSecret, SecretString};
use server::RuntimeKey;
use settings::{Local, Role, RuntimeAuth};
use store::{Reader, Store};
use uuid::Uuid;

use crate::project::Project;
use crate::{secrets, vault};

/// The value of the store that holds the key: text, as `AIO_runtime_auth` has it.
pub const NAME: &str = "runtime/auth";

/// How every key begins that was made here, so that whoever finds one knows whose it is.
const KEY_PREFIX: &str = "kit-";

const UNREADABLE: &str = "the key of the runtime API cannot be read from the store\n  hint: set `AIO_runtime_auth`";

/// Who may use the runtime API of this kit.
#[derive(Clone, Debug)]
pub struct RuntimeUser {
    pub auth: RuntimeAuth,
    /// Whether the kit has made the key; the environment's own is known to the user.
    pub is_made: bool,
}

impl RuntimeUser {
    /// The environment's, or the one that this store keeps, which is made when there is none. An events service has no
    /// actions, and nobody who may use them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn prepare(project: &Project, store: &dyn Store, now: Timestamp) -> anyhow::Result<Option<Self>> {
        if project.environment.role == Role::EventsService {
            return Ok(None);
        }
        if let Some(auth) = project.environment.runtime_auth.clone() {
            return Ok(Some(Self { auth, is_made: false }));
        }
        let new = new_auth().expose_secret().as_bytes().to_vec();
        store.reserve(NAME, new, now, Timestamp::MAX).await.context("the key of the runtime API cannot be kept")?;
        let auth = parse(store.value(NAME, now).await.context(UNREADABLE)?)?;
        Ok(auth.map(|auth| Self { auth, is_made: true }))
    }

    pub fn key(&self, namespace: &str) -> RuntimeKey {
        RuntimeKey::new(namespace, Basic::new(&self.auth.uuid, std::slice::from_ref(&self.auth.key)))
    }
}

/// The key that opens the kit of this folder: the variables' own, or the one that its `kit dev` has made. None: neither is
/// there. `folder` is that of the store.
///
/// # Errors
/// The store of the folder cannot be read, or its seals cannot be opened.
pub fn of_folder(local: &Local, folder: &Path) -> anyhow::Result<Option<RuntimeAuth>> {
    if let Some(auth) = &local.runtime_auth {
        return Ok(Some(auth.clone()));
    }
    let reader = Reader::open_with(folder, vault::vault(&local.encryption_keys)?);
    let reader = reader.map_err(|error| vault::explain(error, UNREADABLE))?;
    let kept = reader.value(NAME, Timestamp::now());
    parse(kept.map_err(|error| vault::explain(error, UNREADABLE))?)
}

fn parse(kept: Option<Vec<u8>>) -> anyhow::Result<Option<RuntimeAuth>> {
    let Some(kept) = kept else { return Ok(None) };
    let auth = String::from_utf8(kept).ok().and_then(|text| RuntimeAuth::parse(&text)).context(UNREADABLE)?;
    secrets::learn_pair(&auth.uuid, &auth.key);
    Ok(Some(auth))
}

/// A key that nobody has had before, as `AIO_runtime_auth` has it.
pub fn new_auth() -> SecretString {
    let half = || Uuid::new_v4().simple();
    SecretString::from(format!("{}:{KEY_PREFIX}{}{}", Uuid::new_v4(), half(), half()))
}
