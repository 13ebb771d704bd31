use async_trait::async_trait;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sdk::web::{Request, Response, WebAction};
use sdk::{Context, Fault, Inputs, Progress, Publication, Published, Refusal, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::auth::check_authentication;

/// Longer keys are refused: they are kept for days.
const UID_BYTES_MAX: usize = 512;

/// What an answer repeats of an event code that nobody knows.
const CODE_CHARACTERS_SHOWN: usize = 255;

/// Why a request is refused that was taken before, when its event was removed since.
const SEEN_BEFORE: &str = "seen before: this very request was taken, and its event was removed since";

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The ingestion webhook: takes an event from a system that cannot speak to the events API itself.
pub struct Webhook;

#[async_trait]
impl WebAction for Webhook {
    fn methods(&self) -> &'static [Method] {
        &[Method::POST]
    }

    /// By `check_authentication`: the schemes of `KIT_INGESTION_AUTH`.
    fn checks_callers(&self) -> bool {
        true
    }

    fn check_inputs(&self, inputs: &Inputs) -> Result<(), String> {
        UidPolicy::read(inputs).map(drop)
    }

    async fn run(&self, cx: &Context, request: Request) -> Response {
        match ingest(cx, &request).await {
            Ok(response) | Err(response) => response,
        }
    }
}

/// Whether the sender's uid names the event.
enum UidPolicy {
    Key,
    Ignore,
}

impl UidPolicy {
    fn read(inputs: &Inputs) -> Result<Self, String> {
        match inputs.text("UID_POLICY") {
            None | Some("key") => Ok(Self::Key),
            Some("ignore") => Ok(Self::Ignore),
            Some(_) => Err("the input `UID_POLICY` must be `key` or `ignore`".to_owned()),
        }
    }
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Everything stays raw: what is missing, what is empty and what has the wrong type are told apart below.
#[derive(Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default, deserialize_with = "json::some")]
    uid: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::some")]
    event: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::some")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::some")]
    entity: Option<&'a RawValue>,
}

/// The documents' answer to an event that was taken.
#[derive(Serialize)]
struct Accepted<'a> {
    #[serde(rename = "type")]
    code: &'a str,
    response: Outcome,
}

#[derive(Serialize)]
struct Outcome {
    success: bool,
    message: &'static str,
}

#[derive(Serialize)]
struct Invalid<'a> {
    error: String,
    details: &'a [Fault],
}

/// The checks in the contract's order; the first that fails answers.
async fn ingest(cx: &Context, request: &Request) -> Result<Response, Response> {
    let nonce = check_authentication(cx, request).await.admit(cx.activation())?;
    check_content_type(&request.headers)?;
    let document = json::check(&request.body)
        .map_err(|error| Response::error(400, &format!("the body is not valid JSON: {error}")))?;
    let publication = Publication { nonce, ..read(cx, document)? };
    let code = publication.code.clone();
    let uid = publication.uid.clone();
    match cx.publisher().publish(publication).await {
        Ok(published) => Ok(accepted(&code, published)),
        Err(refusal) => Err(refused(cx, &code, uid.as_deref(), refusal)),
    }
}

/// Senders that cannot set headers are what this webhook is for, so text, forms and nothing at all are read as JSON.
fn check_content_type(headers: &HeaderMap) -> Result<(), Response> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = matches!(
        essence.as_str(),
        "" | "application/json"
            | "text/json"
            | "text/plain"
            | "application/x-www-form-urlencoded"
            | "multipart/form-data"
    ) || essence.ends_with("+json");
    if is_json {
        return Ok(());
    }
    Err(Response::error(415, "the content type must be application/json"))
}

