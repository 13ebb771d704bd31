//! The clients of what actions call.

mod backoffice;
mod commerce;
mod governor;
mod graphql;
mod ims_bearer;
mod oauth1;

use std::sync::Arc;
use std::time::Duration;

use adobe::{Authorize, Clock, Commerce, Governor, Limits};

use crate::support::pool;
use http::Method;
use sdk::Call;

/// More than any test needs, so that nothing waits.
pub fn governor() -> Arc<Governor> {
    let limits = Limits { concurrency: 1_000, rate: None, wait: Duration::from_secs(20) };
    Governor::new("target", limits, Clock::system())
}

pub fn commerce(base_url: &str, authorize: impl Authorize + 'static) -> Commerce {
    Commerce::new(pool(), base_url, Arc::new(authorize), governor())
}

pub fn get(path: &str) -> Call {
    Call { method: Method::GET, path: path.to_owned(), body: None, event_id: None, trace: None, changes: Vec::new() }
}

pub fn post(path: &str, body: &str) -> Call {
    let (body, event_id) = (Some(body.as_bytes().to_vec()), Some("event-1".to_owned()));
    Call { method: Method::POST, path: path.to_owned(), body, event_id, trace: None, changes: Vec::new() }
}
