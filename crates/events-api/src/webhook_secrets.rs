//! Secrets that a registration's webhook shares with us: made, rotated and revoked, without a store.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::credentials::random;

/// Where the store keeps them.
pub const KEY_NAME: &str = "events-api/webhook-secrets";

/// Secrets of one webhook that count at the same time, while one takes the other's place.
const SECRETS_MAX: usize = 2;

/// Webhooks with a secret.
const WEBHOOKS_MAX: usize = 10_000;

const SECRET_BYTES: usize = 32;

/// How a webhook's deliveries are signed with its secret. All of them have RSA signatures besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature` (contract, section 11.1).
    #[default]
    StandardWebhooks,
    /// `x-port-timestamp`, `x-port-signature` (contract, section 10.1).
    Port,
}

/// The secrets of all webhooks that have one, by the ids of their registrations.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct WebhookSecrets(BTreeMap<String, Webhook>);

/// What one webhook shares with us.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Webhook {
    pub style: Style,
    /// Oldest first.
    secrets: Vec<Secret>,
}

/// One secret.
#[derive(Clone, Deserialize, Serialize)]
pub struct Secret {
    pub id: Uuid,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    text: String,
}

/// Why secrets were not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    #[error("it has a secret already")]
    Exists,
    #[error("it has no secret")]
    Missing,
    #[error("two secrets count already; revoke one, or wait until the older one has expired")]
    TwoAlive,
    #[error("{WEBHOOKS_MAX} webhooks have secrets, which is as many as there may be")]
    TooMany,
    #[error("the webhook secrets in the store are damaged")]
    Damaged,
}

impl Style {
    pub const ALL: [Self; 2] = [Self::StandardWebhooks, Self::Port];

    /// What the command line calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::Port => "port",
        }
    }

    fn new_secret(self) -> String {
        let bytes = random::<SECRET_BYTES>();
        match self {
            Self::StandardWebhooks => format!("whsec_{}", BASE64_STANDARD.encode(bytes)),
            Self::Port => format!("kit-{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        }
    }
}

impl WebhookSecrets {
    /// Reads what the store has.
    ///
    /// # Errors
    /// It was written by somebody else.
    pub fn read(bytes: &[u8]) -> Result<Self, SecretsError> {
        serde_json::from_slice(bytes).map_err(|_| SecretsError::Damaged)
    }

    /// As the store keeps them.
    ///
    /// # Errors
    /// Never in practice: texts and times can be written.
    pub fn bytes(&self) -> Result<Vec<u8>, SecretsError> {
        serde_json::to_vec(self).map_err(|_| SecretsError::Damaged)
    }

    /// What the webhook of a registration shares with us, when that is anything.
    pub fn of(&self, registration_id: &str) -> Option<&Webhook> {
        self.0.get(registration_id)
    }

    /// Makes the first secret of a webhook, which is told here and never again.
    ///
    /// # Errors
    /// It has one, or there are too many: then nothing was changed.
    pub fn create(
        &mut self,
        registration_id: &str,
        style: Style,
        now: Timestamp,
    ) -> Result<SecretString, SecretsError> {
        if self.of(registration_id).is_some_and(|webhook| webhook.alive(now).next().is_some()) {
            return Err(SecretsError::Exists);
        }
        if self.0.len() >= WEBHOOKS_MAX {
            return Err(SecretsError::TooMany);
        }
        let (secret, text) = Secret::new(style, now);
        self.0.insert(registration_id.to_owned(), Webhook { style, secrets: vec![secret] });
        Ok(text)
    }

    /// Gives a webhook a second secret; the first counts for as long as both shall overlap.
    ///
    /// # Errors
    /// It has none, or two: then nothing was changed.
    pub fn rotate(
        &mut self,
        registration_id: &str,
        now: Timestamp,
        overlap: Duration,
    ) -> Result<SecretString, SecretsError> {
        let webhook = self.0.get_mut(registration_id).ok_or(SecretsError::Missing)?;
        let mut alive: Vec<Secret> = webhook.alive(now).cloned().collect();
        match alive.len() {
            0 => return Err(SecretsError::Missing),
            SECRETS_MAX.. => return Err(SecretsError::TwoAlive),
            _ => {}
        }
        let ends = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
        for first in &mut alive {
            first.expires = Some(first.expires.map_or(ends, |expires| expires.min(ends)));
        }
        let (secret, text) = Secret::new(webhook.style, now);
        alive.push(secret);
        webhook.secrets = alive;
        Ok(text)
    }

    /// Takes one secret away, or all; says whether there was such a one. Without a secret, deliveries have only their RSA
    /// signatures.
    pub fn revoke(&mut self, registration_id: &str, secret: Option<Uuid>) -> bool {
        let Some(webhook) = self.0.get_mut(registration_id) else { return false };
        let before = webhook.secrets.len();
        webhook.secrets.retain(|known| secret.is_some_and(|id| known.id != id));
        let is_changed = webhook.secrets.len() < before;
        if webhook.secrets.is_empty() {
            self.0.remove(registration_id);
        }
        is_changed
    }

    /// Forgets the webhooks of registrations that are gone.
    pub fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.0.retain(|registration_id, _| is_there(registration_id));
    }
}

