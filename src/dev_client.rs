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
        let client = if let (Some(client_id), false) = (&said.client_id, said.client_secrets.is_empty()) {
            let adopted = credentials::adopt(client_id, &said.client_secrets, kit.clock.now());
            let credential = keep(adopted, known.iter().find(|known| known.client_id == *client_id));
            Self { credential, secret: None }
        } else {
            let (made, secret) = credentials::create(NAME, kit.clock.now());
            let credential = keep(made, known.iter().find(|known| known.name == NAME));
            Self { credential, secret: Some(secret) }
        };
        store
            .put_credential(client.credential.clone())
            .await
            .context("the client of the events service cannot be kept")?;
        Ok(client)
    }
}

/// The new secrets on what was known: ids stay, because registrations and journals are found by them.
fn keep(new: Credential, known: Option<&Credential>) -> Credential {
    match known {
        Some(known) => Credential { secrets: new.secrets, revoked: None, ..known.clone() },
        None => new,
    }
}
