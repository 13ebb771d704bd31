//! Signs what is delivered: with the keys of the store (contract, section 4.4), and with a webhook's own secret.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use schemes::signature::Rule;
use schemes::{MacKeys, standard_webhooks};
use store::{Store, StoreError};
use tokio::sync::{Mutex, Semaphore};
use tracing::{error, info};
use uuid::Uuid;

use crate::Service;
use crate::problem::Problem;
use crate::recent::{Recent, RecentError};
use crate::signing_keys::{self, KeysError, SIGNING, SigningKeys, named, path, pem};
use crate::webhook_secrets::{self, Style, Webhook, WebhookSecrets};

/// For each key, where its signature goes and where its path.
const HEADERS: [(HeaderName, HeaderName); SIGNING] = [
    (HeaderName::from_static("x-adobe-digital-signature-1"), HeaderName::from_static("x-adobe-public-key1-path")),
    (HeaderName::from_static("x-adobe-digital-signature-2"), HeaderName::from_static("x-adobe-public-key2-path")),
];

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error(transparent)]
    Unknown(#[from] RecentError),
    #[error("the signing keys cannot be written")]
    Store(#[source] StoreError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the delivery could not be signed")]
    Sign,
}

/// Has keys and secrets at hand. The keys are made when something is to be signed for the first time.
#[derive(Debug)]
pub(crate) struct Signer {
    ring: Recent<Ring>,
    secrets: Recent<WebhookSecrets>,
    /// Held by the one who makes the keys.
    turn: Mutex<()>,
    /// A signature is half a millisecond of pure work: no more at once than there are processors for.
    places: Semaphore,
}

/// The keys of the store, ready for use.
struct Ring {
    signing: Vec<(String, RsaKeyPair)>,
    served: HashMap<Uuid, Served>,
}

struct Served {
    pem: String,
    until: Option<Timestamp>,
}

/// What is to be signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) registration_id: &'a str,
    /// The same on every attempt.
    pub(crate) id: String,
    pub(crate) body: String,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            ring: Recent::new(signing_keys::KEY_NAME, |bytes| Ring::of(bytes).ok()),
            secrets: Recent::new(webhook_secrets::KEY_NAME, |bytes| WebhookSecrets::read(bytes).ok()),
            turn: Mutex::default(),
            places: Semaphore::new(processors),
        }
    }

    /// The headers that prove a body; the body comes back with them.
    pub(crate) async fn sign(
        &self,
        service: &Service,
        unsigned: Unsigned<'_>,
    ) -> Result<(String, HeaderMap), SignError> {
        let Unsigned { registration_id, id, body } = unsigned;
        let (store, now) = (&*service.0.store, service.0.clock.now());
        let secrets = self.secrets.get(store, now).await?;
        let ring = self.ring_to_sign(store, now).await?;
        let webhook = secrets.as_ref().and_then(|secrets| secrets.of(registration_id));
        let mut headers = webhook.map_or_else(|| Ok(HeaderMap::new()), |webhook| shared(webhook, &id, now, &body))?;
        let _place = self.places.acquire().await.map_err(|_| SignError::Sign)?;
        let work = tokio::task::spawn_blocking(move || {
            headers.extend(ring.sign(body.as_bytes())?);
            Ok((body, headers))
        });
        work.await.map_err(|_| SignError::Sign)?
    }

    /// The public half of a key, as long as it is served.
    async fn pem(&self, service: &Service, id: Uuid) -> Result<Option<String>, SignError> {
        let now = service.0.clock.now();
        let ring = self.ring.get(&*service.0.store, now).await?;
        let served = ring.as_ref().and_then(|ring| ring.served.get(&id));
        Ok(served.filter(|served| served.until.is_none_or(|until| now < until)).map(|served| served.pem.clone()))
    }

    async fn ring_to_sign(&self, store: &dyn Store, now: Timestamp) -> Result<Arc<Ring>, SignError> {
        if let Some(ring) = self.ring.get(store, now).await? {
            return Ok(ring);
        }
        let _turn = self.turn.lock().await;
        if let Some(ring) = self.ring.read(store, now).await? {
            return Ok(ring);
        }
        let made = tokio::task::spawn_blocking(move || SigningKeys::make(now)?.bytes());
        let made = made.await.map_err(|_| KeysError::Generate)??;
        // Somebody beside this process may have been faster: what the store has then counts.
        store.reserve(signing_keys::KEY_NAME, made, now, Timestamp::MAX).await.map_err(SignError::Store)?;
        info!("the keys that sign deliveries were made");
        self.ring.read(store, now).await?.ok_or(SignError::Keys(KeysError::Damaged))
    }
}

/// The headers of the style that a webhook has chosen; none when its last secret has expired.
fn shared(webhook: &Webhook, id: &str, now: Timestamp, body: &str) -> Result<HeaderMap, SignError> {
    let texts = webhook.texts(now);
    match webhook.style {
        _ if texts.is_empty() => Ok(HeaderMap::new()),
        Style::StandardWebhooks => {
            let keys = standard_webhooks::SigningKeys::parse(&texts).map_err(|_| SignError::Sign)?;
            standard_webhooks::sign(&keys, id, now, body.as_bytes()).map_err(|_| SignError::Sign)
        }
        // There is one signature only. While two secrets overlap it is the older one's, so that a receiver can come to
        // know the new one first.
        Style::Port => Ok(Rule::port().sign(&MacKeys::of_texts(&texts[..1]), now, body.as_bytes())),
    }
}

impl Ring {
    fn of(bytes: &[u8]) -> Result<Self, KeysError> {
        let keys = SigningKeys::read(bytes)?;
        let mut signing = Vec::with_capacity(SIGNING);
        let mut served = HashMap::new();
        for key in keys.signing() {
            let pair = key.pair()?;
            served.insert(key.id, Served { pem: pem(&pair)?, until: None });
            signing.push((path(key.id), pair));
        }
        for key in keys.retired(Timestamp::MIN) {
            served.insert(key.id, Served { pem: key.pem.clone(), until: Some(key.served_until) });
        }
        Ok(Self { signing, served })
    }

    fn sign(&self, body: &[u8]) -> Result<HeaderMap, SignError> {
        let mut headers = HeaderMap::new();
        for ((signature_name, path_name), (path, pair)) in HEADERS.iter().zip(&self.signing) {
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, body, &mut signature).map_err(|_| SignError::Sign)?;
            headers.insert(signature_name, value(BASE64_STANDARD.encode(signature))?);
            headers.insert(path_name, value(path.clone())?);
        }
        Ok(headers)
    }
}

fn value(text: String) -> Result<HeaderValue, SignError> {
    HeaderValue::try_from(text).map_err(|_| SignError::Sign)
}

pub(crate) fn routes() -> Router<Service> {
    Router::new().route("/prod/keys/{file}", get(public_key))
}

/// Public: whoever checks a delivery needs it, and it says nothing else.
async fn public_key(
    State(service): State<Service>,
    Path(file): Path<String>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let unknown = || Problem::not_found("there is no such key");
    let id = named(&file).ok_or_else(unknown)?;
    let found = service.0.signer.pem(&service, id).await.map_err(|failure| {
        error!(error = &failure as &dyn std::error::Error, "a public key cannot be served");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the keys cannot be read just now")
    })?;
    let pem = found.ok_or_else(unknown)?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], pem))
}

impl fmt::Debug for Ring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ring")
    }
}