impl Webhook {
    /// The secrets that count at this time, oldest first.
    pub fn alive(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(move |secret| secret.expires.is_none_or(|expires| now < expires))
    }

    /// Their texts.
    pub(crate) fn texts(&self, now: Timestamp) -> Vec<SecretString> {
        self.alive(now).map(|secret| SecretString::from(secret.text.as_str())).collect()
    }
}

impl Secret {
    fn new(style: Style, now: Timestamp) -> (Self, SecretString) {
        let text = SecretString::from(style.new_secret());
        let kept = text.expose_secret().to_owned();
        (Self { id: Uuid::new_v4(), created: now, expires: None, text: kept }, text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "hook";
    const DAY: Duration = Duration::from_hours(24);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + hours * 3_600).expect("a time in this century")
    }

    fn alive(secrets: &WebhookSecrets, hours: i64) -> Vec<String> {
        let texts = secrets.of(HOOK).map(|webhook| webhook.texts(at(hours))).unwrap_or_default();
        texts.iter().map(|text| text.expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_secret_has_the_form_of_its_style() {
        let mut secrets = WebhookSecrets::default();
        let standard = secrets.create(HOOK, Style::default(), at(0)).unwrap();
        let encoded = standard.expose_secret().strip_prefix("whsec_").unwrap();
        assert_eq!(BASE64_STANDARD.decode(encoded).unwrap().len(), 32);
        let port = secrets.create("port", Style::Port, at(0)).unwrap();
        assert!(port.expose_secret().starts_with("kit-"));
        assert!(!format!("{secrets:?}").contains(encoded));
        let read = WebhookSecrets::read(&secrets.bytes().unwrap()).unwrap();
        assert_eq!(alive(&read, 0), alive(&secrets, 0));
        assert_eq!(read.of("port").unwrap().style, Style::Port);
        assert_eq!(WebhookSecrets::read(b"[]").unwrap_err(), SecretsError::Damaged);
    }

    #[test]
    fn two_secrets_overlap_and_what_is_revoked_counts_no_more() {
        let mut secrets = WebhookSecrets::default();
        assert_eq!(secrets.rotate(HOOK, at(0), DAY).unwrap_err(), SecretsError::Missing);
        let first = secrets.create(HOOK, Style::Port, at(0)).unwrap().expose_secret().to_owned();
        assert_eq!(secrets.create(HOOK, Style::Port, at(0)).unwrap_err(), SecretsError::Exists);
        let second = secrets.rotate(HOOK, at(1), DAY).unwrap().expose_secret().to_owned();
        assert_eq!((alive(&secrets, 24), alive(&secrets, 25)), (vec![first, second.clone()], vec![second]));
        assert_eq!(secrets.rotate(HOOK, at(24), DAY).unwrap_err(), SecretsError::TwoAlive);
        secrets.rotate(HOOK, at(25), DAY).unwrap();
        let id = secrets.of(HOOK).unwrap().alive(at(25)).next().unwrap().id;
        assert!(secrets.revoke(HOOK, Some(id)) && !secrets.revoke(HOOK, Some(id)));
        assert_eq!(alive(&secrets, 25).len(), 1);
        assert!(secrets.revoke(HOOK, None) && !secrets.revoke(HOOK, None));
        assert!(secrets.of(HOOK).is_none());
        secrets.create(HOOK, Style::Port, at(26)).unwrap();
        secrets.retain(|id| id != HOOK);
        assert!(secrets.of(HOOK).is_none());
    }
}
