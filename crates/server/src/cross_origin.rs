//! What pages of other origins may call (contract, Adobe I/O Runtime, web actions).
//!
//! The runtime lets every page call every web action. Here that goes for guarded actions only: such a page has to bring
//! along a proof of its own. An open action would hand everybody's browser inside a network to any page.

use axum::response::Response;
use engine::Deployed;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS,
};
use http::{HeaderMap, HeaderValue, Method};
use sdk::Entry;

const METHODS: HeaderValue = HeaderValue::from_static("OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH");

/// Allowed when nobody asks for others.
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent");

/// How an action stands to pages of other origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrossOrigin {
    /// Browsers keep other pages away.
    Withheld,
    /// Every answer allows them, and the server answers their preflights.
    Allowed,
    /// Every answer allows them; the action answers preflights itself.
    AllowedByAction,
}

impl CrossOrigin {
    pub fn of(deployed: &Deployed) -> Self {
        let answers_itself = match &*deployed.entry {
            Entry::Web(action) => action.methods().contains(&Method::OPTIONS),
            Entry::Event(_) | Entry::Runtime(_) | Entry::Sequence(_) => false,
        };
        match (deployed.guards.is_empty(), answers_itself) {
            (true, _) => Self::Withheld,
            (false, false) => Self::Allowed,
            (false, true) => Self::AllowedByAction,
        }
    }

    /// The answer to a request that the action does not have to see: a preflight carries no proof.
    pub fn preflight(self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        if self != Self::Allowed || method != Method::OPTIONS {
            return None;
        }
        let mut response = Response::default();
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        allow(response.headers_mut(), asked.unwrap_or(HEADERS));
        Some(response)
    }

    /// Allows an answer to be read where it may be.
    pub fn allow(self, headers: &mut HeaderMap) {
        match self {
            Self::Withheld => {}
            Self::Allowed | Self::AllowedByAction => allow(headers, HEADERS),
        }
    }
}

fn allow(headers: &mut HeaderMap, allowed: HeaderValue) {
    headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
    headers.entry(ACCESS_CONTROL_ALLOW_METHODS).or_insert(METHODS);
    headers.entry(ACCESS_CONTROL_ALLOW_HEADERS).or_insert(allowed);
}
