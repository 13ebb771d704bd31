//! What the server counts.

use metrics::counter;

/// A connection or a request that went beyond a limit.
pub(crate) fn refused(reason: &'static str) {
    counter!("kit_requests_refused_total", "reason" => reason).increment(1);
}
