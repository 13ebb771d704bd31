//! What somebody in the same process is told of every call, as it happens.

use axum::http::Method;

use crate::faults::Target;

/// Told of every call under the lock under which it has its effect, so in the order of the effects of its target; nothing
/// else happens there until it returns.
pub type Witness = Box<dyn Fn(&Effect<'_>) + Send + Sync>;

/// One call and what became of it.
#[derive(Debug)]
pub struct Effect<'a> {
    pub target: Target,
    pub method: &'a Method,
    /// Below `V1/` or the root of the ERP, percent-encoded as it came.
    pub path: &'a str,
    /// The header `x-event-id`.
    pub event_id: Option<&'a str>,
    /// As it came; empty when it could not be read.
    pub body: &'a [u8],
    /// The answer that was decided, also when it was lost; `None` when the call was cut before it could have an effect.
    pub status: Option<u16>,
    /// No answer was sent because a fault cut it. A caller that did not wait for a late one is not known here.
    pub is_lost: bool,
    /// Some document came, went, or says something else than before, the moment at which it was saved aside.
    pub is_changed: bool,
}
