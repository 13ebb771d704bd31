//! The one client that `kit dev` has at its own events service.

use std::sync::Arc;

use anyhow::Context;
use events_api::credentials;
use secrecy::SecretString;
use settings::EventsService;
use store::Credential;

use crate::compose::Kit;

const NAME: &str = "dev";

/// A client that can ask for tokens.
pub struct DevClient {
    pub credential: Credential,
    /// There when it was made now; the environment's own is known to the user.
    pub secret: Option<SecretString>,
}

impl DevClient {
    /// The environment's client, or one with a new secret.
    ///
    /// # Errors
    /// The store failed.
    pub async fn prepare(kit: &Kit, said: &EventsService) -> anyhow::Result<Self> {
        let store = Arc::clone(&kit.store);
        let known = store.credentials().await.context("the clients of the events service cannot be read")?;
        // A client goes by its id when the environment names one.
        let name = said.client_id.as_deref().unwrap_or(NAME);
        let (made, secret) = credentials::create(name, kit.clock.now());
        let made = Credential { client_id: said.client_id.clone().unwrap_or(made.client_id), ..made };
        let (made, secret) = match said.client_secrets.as_slice() {
            secrets @ [_, ..] if said.client_id.is_some() => (credentials::adopt(made, secrets), None),
            _ => (made, Some(secret)),
        };
        let is_known = |known: &&Credential| match &said.client_id {
            Some(client_id) => known.client_id == *client_id,
            None => known.name == NAME,
        };
        let client = Self { credential: keep(made, known.iter().find(is_known)), secret };
        store
            .put_credential(client.credential.clone())
            .await
            .context("the client of the events service cannot be kept")?;
        Ok(client)
    }

    /// All secrets that count: the new one, or the environment's.
    pub fn secrets<'a>(&'a self, said: &'a EventsService) -> Vec<&'a SecretString> {
        match &self.secret {
            Some(secret) => vec![secret],
            None => said.client_secrets.iter().collect(),
        }
    }
}

/// The new secrets on what was known: ids stay, because registrations and journals are found by them.
fn keep(new: Credential, known: Option<&Credential>) -> Credential {
    match known {
        Some(known) => Credential { secrets: new.secrets, revoked: None, ..known.clone() },
        None => new,
    }
}
