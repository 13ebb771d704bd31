//! Sends what waits, in batches, as Commerce's cron does.
//!
//! Who waits for another attempt does so twice as long each time, and those after it wait, too. Both are guesses: Commerce
//! does not say when it tries again. An event keeps its id, so that an events API that took it without being heard knows it again.

use std::fmt;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};

use super::rows::{Row, Verdict, Which};
use super::tokens::{NoToken, Tokens};
use super::workspace::Workspace;
use super::workspaces::DEFAULT;
use super::{Eventing, Module, http};
use crate::time::instant;
use crate::{KeepError, Sandbox};

/// Sent one after another, so that they arrive in the order of their changes.
pub const BATCH_MAX: usize = 100;

/// Whoever sends, with its connections and tokens.
pub struct Sender {
    client: reqwest::Client,
    ingress_url: String,
    tokens: Tokens,
    interval: std::time::Duration,
    /// Somebody is waiting whose event is not to wait.
    urgent: Notify,
    /// One sends at a time.
    turn: Mutex<()>,
}

/// How one attempt went, and whether the next event is likely to fare better.
struct Attempt {
    verdict: Verdict,
    is_hopeless: bool,
}

impl Sender {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(options: Eventing) -> Result<Self, KeepError> {
        let Eventing { ingress_url, token_url, interval, seal: _ } = options;
        let tokens = Tokens::new(token_url);
        Ok(Self {
            client: http::client()?,
            ingress_url,
            tokens,
            interval,
            urgent: Notify::new(),
            turn: Mutex::default(),
        })
    }

    pub fn hurry(&self) {
        self.urgent.notify_one();
    }

    /// Sends for as long as it is polled.
    pub async fn run(&self, sandbox: &Sandbox) {
        loop {
            let which = tokio::select! {
                () = tokio::time::sleep(self.interval) => Which::Due,
                () = self.urgent.notified() => Which::Priority,
            };
            self.send(sandbox, which).await;
        }
    }

    /// One attempt for each event that waits now; all others when the events API cannot be reached.
    pub async fn send(&self, sandbox: &Sandbox, which: Which) {
        let _turn = self.turn.lock().await;
        // Nobody else sends: what is in progress was left by somebody who was cut off.
        sandbox.eventing(|module| module.rows.release());
        let mut after = 0;
        let last = sandbox.eventing(|module| module.rows.all().next_back().map_or(0, |row| row.id)).unwrap_or(0);
        while after < last {
            let now = Timestamp::now();
            let batch = sandbox.eventing(|module| {
                let is_enabled = module.is_enabled();
                is_enabled.then(|| module.rows.claim(which, after, BATCH_MAX, now))
            });
            let batch = batch.flatten().unwrap_or_default();
            let Some(highest) = batch.last().map(|row| row.id) else { break };
            after = highest;
            let is_hopeless = self.send_batch(sandbox, batch).await;
            sandbox.eventing(|module| {
                module.rows.release();
                module.rows.prune(Timestamp::now());
            });
            if is_hopeless {
                break;
            }
        }
    }

    /// Whether a token is given for the default client; `None` when there is none.
    pub async fn can_connect(&self, sandbox: &Sandbox) -> Option<bool> {
        let workspace = sandbox.eventing(|module| module.workspaces.of(DEFAULT).cloned()).flatten()?;
        Some(self.tokens.of(&self.client, &workspace).await.is_ok())
    }

    /// Says whether it gave up before the end.
    async fn send_batch(&self, sandbox: &Sandbox, batch: Vec<Row>) -> bool {
        for row in batch {
            let Attempt { verdict, is_hopeless } = self.attempt(sandbox, &row).await;
            match &verdict {
                Verdict::Sent(_) => {}
                Verdict::Again(reason) | Verdict::Failed(reason) => {
                    tracing::warn!(
                        code = row.code,
                        attempts = row.attempts + 1,
                        reason,
                        "an event of the sandbox was not sent"
                    );
                }
            }
            let pause = SignedDuration::try_from(self.interval).unwrap_or(SignedDuration::MAX);
            sandbox.eventing(|module| module.rows.conclude(row.id, verdict, pause, Timestamp::now()));
            if is_hopeless {
                return true;
            }
        }
        false
    }

