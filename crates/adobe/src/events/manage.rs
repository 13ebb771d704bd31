//! The management API for whoever onboards: lists of all pages, and writes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, Method, StatusCode};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use super::caller::{Answer, Ask, CallError, Caller};
use super::link::{BadLink, resolve};
use super::management::{HAL, LIST_BYTES_MAX, PAGES_MAX, Target};
use super::{EventsSettings, below};
use crate::ims::{Ims, TokenError};
use crate::pool::{BodyError, Pool};
use crate::settings::{SettingsError, header, http_url};

/// Names what is there already, in an answer of 409.
const CONFLICTING_ID: HeaderName = HeaderName::from_static("x-conflicting-id");

/// A call that is answered 429 is made so often, after no longer a pause than this each time.
const TRIES_MAX: usize = 3;
const PAUSE_MAX: Duration = Duration::from_secs(30);
const PAUSE_DEFAULT: Duration = Duration::from_secs(2);

/// The management API of one workspace.
#[derive(Debug)]
pub struct Management {
    caller: Caller,
    /// Usually `https://api.adobe.io/events/`.
    base: Url,
    /// Numbers of organisation, project and workspace.
    consumer: String,
    project: String,
    workspace: String,
}

/// Why a call gave nothing. Holds no token.
#[derive(Clone, Debug)]
pub struct ManagementError {
    pub url: String,
    pub fault: ManagementFault,
    /// One sentence, with the answer's own words.
    pub said: String,
}

#[derive(Clone, Debug)]
pub enum ManagementFault {
    Token(TokenError),
    Status(u16),
    /// 409, with the id of what is there already when the answer names it.
    Conflict(Option<String>),
    /// The answer is not what the protocol says.
    Unexpected,
    NoAnswer,
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "_embedded", default)]
    embedded: HashMap<String, Value>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    next: Option<Target>,
}

impl Management {
    /// # Errors
    /// The settings hold something that cannot be sent.
    pub fn new(settings: &EventsSettings, pool: Pool, ims: Arc<Ims>) -> Result<Self, SettingsError> {
        let caller = Caller {
            pool,
            ims,
            api_key: header(&settings.client_id, "OAUTH_CLIENT_ID")?,
            org_id: header(&settings.org_id, "OAUTH_ORG_ID")?,
        };
        Ok(Self {
            caller,
            base: http_url(&settings.management_url, "management API's address (`IO_MANAGEMENT_BASE_URL`)")?,
            consumer: settings.consumer_id.clone(),
            project: settings.project_id.clone(),
            workspace: settings.workspace_id.clone(),
        })
    }

    /// `{base}/<segments>`.
    pub fn place(&self, segments: &[&str]) -> Url {
        below(&self.base, segments)
    }

    /// `{base}/{organisation}/<segments>`.
    pub fn of_organisation(&self, segments: &[&str]) -> Url {
        below(&self.base, &[&[self.consumer.as_str()], segments].concat())
    }

    /// `{base}/{organisation}/{project}/{workspace}/<segments>`.
    pub fn of_workspace(&self, segments: &[&str]) -> Url {
        below(&self.base, &[&[self.consumer.as_str(), &self.project, &self.workspace], segments].concat())
    }

    /// All items of a list, page after page.
    ///
    /// # Errors
    /// A page cannot be had; a part of a list is never passed off as the whole.
    pub async fn list(&self, first: &Url, name: &str) -> Result<Vec<Value>, ManagementError> {
        let (mut items, mut page) = (Vec::new(), first.clone());
        for _ in 0..PAGES_MAX {
            let answer = self.send(&Method::GET, &page, None).await?;
            let unexpected = |said: &str| ManagementError::unexpected(&page, said.to_owned());
            let Ok(Page { mut embedded, links }) = serde_json::from_value(answer) else {
                return Err(unexpected("the answer is no list"));
            };
            match embedded.remove(name) {
                Some(Value::Array(more)) => items.extend(more),
                Some(_) => return Err(unexpected("the answer is no list")),
                // An empty list may come without its member.
                None => {}
            }
            let Some(next) = links.next else { return Ok(items) };
            page = resolve(next.href(), &page).map_err(|link| {
                unexpected(match link {
                    BadLink::Foreign => "the next page is on another host, which must not get our token",
                    BadLink::Invalid => "the address of the next page cannot be read",
                })
            })?;
        }
        Err(ManagementError::unexpected(first, format!("the list has more than {PAGES_MAX} pages")))
    }

