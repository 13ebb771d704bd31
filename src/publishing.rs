//! The clients of an events API behind the engine's ports.

use std::sync::Arc;

use adobe::{EventsApi, EventsApiError, Exchange, JournalError, Unanswered};
use async_trait::async_trait;
use engine::{Carried, Carrier, Clock, JournalEntry, JournalPage, JournalProblem, JournalSource, Parcel, traced};
use jiff::Timestamp;
use sdk::{Chain, Fate};
use store::{Trace, TracedRequest, TracedResponse};
use uuid::Uuid;

/// What stands for the number of an answer that never came, as for a Commerce that cannot be reached.
const NO_ANSWER: u16 = 503;

/// Publishes stored events at an events API.
pub struct Publishing {
    pub api: Arc<EventsApi>,
    /// The id of the provider whose events these are, when onboarding left it.
    pub provider_id: Option<Arc<str>>,
    /// Its label, by which it is asked for else.
    pub provider_label: String,
    pub clock: Arc<dyn Clock>,
}

impl Publishing {
    async fn provider_id(&self) -> Result<Arc<str>, EventsApiError> {
        match &self.provider_id {
            Some(id) => Ok(Arc::clone(id)),
            None => self.api.provider_id(&self.provider_label).await,
        }
    }
}

#[async_trait]
impl Carrier for Publishing {
    async fn carry(&self, parcel: &Parcel) -> Carried {
        let [stored] = parcel.events.as_slice() else {
            return failed(Fate::Parked, "events are published one by one".to_owned());
        };
        let provider_id = match self.provider_id().await {
            Ok(provider_id) => provider_id,
            Err(error) => return failed(Fate::Retry { after: None }, Chain(&error).to_string()),
        };
        let Ok(event) = engine::event(stored) else {
            return failed(Fate::Parked, "the stored event is not JSON any more".to_owned());
        };
        let event = sdk::Event { source: format!("urn:uuid:{provider_id}"), ..event };
        let at = self.clock.now();
        let sent = self.api.publish(&event).await;
        let trace = sent.exchange.map(|exchange| trace(exchange, sent.status, at, parcel.registration, stored.id));
        Carried { fate: sent.fate, status: sent.status.unwrap_or(NO_ANSWER), reason: sent.reason, trace }
    }
}

/// The request and its answer as tracing shows them.
fn trace(exchange: Exchange, status: Option<u16>, at: Timestamp, registration: i64, event: Uuid) -> Trace {
    let id = Uuid::now_v7();
    let response = match exchange.answer {
        Ok(answer) => TracedResponse {
            status: status.unwrap_or(NO_ANSWER),
            headers: traced::headers(&answer.headers),
            body: traced::body(&String::from_utf8_lossy(&answer.body)),
        },
        Err(Unanswered { code, reason }) => {
            let (class, hint) = match code {
                601 => ("CLIENT", "KIT_OUTBOUND_ALLOW names addresses that are not public and may be called"),
                604 => ("TIMEOUT", "the event will be sent again"),
                611 => ("TLS", "check the certificate of the ingress and its chain"),
                _ => ("NETWORK", "check KIT_EVENTS_INGRESS_URL and the way there; `kit doctor` does"),
            };
            let body = traced::no_answer(code, class, id, &traced::body(&reason), hint);
            TracedResponse { status: code, headers: Vec::new(), body }
        }
    };
    let request = TracedRequest {
        method: "POST".to_owned(),
        url: traced::url(&exchange.url),
        headers: exchange.headers,
        body: traced::body(&String::from_utf8_lossy(&exchange.body)),
    };
    let duration_ms = u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX);
    Trace { id, registration, events: vec![event], at, duration_ms, request, response }
}

fn failed(fate: Fate, reason: String) -> Carried {
    Carried { fate, status: NO_ANSWER, reason: Some(reason), trace: None }
}

/// The journals of an events API.
pub struct Journals(pub Arc<EventsApi>);

#[async_trait]
impl JournalSource for Journals {
    async fn locate(&self, registration: &str) -> Result<Option<String>, String> {
        self.0.journal_url(registration).await.map_err(|error| Chain(&error).to_string())
    }

    async fn page(&self, url: &str) -> Result<JournalPage, JournalProblem> {
        match self.0.journal_page(url).await {
            Ok(adobe::JournalPage::Events { events, next }) => {
                let entry = |entry: adobe::JournalEntry| JournalEntry { position: entry.position, event: entry.event };
                Ok(JournalPage { events: events.into_iter().map(entry).collect(), next: Some(next), after: None })
            }
            Ok(adobe::JournalPage::Empty { retry_after, next }) => {
                Ok(JournalPage { events: Vec::new(), next, after: retry_after })
            }
            Err(JournalError::Expired) => Err(JournalProblem::Expired),
            Err(JournalError::Gone) => Err(JournalProblem::Gone),
            Err(JournalError::Again { after, reason }) => Err(JournalProblem::Again { after, reason }),
            Err(JournalError::Refused { reason, .. }) => Err(JournalProblem::Refused { reason }),
        }
    }
}