    async fn attempt(&self, sandbox: &Sandbox, row: &Row) -> Attempt {
        let way = sandbox.eventing(|module| module.way(row.provider_id.as_deref())).flatten();
        let Some((provider_id, workspace)) = way else {
            return Attempt::again("no provider or no workspace is configured", true);
        };
        let event = cloud_event(row, &provider_id);
        let first = self.post(row, &event, &workspace).await;
        match first {
            Ok(StatusCode::UNAUTHORIZED) => {
                self.tokens.forget(&workspace);
                Attempt::judge(self.post(row, &event, &workspace).await)
            }
            other => Attempt::judge(other),
        }
    }

    async fn post(&self, row: &Row, event: &Value, workspace: &Workspace) -> Result<StatusCode, NoToken> {
        let token: SecretString = self.tokens.of(&self.client, workspace).await?;
        let mut request = self
            .client
            .post(&self.ingress_url)
            .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .header(CONTENT_TYPE, "application/cloudevents+json")
            .header("x-api-key", &workspace.client_id)
            .header("x-event-phidata", row.hipaa_audit_required.to_string());
        if let Some(organisation) = &workspace.ims_org_id {
            request = request.header("x-ims-org-id", organisation);
        }
        let answer = request.body(event.to_string()).send().await.map_err(|_| NoToken::NoAnswer)?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again.
        let _ = http::read_bounded(answer).await;
        Ok(status)
    }
}

impl Attempt {
    fn again(reason: &str, is_hopeless: bool) -> Self {
        Self { verdict: Verdict::Again(reason.to_owned()), is_hopeless }
    }

    fn judge(answer: Result<StatusCode, NoToken>) -> Self {
        let status = match answer {
            Ok(status) => status,
            Err(NoToken::NoAnswer) => return Self::again("the events API did not answer", true),
            Err(NoToken::Refused(reason)) => return Self::again(&reason, true),
        };
        let told = |text: &str| format!("{text} ({})", status.as_u16());
        match status {
            StatusCode::NO_CONTENT => {
                Self { verdict: Verdict::Sent(Some("nobody is registered for this event")), is_hopeless: false }
            }
            status if status.is_success() => Self { verdict: Verdict::Sent(None), is_hopeless: false },
            StatusCode::UNAUTHORIZED => Self::again(&told("a new token is not accepted"), true),
            StatusCode::TOO_MANY_REQUESTS => Self::again(&told("the events API is throttling"), true),
            status if status.is_server_error() => Self::again(&told("the events API has a fault of its own"), true),
            _ => Self { verdict: Verdict::Failed(told("the events API refused this event")), is_hopeless: false },
        }
    }
}

impl Module {
    fn is_enabled(&self) -> bool {
        self.providers.configuration().is_some_and(|configuration| configuration.enabled)
    }

    /// Which provider's event it is, and who publishes it.
    fn way(&self, provider_id: Option<&str>) -> Option<(String, Workspace)> {
        let default = self.providers.configuration().map(|configuration| configuration.provider_id.as_str());
        let provider_id = provider_id.or(default).filter(|id| !id.is_empty())?;
        Some((provider_id.to_owned(), self.workspaces.of(provider_id)?.clone()))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("interval", &self.interval).finish_non_exhaustive()
    }
}

fn cloud_event(row: &Row, provider_id: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": row.event_id,
        "source": format!("urn:uuid:{provider_id}"),
        "type": row.code,
        "datacontenttype": "application/json",
        "time": instant(row.created_at),
        "data": row.data,
    })
}
