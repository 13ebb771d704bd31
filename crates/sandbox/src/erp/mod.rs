//! A stand-in ERP that takes what it is sent: one document store, collections as they come, no token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::calls::Calls;
use crate::effect::{self, Incoming, StandIn, Unread};
use crate::faults::Target;
use crate::keep::{KeepError, Keeper};
use crate::{ERP_BODY_BYTES_MAX, Sandbox, path};

pub mod applied;
pub mod documents;

use applied::Applied;
use documents::{Documents, Place};

const ROOT: &str = "/sandbox/erp/";
/// The first segment of the ERP's own routes.
const CALLS: &str = "calls";
/// Members that may say under which id a document stands; the first that can does.
const ID_MEMBERS: [&str; 6] = ["id", "sku", "increment_id", "customer_group_id", "entity_id", "page"];

#[derive(Debug)]
pub struct Erp {
    pub documents: Documents,
    pub applied: Applied,
    pub calls: Calls,
}

impl StandIn for Erp {
    const TARGET: Target = Target::Erp;

    fn calls(&mut self) -> &mut Calls {
        &mut self.calls
    }
}

pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(ROOT).unwrap_or_default().trim_end_matches('/').to_owned();
    let incoming = Incoming::read(request, path).await;
    let effect = |erp: &mut Erp, incoming: &Incoming, _| erp.once(incoming);
    effect::answer(&sandbox, &sandbox.shared.erp, incoming, effect).await
}

/// An answer of the ERP that says what was wrong.
pub fn error(status: StatusCode, text: &str) -> Answer {
    Answer::of(status, &json!({ "error": text }))
}

impl Erp {
    /// An ERP that was sent nothing yet.
    pub fn new(keeper: &Arc<Keeper>) -> Self {
        let documents = Documents::new(documents::LIMITS, keeper);
        Self { documents, applied: Applied::new(applied::LIMITS, keeper), calls: Calls::default() }
    }

    /// # Errors
    /// The keeper cannot be read.
    pub fn load(keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let documents = Documents::load(documents::LIMITS, keeper)?;
        Ok(Self { documents, applied: Applied::load(applied::LIMITS, keeper)?, calls: Calls::default() })
    }

    /// What it has done for an event it does not do again: the same call gets the same answer.
    fn once(&mut self, incoming: &Incoming) -> Answer {
        let key = applied::Key::of(incoming);
        if let Some(answer) = key.as_ref().and_then(|key| self.applied.answer(key)) {
            return answer;
        }
        let answer = self.handle(incoming).unwrap_or_else(|refusal| refusal);
        if let Some(key) = key.filter(|_| answer.status.is_success()) {
            self.applied.keep(key, &answer);
        }
        answer
    }

    fn handle(&mut self, incoming: &Incoming) -> Result<Answer, Answer> {
        let body = incoming.body.as_ref().map_err(|unread| unreadable(*unread))?;
        let path = path_of(&incoming.path)?;
        let has_id = incoming.path.contains('/');
        match (&incoming.method, has_id) {
            (&Method::POST, _) => self.add(&path, parse(body)?),
            (&Method::GET, false) => {
                let list = self.documents.list(&path).unwrap_or_else(|| b"[]".as_slice().into());
                Ok(Answer::json(StatusCode::OK, list))
            }
            (&Method::GET, true) => {
                let found = self.documents.get(&path).or_else(|| self.documents.list(&path));
                let found = found.ok_or_else(|| error(StatusCode::NOT_FOUND, "there is no such document"))?;
                Ok(Answer::json(StatusCode::OK, found))
            }
            (&Method::PUT, true) => self.store(incoming, path, &parse(body)?),
            (&Method::PATCH, true) => {
                let change = parse(body)?;
                let known = self.documents.get(&path).and_then(|json| serde_json::from_slice(&json).ok());
                self.store(incoming, path, &merged(known, change))
            }
            (&Method::DELETE, true) => {
                self.documents.remove(&path);
                Ok(Answer::json(StatusCode::NO_CONTENT, ""))
            }
            (_, false) => Err(wrong_method("GET, POST")),
            (_, true) => Err(wrong_method("GET, POST, PUT, PATCH, DELETE")),
        }
    }

    /// POST: the whole path is the collection, and the id is in the body or given.
    fn add(&mut self, collection: &str, mut document: Value) -> Result<Answer, Answer> {
        let named = ID_MEMBERS.iter().find_map(|member| document.get(member).and_then(id_text));
        let given = if named.is_none() { Some(self.documents.free_number(collection)) } else { None };
        if let (Some(number), Value::Object(members)) = (given, &mut document) {
            let id = members.entry("id").or_insert(Value::Null);
            if id.is_null() {
                *id = number.into();
            }
        }
        let id = named.or_else(|| given.map(|number| number.to_string())).unwrap_or_default();
        let json = self.documents.put(Place::of(collection, &id), &document)?;
        if let Some(number) = given {
            self.documents.keep_number(number);
        }
        Ok(Answer::json(StatusCode::CREATED, json))
    }

    /// PUT and PATCH: a document that is known stays in its collection, a new one goes into that of the first segment.
    fn store(&mut self, incoming: &Incoming, path: String, document: &Value) -> Result<Answer, Answer> {
        let place = self.documents.place(&path).unwrap_or_else(|| {
            let first = incoming.path.split('/').next().and_then(path::decode).unwrap_or_default();
            Place { collection_bytes: first.len(), path }
        });
        let json = self.documents.put(place, document)?;
        Ok(Answer::json(StatusCode::OK, json))
    }
}

/// Decoded once, whole: where the collection ends matters only to those who store.
fn path_of(raw: &str) -> Result<String, Answer> {
    let path = path::decode(raw).ok_or_else(|| error(StatusCode::BAD_REQUEST, "the path is no UTF-8"))?;
    match path.split('/').next() {
        None | Some("") => Err(error(StatusCode::NOT_FOUND, "a collection has a name")),
        Some(CALLS) => Err(error(StatusCode::NOT_FOUND, "`calls` is the list of calls and no collection")),
        Some(_) => Ok(path),
    }
}

fn parse(body: &[u8]) -> Result<Value, Answer> {
    serde_json::from_slice(body)
        .map_err(|reason| error(StatusCode::BAD_REQUEST, &format!("the body is no JSON: {reason}")))
}

fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Members of the change take the place of known ones; what is no object is replaced as a whole.
fn merged(known: Option<Value>, change: Value) -> Value {
    match (known, change) {
        (Some(Value::Object(mut known)), Value::Object(change)) => {
            known.extend(change);
            Value::Object(known)
        }
        (_, change) => change,
    }
}

fn unreadable(unread: Unread) -> Answer {
    match unread {
        Unread::TooLarge => {
            let text = format!("the body is larger than {ERP_BODY_BYTES_MAX} bytes");
            error(StatusCode::PAYLOAD_TOO_LARGE, &text)
        }
        Unread::EndedEarly => error(StatusCode::BAD_REQUEST, "the body ended early"),
    }
}

fn wrong_method(allow: &'static str) -> Answer {
    error(StatusCode::METHOD_NOT_ALLOWED, &format!("this path answers {allow}")).allowing(allow)
}