/// Reads the members of a document that is known to be valid JSON.
fn read(cx: &Context, document: &str) -> Result<Publication, Response> {
    // What is no object has no members.
    let envelope: Envelope<'_> = json::parse(document).unwrap_or_default();
    let data: Data<'_> = envelope.data.and_then(|data| json::parse(data.get()).ok()).unwrap_or_default();
    let missing: Vec<&str> = [("data.uid", data.uid), ("data.event", data.event), ("data.value", data.value)]
        .into_iter()
        .filter(|(_, member)| member.is_none_or(|member| member.get() == r#""""#))
        .map(|(name, _)| name)
        .collect();
    let (Some(uid), Some(event), Some(value), true) = (data.uid, data.event, data.value, missing.is_empty()) else {
        return Err(Response::error(400, &format!("missing parameter(s) '{}'", missing.join(","))));
    };
    let mut faults = Vec::new();
    let uid = uid_text(uid).map_err(|fault| faults.push(fault)).ok();
    let code = text(event, "/data/event").map_err(|fault| faults.push(fault)).ok();
    let entity = data.entity.map(|entity| text(entity, "/data/entity")).transpose();
    let entity = entity.map_err(|fault| faults.push(fault)).ok();
    let (Some(uid), Some(code), Some(entity)) = (uid, code, entity) else {
        return Err(invalid(&faults));
    };
    let uid = match UidPolicy::read(cx.inputs()).map_err(|message| Response::error(500, &message))? {
        UidPolicy::Key => Some(uid),
        UidPolicy::Ignore => None,
    };
    let (activation, publisher, trace) = (cx.activation(), cx.action().clone(), cx.trace().cloned());
    Ok(Publication { activation, publisher, code, entity, uid, trace, value: value.to_owned(), nonce: None })
}

fn text(member: &RawValue, path: &str) -> Result<String, Fault> {
    serde_json::from_str(member.get()).map_err(|_| Fault::new(path, "must be a string"))
}

/// A uid is a non-empty string or a number; a number counts as its text.
fn uid_text(member: &RawValue) -> Result<String, Fault> {
    let is_number = member.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let uid = if is_number { Ok(member.get().to_owned()) } else { serde_json::from_str::<String>(member.get()) };
    let uid = uid.map_err(|_| Fault::new("/data/uid", "must be a non-empty string or a number"))?;
    if uid.len() > UID_BYTES_MAX {
        return Err(Fault::new("/data/uid", format!("must have at most {UID_BYTES_MAX} bytes")));
    }
    Ok(uid)
}

fn accepted(code: &str, published: Published) -> Response {
    let (status, message) = match published.progress {
        Progress::Published => (200, "Event published successfully"),
        Progress::Accepted => (202, "Event accepted for publication"),
    };
    let outcome = Outcome { success: true, message };
    let response = Response::json(status, &Accepted { code, response: outcome });
    // The event's own row tells of a success only; what was put off is put on record as such.
    let is_own_record = published.progress == Progress::Accepted && !published.is_repeated;
    let response = if is_own_record { response } else { response.recorded_as(published.activation) };
    if published.is_repeated { response.with_header(REPLAYED, HeaderValue::from_static("true")) } else { response }
}

fn refused(cx: &Context, code: &str, uid: Option<&str>, refusal: Refusal) -> Response {
    match refusal {
        Refusal::UnknownEvent => {
            let code: String = code.chars().take(CODE_CHARACTERS_SHOWN).collect();
            Response::error(400, &format!("Unable to publish event {code}: Unknown event type"))
        }
        Refusal::OtherEntity(entity) => {
            invalid(&[Fault::new("/data/entity", format!("must be `{entity}` for this event"))])
        }
        Refusal::Invalid(faults) => invalid(&faults),
        Refusal::Replayed => Response::unauthorized(cx.activation()).because(SEEN_BEFORE),
        Refusal::UidTaken(at) => {
            let uid = uid.unwrap_or_default();
            let message =
                format!("uid `{uid}` was already used for another value at {at}; send a new uid for each event");
            Response::error(409, &message)
        }
        Refusal::Unpublishable(reason) => Response::error(500, &reason),
        Refusal::Unavailable { retry_after } => {
            Response::error(503, "the event cannot be stored now; send it again later")
                .with_header(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)))
        }
    }
}

/// `{"error": <text naming the fields>, "details": [{"path", "message"}]}`.
fn invalid(faults: &[Fault]) -> Response {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Response::json(400, &Invalid { error: texts.join("; "), details: faults })
}
