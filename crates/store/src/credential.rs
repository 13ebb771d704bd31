use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A client of the events service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Credential {
    /// Names the credential in the paths of journal and tracing.
    pub id: String,
    /// The `x-api-key` of its calls.
    pub client_id: String,
    pub name: String,
    pub created: Timestamp,
    /// Oldest first.
    pub secrets: Vec<ClientSecret>,
    /// Since then nothing of it counts any more.
    pub revoked: Option<Timestamp>,
}

/// One of a credential's secrets; the secret itself is known to its owner only.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ClientSecret {
    pub id: String,
    /// SHA-256, hex digits.
    pub hash: String,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

impl Credential {
    /// Secrets that may be alive at the same time, while one takes the other's place.
    pub const SECRETS_MAX: usize = 2;

    /// The secrets that count at this time.
    pub fn alive(&self, now: Timestamp) -> impl Iterator<Item = &ClientSecret> {
        self.secrets.iter().filter(move |secret| {
            self.revoked.is_none_or(|revoked| now < revoked) && secret.expires.is_none_or(|expires| now < expires)
        })
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientSecret").field("id", &self.id).finish_non_exhaustive()
    }
}
