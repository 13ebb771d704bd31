//! The body of a delivery: one event or a batch, in any of the forms that Adobe has sent.

use engine::{CloudEvent, Form, Told};
use http::HeaderMap;
use sdk::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Events of one batch; an events API sends 20, and 100 in former days (contract, section 4.3).
pub(super) const EVENTS_MAX: usize = 1_000;

/// A longer value, or one with other characters, is nobody's event code.
const TOLD_BYTES_MAX: usize = 512;

/// What was sent.
pub(super) struct Delivered {
    pub(super) events: Vec<Result<CloudEvent, Vec<Fault>>>,
    pub(super) is_batch: bool,
}

/// Why a body is no delivery for us.
pub(super) enum Unfit {
    Json(String),
    /// So many events in one batch.
    TooMany(usize),
    /// It is for somebody else: the client that it names, if it names one.
    Recipient(Option<String>),
}

/// The events of a body that [`sdk::json::check`] has let through, all of them for this client.
pub(super) fn read(document: &str, headers: &HeaderMap, client_id: &str) -> Result<Delivered, Unfit> {
    let is_batch = document.trim_start().starts_with('[');
    let not_json = |error: serde_json::Error| Unfit::Json(error.to_string());
    let documents: Vec<&RawValue> = if is_batch {
        serde_json::from_str(document).map_err(not_json)?
    } else {
        vec![serde_json::from_str(document).map_err(not_json)?]
    };
    if documents.len() > EVENTS_MAX {
        return Err(Unfit::TooMany(documents.len()));
    }
    let told = told(headers, is_batch);
    let mut events = Vec::with_capacity(documents.len());
    for (index, document) in documents.iter().enumerate() {
        let prefix = if is_batch { format!("/{index}") } else { String::new() };
        events.push(match CloudEvent::parse_delivered(document.get(), &told) {
            Ok((event, form)) => {
                if form != Form::Bare && event.recipient() != Some(client_id) {
                    return Err(Unfit::Recipient(event.recipient().map(str::to_owned)));
                }
                Ok(event)
            }
            Err(faults) => Err(faults.into_iter().map(|fault| fault.below(&prefix)).collect()),
        });
    }
    Ok(Delivered { events, is_batch })
}

/// What the headers say of the one event; of which event of a batch they speak nobody knows.
fn told(headers: &HeaderMap, is_batch: bool) -> Told {
    let said = headers.get("x-adobe-event-code").filter(|_| !is_batch).and_then(|value| value.to_str().ok());
    let is_code = |text: &&str| {
        !text.is_empty() && text.len() <= TOLD_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    Told { code: said.filter(is_code).map(str::to_owned) }
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "validationUrl")]
    validation_url: String,
}

/// The URL that an events API wants called, when that is what it sent (contract, section 4.1).
pub(super) fn validation_url(document: &str) -> Option<String> {
    if !document.contains("validationUrl") {
        return None;
    }
    serde_json::from_str(document).ok().map(|Validation { validation_url }| validation_url)
}
