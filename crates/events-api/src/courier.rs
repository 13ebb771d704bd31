//! Deliveries to webhooks (contract, sections 4.2, 4.3 and 4.6).

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use engine::{Carried, Carrier, Parcel};
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sdk::spans::{self, TARGET};
use sdk::{Fate, TraceContext};
use store::{Registration, StoredEvent, Trace};
use tracing::field::Empty;
use tracing::{Instrument, Span, error, info_span};
use uuid::Uuid;

use crate::outbound::{self, NoAnswer, Outgoing, Sent};
use crate::problem::REQUEST_ID;
use crate::signer::{SignError, Unsigned};
use crate::{Service, delivered};

pub(crate) const EVENT_CODE: HeaderName = HeaderName::from_static("x-adobe-event-code");
const DELIVERY_ID: HeaderName = HeaderName::from_static("x-adobe-delivery-id");
const EVENT_ID: HeaderName = HeaderName::from_static("x-adobe-event-id");
const PROVIDER: HeaderName = HeaderName::from_static("x-adobe-provider");
const RETRY_COUNT: HeaderName = HeaderName::from_static("x-adobe-retry-count");

const ONE_EVENT: &str = "application/cloudevents+json; charset=UTF-8";
const BATCH: &str = "application/cloudevents-batch+json; charset=UTF-8";

/// Carries events to the webhooks of registrations.
#[derive(Clone)]
pub struct Courier(Service);

/// What a request carries.
#[derive(Clone, Copy)]
enum Load<'a> {
    One(&'a StoredEvent),
    Batch(&'a [StoredEvent]),
}

impl Load<'_> {
    /// The same on every attempt; a batch that is put together in another way is another one.
    fn id(self) -> String {
        match self {
            Self::One(event) => event.id.to_string(),
            Self::Batch(events) => {
                let mut ids = Context::new(&SHA256);
                for event in events {
                    ids.update(event.id.as_bytes());
                }
                let hash = ids.finish();
                format!("batch-{}", BASE64_URL_SAFE_NO_PAD.encode(hash))
            }
        }
    }

    /// Events of a batch come from different traces; each says so itself.
    fn trace(self) -> Option<TraceContext> {
        match self {
            Self::One(event) => engine::kept_with(event),
            Self::Batch(_) => None,
        }
    }
}

impl Courier {
    pub(crate) fn new(service: Service) -> Self {
        Self(service)
    }

    async fn deliver(&self, parcel: &Parcel, load: Load<'_>, registration: &Registration, url: &str) -> Carried {
        let id = Uuid::new_v4();
        let body = self.body(load, &registration.client_id);
        let unsigned = Unsigned { registration_id: &registration.registration_id, id: load.id(), body };
        let (body, signatures) = match self.0.0.signer.sign(&self.0, unsigned).await {
            Ok(signed) => signed,
            Err(failure) => return not_signed(&failure),
        };
        let span = request_span(registration);
        let mut headers = self.headers(id, parcel.attempt, load);
        headers.extend(signatures);
        if let Some(trace) = spans::onward(&span, load.trace().as_ref()) {
            trace.write_to(&mut headers);
        }
        let outgoing = Outgoing { id, method: Method::POST, url: url.to_owned(), headers, body };
        let sent = outbound::send(&self.0, &outgoing, Trace::BODY_BYTES_MAX).instrument(span.clone()).await;
        note(&span, &sent);
        let events = parcel.events.iter().map(|event| event.id).collect();
        let trace = Some(outbound::trace(&outgoing, &sent, parcel.registration, events));
        match sent.answer {
            Ok(answer) => {
                let fate = fate(answer.status);
                let reason = (!fate.is_success()).then(|| format!("the webhook answered {}", answer.status));
                Carried { fate, status: answer.status, reason, trace }
            }
            Err(none) => {
                let reason = Some(none.reason().to_owned());
                Carried { fate: Fate::Retry { after: None }, status: none.code(), reason, trace }
            }
        }
    }

    fn body(&self, load: Load<'_>, client_id: &str) -> String {
        let options = &self.0.0.options;
        let mut body = String::new();
        match load {
            Load::One(event) => delivered::write(&mut body, event, client_id, options),
            Load::Batch(events) => {
                body.push('[');
                for (place, event) in events.iter().enumerate() {
                    if place > 0 {
                        body.push(',');
                    }
                    delivered::write(&mut body, event, client_id, options);
                }
                body.push(']');
            }
        }
        body
    }

    fn headers(&self, id: Uuid, attempt: u32, load: Load<'_>) -> HeaderMap {
        let content_type = if matches!(load, Load::One(_)) { ONE_EVENT } else { BATCH };
        let mut headers = vec![
            (CONTENT_TYPE, content_type.to_owned()),
            (USER_AGENT, outbound::USER_AGENT.to_owned()),
            (ACCEPT_ENCODING, "deflate,compress,identity".to_owned()),
            (REQUEST_ID, Uuid::new_v4().to_string()),
            (DELIVERY_ID, id.to_string()),
        ];
        if let Load::One(event) = load {
            headers.push((EVENT_ID, event.id.to_string()));
            headers.push((EVENT_CODE, event.code.to_string()));
            let service = &self.0.0;
            let provider = service.routes.get().provider_name(&event.provider_id, &service.identity.ims_org_id);
            headers.extend(provider.map(|provider| (PROVIDER, provider)));
        }
        if attempt > 1 {
            headers.push((RETRY_COUNT, (attempt - 1).to_string()));
        }
        headers.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?))).collect()
    }
}

#[async_trait]
impl Carrier for Courier {
    async fn carry(&self, parcel: &Parcel) -> Carried {
        let routes = self.0.0.routes.get();
        let Some(registration) = routes.registration(parcel.registration) else {
            return parked("the registration of this delivery is gone");
        };
        let Some(url) = &registration.webhook_url else {
            return parked("the registration has no webhook any more");
        };
        let load = match &*parcel.events {
            [event] if registration.delivery_type != "webhook_batch" => Load::One(event),
            events => Load::Batch(events),
        };
        self.deliver(parcel, load, registration, url).await
    }
}

/// The receiver's address may hold a secret; its registration tells who is meant.
fn request_span(registration: &Registration) -> Span {
    info_span!(
        target: TARGET,
        "webhook",
        otel.name = "POST",
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = "POST",
        http.response.status_code = Empty,
        error.type = Empty,
        peer.service = &*registration.name,
    )
}

fn note(span: &Span, sent: &Sent) {
    match &sent.answer {
        Ok(answer) => span.record("http.response.status_code", answer.status),
        Err(none) => span.record("error.type", none.kind()),
    };
    if !matches!(&sent.answer, Ok(answer) if answer.status < 400) {
        span.record("otel.status_code", "ERROR");
    }
}

/// The table of section 4.6: unlike a target's, a receiver's 401 and 403 are final.
fn fate(status: u16) -> Fate {
    match status {
        200..=299 => Fate::Done,
        505 => Fate::Refused,
        429 | 500..=599 => Fate::Retry { after: None },
        _ => Fate::Refused,
    }
}

/// A receiver that checks signatures would refuse for good what is not signed.
fn not_signed(failure: &SignError) -> Carried {
    let reason = Some(failure.to_string());
    error!(error = failure as &dyn std::error::Error, "a delivery could not be signed");
    Carried { fate: Fate::Retry { after: None }, status: NoAnswer::Client.code(), reason, trace: None }
}

fn parked(reason: &str) -> Carried {
    Carried { fate: Fate::Parked, status: 404, reason: Some(reason.to_owned()), trace: None }
}

impl fmt::Debug for Courier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Courier")
    }
}
