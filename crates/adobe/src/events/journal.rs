use std::fmt;
use std::time::Duration;

use http::Method;
use http::header::ACCEPT;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::caller::{Answer, Ask, CallError, Caller};
use super::link::{BadLink, next};
use crate::pool::BodyError;

/// The service ends a page at 1.5 MB.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One answer of a journal.
#[derive(Debug)]
pub enum JournalPage {
    /// At least one event.
    Events {
        events: Vec<JournalEntry>,
        /// Where to go on, at once.
        next: String,
    },
    /// Nothing new yet.
    Empty {
        retry_after: Option<Duration>,
        /// Where to ask again; the same address as before when there is none.
        next: Option<String>,
    },
}

/// An event and its place in the journal. `Debug` shows the place only.
#[derive(Deserialize)]
pub struct JournalEntry {
    /// Opaque.
    pub position: String,
    /// As a webhook would get it.
    pub event: Box<RawValue>,
}

/// Why a page of a journal could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Events after this position are lost; go on from the oldest or the latest.
    #[error("the journal does not hold events of this position any more")]
    Expired,
    #[error("there is no such journal; its registration may have been removed")]
    Gone,
    /// Later it may go well.
    #[error("{reason}")]
    Again { after: Option<Duration>, reason: String },
    /// Somebody has to change something first.
    #[error("{reason}")]
    Refused { status: Option<u16>, reason: String },
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    events: Vec<JournalEntry>,
    #[serde(rename = "_page")]
    page: Option<Page>,
}

#[derive(Deserialize)]
struct Page {
    last: Option<String>,
}

pub(super) async fn read_page(caller: &Caller, url: &str) -> Result<JournalPage, JournalError> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
    let Some(url) = Url::parse(url).ok().filter(is_http) else {
        return Err(refused(None, "the address of the journal is no http or https address"));
    };
    let ask = Ask {
        method: Method::GET,
        url: &url,
        headers: &[(ACCEPT, "application/vnd.adobecloud.events+json")],
        body: None,
        trace: None,
        answer_bytes_max: PAGE_BYTES_MAX,
    };
    let answer = caller.call(&ask).await.map_err(|error| again_after(&error))?;
    match answer.status.as_u16() {
        200 => events(answer, &url),
        204 => Ok(JournalPage::Empty { retry_after: answer.retry_after(), next: link(&answer, &url)?.map(Url::into) }),
        404 => Err(JournalError::Gone),
        410 => Err(JournalError::Expired),
        status => Err(failure(status, &answer)),
    }
}

fn events(answer: Answer, url: &Url) -> Result<JournalPage, JournalError> {
    let (next, retry_after) = (link(&answer, url)?, answer.retry_after());
    let body = match answer.body {
        Ok(body) => body,
        Err(BodyError::Broken(error)) => return Err(again_after(&CallError::no_answer(error))),
        Err(BodyError::TooLarge) => {
            let reason = format!("a page of the journal has more than {PAGE_BYTES_MAX} bytes; ask with a `limit`");
            return Err(refused(Some(200), &reason));
        }
    };
    let Ok(Body { events, page }) = serde_json::from_slice(&body) else {
        // Often somebody in between for a while, such as a maintenance page.
        let reason = "the journal answered 200 with something that is no page of events".to_owned();
        return Err(JournalError::Again { after: None, reason });
    };
    let Some(last) = events.last() else {
        return Ok(JournalPage::Empty { retry_after, next: next.map(Url::into) });
    };
    let next = next.unwrap_or_else(|| {
        let said = page.and_then(|page| page.last);
        since(url, said.as_deref().unwrap_or(&last.position))
    });
    Ok(JournalPage::Events { events, next: next.into() })
}

fn link(answer: &Answer, url: &Url) -> Result<Option<Url>, JournalError> {
    next(&answer.headers, url).map_err(|link| {
        let reason = match link {
            BadLink::Foreign => "the journal's next page is at another host, which must not get our token",
            BadLink::Invalid => "the address of the journal's next page is none",
        };
        refused(Some(answer.status.as_u16()), reason)
    })
}

fn failure(status: u16, answer: &Answer) -> JournalError {
    let said = answer.said().map(|said| format!(": {said}")).unwrap_or_default();
    let verdict = match status {
        300..=399 => "the journal answered with a redirect, which is not followed",
        401 => "the journal does not accept our token",
        403 => "the journal does not accept our credentials",
        429 => "the journal is throttling",
        500..=599 => "the journal has a fault of its own",
        _ => "the journal refused to be read",
    };
    let reason = format!("{verdict} ({status}){said}");
    match status {
        429 | 500..=599 => JournalError::Again { after: answer.retry_after(), reason },
        _ => JournalError::Refused { status: Some(status), reason },
    }
}

fn again_after(error: &CallError) -> JournalError {
    JournalError::Again { after: error.retry_after(), reason: error.sentence("the journal") }
}

fn refused(status: Option<u16>, reason: &str) -> JournalError {
    JournalError::Refused { status, reason: reason.to_owned() }
}

/// The same question, after this position.
fn since(url: &Url, position: &str) -> Url {
    let mut next = url.clone();
    let is_place = |name: &str| matches!(name, "since" | "latest" | "seek");
    let kept: Vec<_> = url.query_pairs().filter(|(name, _)| !is_place(name)).collect();
    next.query_pairs_mut().clear().extend_pairs(kept).append_pair("since", position);
    next
}

impl fmt::Debug for JournalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalEntry").field("position", &self.position).finish_non_exhaustive()
    }
}
