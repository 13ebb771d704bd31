//! What pages of other origins may call (contract, Adobe I/O Runtime, web actions).
//!
//! The runtime lets every page call every web action. Here that goes for guarded actions only: such a page has to bring
//! along a proof of its own. An open action would hand everybody's browser inside a network to any page.

use bytes::Bytes;
use engine::Deployed;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS,
};
use http::{HeaderMap, HeaderValue, Method};
use sdk::{Entry, web};
use serde_json::Value;

const METHODS: HeaderValue = HeaderValue::from_static("OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH");

/// Allowed when nobody asks for others.
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent");

/// With this annotation an action answers preflights itself, also those of callers who have proven nothing.
const CUSTOM_OPTIONS: &str = "web-custom-options";

/// How an action stands to pages of other origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CrossOrigin {
    /// Every answer allows them; otherwise browsers keep other pages away.
    is_allowed: bool,
    options: Options,
}

/// Who answers a preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Options {
    Server,
    Action,
    ActionWithoutProof,
}

impl CrossOrigin {
    pub fn of(deployed: &Deployed) -> Self {
        let is_allowed = !deployed.guards.is_empty();
        let options = match &*deployed.entry {
            _ if deployed.annotations.get(CUSTOM_OPTIONS) == Some(&Value::Bool(true)) => Options::ActionWithoutProof,
            Entry::Web(action) if !is_allowed || action.methods().contains(&Method::OPTIONS) => Options::Action,
            Entry::Event(_) | Entry::Runtime(_) | Entry::Sequence(_) | Entry::Web(_) => Options::Server,
        };
        Self { is_allowed, options }
    }

    /// The answer to a request that the action does not have to see: a preflight carries no proof.
    pub fn preflight(self, method: &Method, headers: &HeaderMap) -> Option<web::Response> {
        if self.options != Options::Server || method != Method::OPTIONS {
            return None;
        }
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| self.is_allowed).cloned();
        Some(web::Response {
            status: 200,
            headers: asked.map(|asked| (ACCESS_CONTROL_ALLOW_HEADERS, asked)).into_iter().collect(),
            body: Bytes::new(),
            recorded: None,
            detail: None,
        })
    }

    /// Whether the action answers this request whoever asks.
    pub fn is_left_to_action(self, method: &Method) -> bool {
        self.options == Options::ActionWithoutProof && method == Method::OPTIONS
    }

    /// Allows an answer to be read where it may be.
    pub fn allow(self, headers: &mut HeaderMap) {
        if self.is_allowed {
            headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
            headers.entry(ACCESS_CONTROL_ALLOW_METHODS).or_insert(METHODS);
            headers.entry(ACCESS_CONTROL_ALLOW_HEADERS).or_insert(HEADERS);
        }
    }
}
