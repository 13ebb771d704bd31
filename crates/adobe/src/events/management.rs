//! Questions to the management API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use http::header::ACCEPT;
use jiff::Timestamp;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::caller::{Ask, CallError, Caller};
use super::error::EventsApiError;
use super::link::resolve;
use crate::flight::{Flight, Kept};
use crate::pool::BodyError;

/// Lists of a large organisation come whole.
pub(super) const LIST_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) const PAGES_MAX: usize = 100;

pub(super) const HAL: &str = "application/hal+json";

/// Labels whose id is remembered. The program knows one or two.
const LABELS_MAX: usize = 16;

const PROVIDERS: &str = "the list of providers";
const REGISTRATIONS: &str = "the list of registrations";

/// The ids of providers, each found out once.
#[derive(Debug)]
pub(super) struct Providers {
    pub caller: Arc<Caller>,
    pub url: Url,
    pub labels: Mutex<HashMap<String, Arc<Lookup>>>,
}

type Lookup = Flight<Arc<str>, EventsApiError>;

#[derive(Deserialize)]
struct List {
    #[serde(rename = "_embedded")]
    embedded: Option<Embedded>,
    #[serde(rename = "_links")]
    links: Option<Links>,
}

#[derive(Default, Deserialize)]
struct Embedded {
    #[serde(default)]
    providers: Vec<Provider>,
    #[serde(default)]
    registrations: Vec<Registration>,
}

#[derive(Deserialize)]
struct Provider {
    id: String,
    label: Option<String>,
}

#[derive(Deserialize)]
struct Registration {
    name: Option<String>,
    #[serde(rename = "_links")]
    links: Option<Links>,
}

#[derive(Default, Deserialize)]
struct Links {
    next: Option<Target>,
    #[serde(rename = "rel:events")]
    events: Option<Target>,
}

/// Some services write the address alone.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Target {
    Link { href: String },
    Address(String),
}

impl Target {
    pub fn href(&self) -> &str {
        match self {
            Self::Link { href } | Self::Address(href) => href,
        }
    }
}

impl Providers {
    pub async fn id(&self, label: &str) -> Result<Arc<str>, EventsApiError> {
        self.lookup(label).get(|| provider(Arc::clone(&self.caller), self.url.clone(), label.to_owned())).await
    }

    fn lookup(&self, label: &str) -> Arc<Lookup> {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookup) = labels.get(label) {
            return Arc::clone(lookup);
        }
        if labels.len() >= LABELS_MAX {
            labels.clear();
        }
        let lookup = Flight::new(self.caller.ims.clock().clone());
        labels.insert(label.to_owned(), Arc::clone(&lookup));
        lookup
    }
}

/// Of several providers with one label the last counts, as in Adobe's kit.
async fn provider(caller: Arc<Caller>, url: Url, label: String) -> Result<Kept<Arc<str>>, EventsApiError> {
    let mut found = None;
    pages(&caller, &url, PROVIDERS, |list, _| {
        let providers = list.embedded.unwrap_or_default().providers;
        let named = providers.into_iter().rfind(|provider| provider.label.as_ref() == Some(&label));
        found = named.or(found.take());
        None::<()>
    })
    .await?;
    let id = found.ok_or(EventsApiError::NoProvider)?.id;
    Ok(Kept { value: id.into(), renew_at: Timestamp::MAX, usable_until: Timestamp::MAX })
}

/// The journal's address of the registration with this name, if there is one.
pub(super) async fn journal_url(caller: &Caller, first: &Url, name: &str) -> Result<Option<String>, EventsApiError> {
    let found = pages(caller, first, REGISTRATIONS, |list, page| {
        let registrations = list.embedded.unwrap_or_default().registrations;
        let found = registrations.into_iter().find(|found| found.name.as_deref() == Some(name))?;
        Some(found.links.unwrap_or_default().events.map(|target| journal(target.href(), page)))
    });
    found.await?.flatten().transpose()
}

/// Goes through the pages of a list until one of them gives something.
async fn pages<T>(
    caller: &Caller,
    first: &Url,
    what: &'static str,
    mut pick: impl FnMut(List, &Url) -> Option<T>,
) -> Result<Option<T>, EventsApiError> {
    let mut page = first.clone();
    for _ in 0..PAGES_MAX {
        let mut list: List = get(caller, &page, what).await?;
        let next = list.links.take().unwrap_or_default().next;
        if let Some(picked) = pick(list, &page) {
            return Ok(Some(picked));
        }
        let Some(next) = next else { return Ok(None) };
        page = resolve(next.href(), &page).map_err(|link| EventsApiError::of_link(what, link))?;
    }
    Err(EventsApiError::TooManyPages { what, pages_max: PAGES_MAX })
}

/// Journals have a host of their own. What was asked for over TLS is not read without.
fn journal(href: &str, page: &Url) -> Result<String, EventsApiError> {
    let url = page.join(href).map_err(|_| EventsApiError::Unreadable { what: REGISTRATIONS })?;
    match url.scheme() {
        "https" => Ok(url.into()),
        scheme if scheme == page.scheme() => Ok(url.into()),
        _ => Err(EventsApiError::Foreign { what: "the address of the journal" }),
    }
}

async fn get<T: DeserializeOwned>(caller: &Caller, url: &Url, what: &'static str) -> Result<T, EventsApiError> {
    let ask = Ask {
        method: Method::GET,
        url,
        headers: &[(ACCEPT, HAL)],
        body: None,
        trace: None,
        answer_bytes_max: LIST_BYTES_MAX,
    };
    let answer = caller.call(&ask).await.map_err(|error| EventsApiError::of(what, error))?;
    if !answer.status.is_success() {
        return Err(EventsApiError::of_status(what, &answer));
    }
    match answer.body {
        // The parser's own text may repeat what it read.
        Ok(body) => serde_json::from_slice(&body).map_err(|_| EventsApiError::Unreadable { what }),
        Err(BodyError::TooLarge) => Err(EventsApiError::TooLarge { what, bytes_max: LIST_BYTES_MAX }),
        Err(BodyError::Broken(error)) => Err(EventsApiError::of(what, CallError::no_answer(error))),
    }
}
