//! Who may send events to the ingestion webhook: the networks of `KIT_INGESTION_IPS`, and the schemes of
//! `KIT_INGESTION_AUTH` in their order.

mod check;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use adobe::Pool;
use async_trait::async_trait;
use engine::Clock;
use schemes::network::{self, Network, Origin};
use schemes::{Message, Proven, Window};
use sdk::web::{Request, Verdict};
use sdk::{Nonce, Senders};
use settings::Ingestion;

use self::check::{Check, Doubt};
use crate::guards::Guards;

/// Asks each scheme; the first that accepts wins.
pub struct Configured {
    checks: Vec<Check>,
    window: Duration,
    networks: Vec<Network>,
    proxies: Vec<Network>,
    clock: Arc<dyn Clock>,
}

impl Configured {
    /// # Errors
    /// A scheme needs what is not there.
    pub fn new(ingestion: &Ingestion, clock: Arc<dyn Clock>, pool: &Pool, guards: &Guards) -> anyhow::Result<Self> {
        let checks = ingestion.schemes.iter().map(|scheme| Check::new(scheme, &clock, pool, guards));
        Ok(Self {
            checks: checks.collect::<anyhow::Result<_>>()?,
            window: ingestion.window,
            networks: ingestion.networks.clone(),
            proxies: ingestion.proxies.clone(),
            clock,
        })
    }

    /// Why nobody at this address may send.
    fn stranger(&self, origin: Origin) -> Option<String> {
        let is_inside = |address| self.networks.iter().any(|network| network.contains(address));
        match origin.address {
            _ if self.networks.is_empty() => None,
            Some(address) if is_inside(address) => None,
            Some(address) => Some(format!("the address {address} is in none of the networks of `KIT_INGESTION_IPS`")),
            None => Some("nobody can tell the address: `x-forwarded-for` is no list of addresses".to_owned()),
        }
    }
}

#[async_trait]
impl Senders for Configured {
    async fn check(&self, request: &Request) -> Verdict {
        let origin = network::origin(request.peer, &request.headers, &self.proxies);
        if let Some(reason) = self.stranger(origin) {
            return Verdict::Unproven(reason);
        }
        if self.checks.is_empty() {
            return Verdict::Accept;
        }
        let message = Message { headers: &request.headers, query: request.query.as_deref(), body: &request.body };
        let window = Window::new(self.clock.now(), self.window);
        let (mut reasons, mut pause) = (Vec::new(), None);
        for check in &self.checks {
            match check.ask(&message, window, origin.hop).await {
                Ok(proven) => return accepted(proven),
                Err(Doubt::Refused(reason)) => reasons.push(format!("{}: {reason}", check.name())),
                Err(Doubt::Unknown { reason, retry_after }) => {
                    reasons.push(format!("{}: {reason}", check.name()));
                    pause = pause.max(Some(retry_after));
                }
            }
        }
        let reason = reasons.join("; ");
        match pause {
            None => Verdict::Unproven(reason),
            Some(retry_after) => Verdict::Undecided { reason, retry_after },
        }
    }
}

impl fmt::Debug for Configured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Configured").field("checks", &self.checks).finish_non_exhaustive()
    }
}

fn accepted(proven: Proven) -> Verdict {
    match proven.nonce {
        None => Verdict::Accept,
        Some(nonce) => Verdict::AcceptOnce(Nonce { text: nonce.to_string(), expires: nonce.expires() }),
    }
}
