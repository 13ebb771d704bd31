//! The journal of a registration, page by page.

use engine::slug;
use events_api::{journal_number, journal_position};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{JournalFrom, JournalPage, JournalRead, Reader, Registration, StoredEvent};

use super::{Refused, Registrations, limit};

/// Of the values of one page together.
const PAGE_BYTES_MAX: usize = 16 << 20;

const LIMIT_DEFAULT: u16 = 100;
const LIMIT_MAX: u16 = 1_000;

/// Where to begin, and how far to go.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// Strictly behind this position.
    pub since: Option<String>,
    /// From the first event that was accepted then or later.
    pub from: Option<Timestamp>,
    /// Begin at the end: only where what comes next begins.
    pub latest: Option<bool>,
    pub limit: Option<u16>,
}

pub(super) fn read(reader: &Reader, registration: &str, query: &Query) -> anyhow::Result<Value> {
    let registrations = Registrations::read(reader)?;
    let registration = pick(&registrations, registration)?;
    let since = query.since.as_deref().map(|position| number(registration, position)).transpose()?;
    let is_at_end = query.latest.unwrap_or_default();
    let page = reader.journal(&JournalRead {
        registration: registration.id,
        from: match (since, query.from) {
            (Some(number), _) => JournalFrom::After(number),
            (None, Some(from)) => JournalFrom::At(from),
            (None, None) if is_at_end => JournalFrom::After(i64::MAX),
            (None, None) => JournalFrom::Oldest,
        },
        events_max: limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?,
        bytes_max: PAGE_BYTES_MAX,
    })?;
    if let Some(number) = since {
        check(registration, &page, number)?;
    }
    // At the end one goes on from where one is; a journal that never held anything has no position yet.
    let end = is_at_end.then_some(page.newest).filter(|newest| *newest > 0).or(since);
    let last = page.events.last().map(|event| event.number).or(end);
    let last = last.map(|number| journal_position(&registration.registration_id, number));
    let rows: Vec<Value> = page.events.iter().map(|event| row(registration, event)).collect();
    Ok(json!({
        "registration": slug(&registration.name),
        "_page": {
            "last": last,
            "count": rows.len(),
            "is_cut": since.is_some_and(|number| page.lost > number),
        },
        "events": rows,
    }))
}

fn pick<'a>(registrations: &'a Registrations, wanted: &str) -> Result<&'a Registration, Refused> {
    if !wanted.is_empty() {
        return registrations.find(wanted);
    }
    let mut all = registrations.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            let told = "there is no registration\n  hint: start a kit in this folder once; it makes them";
            Err(Refused::Unknown(told.to_owned()))
        }
        (Some(_), Some(_)) => {
            let slugs: Vec<String> = registrations.iter().map(|registration| slug(&registration.name)).collect();
            let told = format!("each registration has a journal of its own\n  hint: name one of {}", slugs.join(", "));
            Err(Refused::Wrong(told))
        }
    }
}

fn number(registration: &Registration, position: &str) -> Result<i64, Refused> {
    journal_number(&registration.registration_id, position).ok_or_else(|| {
        Refused::Wrong(format!(
            "`--since` is no position of the journal of `{}`, and no time\n  hint: each line of `kit journal tail {}` \
             begins with one",
            registration.name,
            slug(&registration.name)
        ))
    })
}

fn check(registration: &Registration, page: &JournalPage, number: i64) -> Result<(), Refused> {
    if number > page.newest {
        let slug = slug(&registration.name);
        let told = format!(
            "`--since` is behind the end of the journal\n  hint: `kit journal tail {slug} --latest` shows the end"
        );
        return Err(Refused::Wrong(told));
    }
    Ok(())
}

fn row(registration: &Registration, event: &StoredEvent) -> Value {
    let position = journal_position(&registration.registration_id, event.number);
    json!({"position": position, "event": cloud_event(event)})
}

pub(super) fn cloud_event(event: &StoredEvent) -> Value {
    json!({
        "specversion": "1.0",
        "id": event.event_id(),
        "source": engine::source(event),
        "type": &*event.code,
        "datacontenttype": "application/json",
        "time": event.at.to_string(),
        "eventid": event.id.to_string(),
        "data": serde_json::from_str::<Value>(&event.body).unwrap_or_default(),
    })
}
