//! Journals: what a registration was meant to get, to be read at one's own pace (contract, section 5).

mod query;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, LINK, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{JournalFrom, JournalPage, JournalRead};

use crate::access::Caller;
use crate::integration::{Address, Owned, owned};
use crate::problem::Problem;
use crate::{Service, delivered};
use query::{Query, Start};
pub use query::{number, position};

/// Events are kept in the store for longer, but a journal does not tell of older ones.
const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1_000;

/// One event comes always, and the largest is smaller than this.
const BODY_BYTES_MAX: usize = 1_500_000;

/// The end of a body: `_page` with a position in it.
const PAGE_BYTES: usize = 512;

/// What a reader at the end is asked to wait.
const PAUSE_SECONDS: u64 = 10;

pub(crate) fn routes() -> Router<Service> {
    const JOURNAL: &str = "/organizations/{organization}/integrations/{credential}/{registration}";
    let mut router = Router::new();
    for prefix in ["/events", ""] {
        router = router
            .route(&format!("{prefix}{JOURNAL}"), get(read))
            .route(&format!("{prefix}{JOURNAL}/validate"), get(validate));
    }
    router
}

/// A journal as one request sees it.
struct Journal {
    owned: Owned,
    query: Query,
    /// Older events are not told of.
    begins: Timestamp,
}

async fn read(
    State(service): State<Service>,
    caller: Caller,
    address: Path<Address>,
    RawQuery(text): RawQuery,
) -> Result<Response, Problem> {
    let journal = Journal::open(&service, &caller, address, text)?;
    let page = journal.page(&service, journal.query.limit.unwrap_or(EVENTS_DEFAULT)).await?;
    if let Start::Since { position, number } = &journal.query.start
        && let Some(refusal) = journal.judge(&page, position, *number)
    {
        return Ok(refusal);
    }
    let events: Vec<_> = page.events.iter().filter(|event| event.at >= journal.begins).collect();
    if events.is_empty() {
        return Ok(journal.nothing(page.newest));
    }
    let registration = &journal.owned.registration;
    let mut body = String::from(r#"{"events":["#);
    let (mut last, mut count) = (String::new(), 0);
    for event in events {
        let before = body.len();
        let here = position(&registration.registration_id, event.number);
        body.push_str(if count == 0 { r#"{"position":""# } else { r#",{"position":""# });
        body.push_str(&here);
        body.push_str(r#"","event":"#);
        delivered::write(&mut body, event, &registration.client_id, &service.0.options);
        body.push('}');
        if body.len() > BODY_BYTES_MAX - PAGE_BYTES && count > 0 {
            body.truncate(before);
            break;
        }
        (last, count) = (here, count + 1);
    }
    body.push_str("],\"_page\":");
    body.push_str(&json!({"last": last, "count": count}).to_string());
    body.push('}');
    let headers = journal.links(&journal.since(&last), Some(&last));
    Ok((headers, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// Says whether a journal can be read on from a position.
async fn validate(
    State(service): State<Service>,
    caller: Caller,
    address: Path<Address>,
    RawQuery(text): RawQuery,
) -> Result<Response, Problem> {
    let journal = Journal::open(&service, &caller, address, text)?;
    if let Start::Since { position, number } = &journal.query.start {
        let page = journal.page(&service, 1).await?;
        if let Some(refusal) = journal.judge(&page, position, *number) {
            return Ok(refusal);
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Journal {
    fn open(service: &Service, caller: &Caller, address: Path<Address>, text: Option<String>) -> Result<Self, Problem> {
        let owned = owned(service, caller, address)?;
        let now = service.0.clock.now();
        let query = Query::parse(&text.unwrap_or_default(), &owned.registration.registration_id, now, EVENTS_MAX)
            .map_err(Problem::bad_request)?;
        Ok(Self { owned, query, begins: now.saturating_sub(RETENTION).unwrap_or(Timestamp::MIN) })
    }

    async fn page(&self, service: &Service, events_max: usize) -> Result<JournalPage, Problem> {
        let from = match &self.query.start {
            Start::Oldest => JournalFrom::At(self.begins),
            Start::Since { number, .. } => JournalFrom::After(*number),
            Start::Latest => JournalFrom::After(i64::MAX),
            Start::Seek { at, .. } => JournalFrom::At((*at).max(self.begins)),
        };
        let read =
            JournalRead { registration: self.owned.registration.id, from, events_max, bytes_max: BODY_BYTES_MAX };
        Ok(service.0.store.journal(read).await?)
    }

    /// Refuses a position that was never given, and one after which something is gone for its age.
    fn judge(&self, page: &JournalPage, position: &str, number: i64) -> Option<Response> {
        if number > page.newest {
            return Some(Problem::bad_request("`since` is no position of this journal").into_response());
        }
        let is_old = page.events.first().is_some_and(|event| event.at < self.begins);
        let text = format!("Events at position {position} have expired.");
        (is_old || page.lost > number).then(|| (StatusCode::GONE, text).into_response())
    }

    /// The answer at the end: the same request again, after a pause.
    fn nothing(&self, newest: i64) -> Response {
        let at_end = position(&self.owned.registration.registration_id, newest);
        let (next, known) = match &self.query.start {
            Start::Oldest => (self.plain(), None),
            Start::Since { position, .. } => (self.since(position), Some(position)),
            Start::Latest if newest > 0 => (self.since(&at_end), Some(&at_end)),
            Start::Latest => (self.with_limit("latest=true"), None),
            Start::Seek { text, .. } => (self.with_limit(&format!("seek={text}")), None),
        };
        let mut headers = self.links(&next, known.map(String::as_str));
        headers.insert(RETRY_AFTER, HeaderValue::from(PAUSE_SECONDS));
        (StatusCode::NO_CONTENT, headers).into_response()
    }

    fn plain(&self) -> String {
        match self.query.limit {
            Some(limit) => format!("{}?limit={limit}", self.owned.journal),
            None => self.owned.journal.clone(),
        }
    }

    fn since(&self, position: &str) -> String {
        self.with_limit(&format!("since={position}"))
    }

    fn with_limit(&self, query: &str) -> String {
        let limit = self.query.limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
        format!("{}?{query}{limit}", self.owned.journal)
    }

    fn links(&self, next: &str, position: Option<&str>) -> HeaderMap {
        let journal = &self.owned.journal;
        let since = position.map(|position| format!("?since={position}")).unwrap_or_default();
        let links = [
            ("next", next.to_owned()),
            ("validate", format!("{journal}/validate{since}")),
            ("events", journal.clone()),
            ("latest", format!("{journal}?latest=true")),
            ("page", format!("{journal}?since={{position}}&limit={{count}}")),
            ("seek", format!("{journal}?seek={{duration}}&limit={{count}}")),
        ];
        let values = links.into_iter().filter_map(|(relation, target)| {
            Some((LINK, HeaderValue::try_from(format!("<{target}>; rel=\"{relation}\"")).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(name, value);
        }
        headers
    }
}