    /// Makes a call. The answer's document; null where there is none.
    ///
    /// # Errors
    /// The answer is not 2xx, or none came.
    pub async fn send(&self, method: &Method, url: &Url, body: Option<&Value>) -> Result<Value, ManagementError> {
        let headers = [(ACCEPT, HAL), (CONTENT_TYPE, "application/json")];
        let ask = Ask {
            method: method.clone(),
            url,
            headers: if body.is_some() { &headers } else { &headers[..1] },
            body: body.map(|body| Bytes::from(body.to_string())),
            trace: None,
            answer_bytes_max: LIST_BYTES_MAX,
        };
        for _ in 1..TRIES_MAX {
            let answer = self.caller.call(&ask).await.map_err(|error| ManagementError::of(url, error))?;
            if answer.status != StatusCode::TOO_MANY_REQUESTS {
                return document(url, answer);
            }
            tokio::time::sleep(answer.retry_after().unwrap_or(PAUSE_DEFAULT).min(PAUSE_MAX)).await;
        }
        document(url, self.caller.call(&ask).await.map_err(|error| ManagementError::of(url, error))?)
    }
}

fn document(url: &Url, answer: Answer) -> Result<Value, ManagementError> {
    if !answer.status.is_success() {
        return Err(ManagementError::of_answer(url, &answer));
    }
    match answer.body {
        Ok(body) if body.is_empty() => Ok(Value::Null),
        Ok(body) => serde_json::from_slice(&body).map_err(|_| {
            let is_page = body.trim_ascii_start().starts_with(b"<");
            let what = if is_page { "a page in HTML or XML" } else { "something" };
            ManagementError::unexpected(
                url,
                format!("it answered {} with {what} that is not JSON", answer.status.as_u16()),
            )
        }),
        Err(BodyError::TooLarge) => {
            Err(ManagementError::unexpected(url, format!("the answer has more than {LIST_BYTES_MAX} bytes")))
        }
        Err(BodyError::Broken(error)) => Err(ManagementError::of(url, CallError::no_answer(error))),
    }
}

impl ManagementError {
    fn unexpected(url: &Url, said: String) -> Self {
        Self { url: url.to_string(), fault: ManagementFault::Unexpected, said }
    }

    fn of(url: &Url, error: CallError) -> Self {
        let said = error.sentence("I/O Events");
        let fault = match error {
            CallError::Token(error) => ManagementFault::Token(error),
            CallError::NoAnswer { .. } => ManagementFault::NoAnswer,
        };
        Self { url: url.to_string(), fault, said }
    }

    fn of_answer(url: &Url, answer: &Answer) -> Self {
        let status = answer.status.as_u16();
        let words = match (answer.said(), &answer.body) {
            (Some(said), _) => format!(": {said}"),
            (None, Ok(body)) if body.trim_ascii_start().starts_with(b"<") => {
                ", with a page in HTML or XML: a proxy or a login page seems to answer".to_owned()
            }
            (None, _) => String::new(),
        };
        let conflicting = || answer.headers.get(CONFLICTING_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
        let fault =
            if status == 409 { ManagementFault::Conflict(conflicting()) } else { ManagementFault::Status(status) };
        Self { url: url.to_string(), fault, said: format!("I/O Events answered {status}{words}") }
    }
}
