//! Who delivers: the port through which a delivery is held against its events API.

use async_trait::async_trait;
use http::HeaderMap;

/// The events API that delivers to our webhooks.
#[async_trait]
pub trait EventsApiSender: Send + Sync {
    /// Whether a delivery comes from it: by the signatures in its headers over the raw body.
    async fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unproven>;

    /// Calls a validation URL of the events API, which proves that its webhook is ours (contract, section 4.1).
    ///
    /// # Errors
    /// Why it was not called, or what it answered; without the secret part of the URL.
    async fn visit(&self, url: &str) -> Result<(), String>;
}

/// A delivery of which nobody knows that the events API sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// Which part differed, for the activation alone.
    pub reason: String,
    /// Nobody can tell now; the sender is to come again.
    pub is_temporary: bool,
}
