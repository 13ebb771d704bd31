//! Signs what is delivered, with the keys of the store (contract, section 4.4).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use jiff::{SignedDuration, Timestamp};
use store::{Store, StoreError};
use tokio::sync::{Mutex, Semaphore};
use tracing::{error, info};
use uuid::Uuid;

use crate::Service;
use crate::problem::Problem;
use crate::signing_keys::{KEY_NAME, KeysError, SIGNING, SigningKeys, named, path, pem};

/// For each key, where its signature goes and where its path.
const HEADERS: [(HeaderName, HeaderName); SIGNING] = [
    (HeaderName::from_static("x-adobe-digital-signature-1"), HeaderName::from_static("x-adobe-public-key1-path")),
    (HeaderName::from_static("x-adobe-digital-signature-2"), HeaderName::from_static("x-adobe-public-key2-path")),
];

/// The command line rotates keys in another process, so what was read of them counts no longer than this.
const KEYS_FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("the signing keys cannot be read or written")]
    Store(#[source] StoreError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the delivery could not be signed")]
    Sign,
}

/// Has the keys at hand. They are made when something is to be signed for the first time.
pub(crate) struct Signer {
    remembered: RwLock<Option<Remembered>>,
    /// Held by the one who reads the keys anew.
    turn: Mutex<()>,
    /// A signature is half a millisecond of pure work: no more at once than there are processors for.
    places: Semaphore,
}

#[derive(Clone)]
struct Remembered {
    at: Timestamp,
    /// None: the store had none.
    ring: Option<Arc<Ring>>,
}

/// The keys of the store, ready for use.
struct Ring {
    /// As they were read, to notice that they are the same.
    bytes: Vec<u8>,
    signing: Vec<(String, RsaKeyPair)>,
    served: HashMap<Uuid, Served>,
}

struct Served {
    pem: String,
    until: Option<Timestamp>,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { remembered: RwLock::default(), turn: Mutex::default(), places: Semaphore::new(processors) }
    }

    /// The headers that prove a body; the body comes back with them.
    pub(crate) async fn sign(&self, service: &Service, body: String) -> Result<(String, Headers), SignError> {
        let ring = self.ring_to_sign(service).await?;
        let _place = self.places.acquire().await.map_err(|_| SignError::Sign)?;
        let work = tokio::task::spawn_blocking(move || {
            let headers = ring.sign(body.as_bytes())?;
            Ok((body, headers))
        });
        work.await.map_err(|_| SignError::Sign)?
    }

    /// The public half of a key, as long as it is served.
    async fn pem(&self, service: &Service, id: Uuid) -> Result<Option<String>, SignError> {
        let now = service.0.clock.now();
        let ring = self.ring(&*service.0.store, now).await?;
        let served = ring.as_ref().and_then(|ring| ring.served.get(&id));
        Ok(served.filter(|served| served.until.is_none_or(|until| now < until)).map(|served| served.pem.clone()))
    }

    async fn ring_to_sign(&self, service: &Service) -> Result<Arc<Ring>, SignError> {
        let (store, now) = (&*service.0.store, service.0.clock.now());
        if let Some(ring) = self.ring(store, now).await? {
            return Ok(ring);
        }
        let _turn = self.turn.lock().await;
        if let Some(ring) = self.read(store, now).await? {
            return Ok(ring);
        }
        let made = tokio::task::spawn_blocking(move || SigningKeys::make(now)?.bytes());
        let made = made.await.map_err(|_| KeysError::Generate)??;
        // Somebody beside this process may have been faster: what the store has then counts.
        store.reserve(KEY_NAME, made, now, Timestamp::MAX).await.map_err(SignError::Store)?;
        info!("the keys that sign deliveries were made");
        self.read(store, now).await?.ok_or(SignError::Keys(KeysError::Damaged))
    }

    /// The keys as they were a moment ago, if there are any.
    async fn ring(&self, store: &dyn Store, now: Timestamp) -> Result<Option<Arc<Ring>>, SignError> {
        if let Some(remembered) = self.fresh(now) {
            return Ok(remembered.ring);
        }
        let _turn = self.turn.lock().await;
        match self.fresh(now) {
            Some(remembered) => Ok(remembered.ring),
            None => self.read(store, now).await,
        }
    }

    async fn read(&self, store: &dyn Store, now: Timestamp) -> Result<Option<Arc<Ring>>, SignError> {
        let bytes = store.value(KEY_NAME, now).await.map_err(SignError::Store)?;
        let before = self.last().and_then(|remembered| remembered.ring);
        let ring = match bytes {
            None => None,
            Some(bytes) => match before.filter(|ring| ring.bytes == bytes) {
                Some(same) => Some(same),
                None => Some(Arc::new(Ring::of(bytes)?)),
            },
        };
        let remembered = Remembered { at: now, ring: ring.clone() };
        *self.remembered.write().unwrap_or_else(PoisonError::into_inner) = Some(remembered);
        Ok(ring)
    }

    fn fresh(&self, now: Timestamp) -> Option<Remembered> {
        self.last().filter(|remembered| now.duration_since(remembered.at).abs() < KEYS_FRESH)
    }

    fn last(&self) -> Option<Remembered> {
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) type Headers = Vec<(HeaderName, String)>;

impl Ring {
    fn of(bytes: Vec<u8>) -> Result<Self, KeysError> {
        let keys = SigningKeys::read(&bytes)?;
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
        Ok(Self { bytes, signing, served })
    }

    fn sign(&self, body: &[u8]) -> Result<Headers, SignError> {
        let mut headers = Vec::with_capacity(2 * SIGNING);
        for ((signature_name, path_name), (path, pair)) in HEADERS.iter().zip(&self.signing) {
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, body, &mut signature).map_err(|_| SignError::Sign)?;
            headers.push((signature_name.clone(), BASE64_STANDARD.encode(signature)));
            headers.push((path_name.clone(), path.clone()));
        }
        Ok(headers)
    }
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

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signer")
    }
}
