//! Who may send events to the ingestion webhook: the schemes of `KIT_INGESTION_AUTH`, in their order.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use engine::Clock;
use schemes::{Message, Proven, Window};
use sdk::web::{Request, Verdict};
use sdk::{Nonce, Senders};
use settings::Ingestion;

/// Asks each scheme; the first that accepts wins.
pub struct Configured {
    ingestion: Ingestion,
    clock: Arc<dyn Clock>,
}

impl Configured {
    pub fn new(ingestion: Ingestion, clock: Arc<dyn Clock>) -> Self {
        Self { ingestion, clock }
    }
}

#[async_trait]
impl Senders for Configured {
    async fn check(&self, request: &Request) -> Verdict {
        let Ingestion { schemes, window } = &self.ingestion;
        if schemes.is_empty() {
            return Verdict::Accept;
        }
        let message = Message { headers: &request.headers, query: request.query.as_deref(), body: &request.body };
        let window = Window::new(self.clock.now(), *window);
        let mut mismatches = Vec::new();
        for scheme in schemes {
            match scheme.verify(&message, window) {
                Ok(proven) => return accepted(proven),
                Err(mismatch) => mismatches.push(format!("{}: {mismatch}", scheme.name())),
            }
        }
        Verdict::Unproven(mismatches.join("; "))
    }
}

impl fmt::Debug for Configured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Configured").field("ingestion", &self.ingestion).finish_non_exhaustive()
    }
}

fn accepted(proven: Proven) -> Verdict {
    match proven.nonce {
        None => Verdict::Accept,
        Some(nonce) => Verdict::AcceptOnce(Nonce { text: nonce.to_string(), expires: nonce.expires() }),
    }
}
