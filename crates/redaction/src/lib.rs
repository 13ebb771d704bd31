//! Takes secrets out of what is told: logs, spans, records of runs, traces, errors. By value, for the secrets that this
//! process knows, in the forms in which they travel; by shape, for those that the kit itself makes; and by name, for
//! headers, query parameters and members of JSON. What travels to handlers and receivers is never changed.
//!
//! Invariant: what comes out holds no secret that was learned before, and JSON stays JSON.

mod forms;
mod members;
mod names;
mod shapes;
mod url;
mod values;

use std::sync::LazyLock;

pub use names::{is_secret_header, is_secret_member, is_secret_parameter, is_secret_variable};
pub use url::url;
pub use values::Redactor;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// What this process knows: a process has one environment, and so one set of secrets.
pub fn process() -> &'static Redactor {
    static PROCESS: LazyLock<Redactor> = LazyLock::new(Redactor::default);
    &PROCESS
}

#[cfg(test)]
mod tests;
