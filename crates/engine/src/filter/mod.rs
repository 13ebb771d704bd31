//! Filters that a subscriber writes into a registration: a pattern, as JSON, that an event has to match.
//!
//! A pattern is an object whose names mirror the event. Objects go deeper, arrays hold conditions:
//!
//! ```json
//! {
//!   "type": [{"prefix": "be-observer."}],
//!   "data": {"value": {"price": [{"numeric": [">", 0, "<=", 100]}], "status": ["new", {"exists": false}]}}
//! }
//! ```
//!
//! - All names of an object must match, and of an array's conditions at least one. `"$or": [pattern, pattern]` stands
//!   for any of its patterns, at every level.
//! - A condition is a scalar, which matches the same value (`1` is `1.0` and not `"1"`), or one operator:
//!   `anything-but`, `prefix`, `suffix`, `numeric`, `exists`, `equals-ignore-case`, `cidr`.
//! - Conditions look at scalars. An array in the event stands for its items, those of arrays within it included, and
//!   one item that matches is enough; so `anything-but` matches as soon as one item is something else.
//! - `{"exists": true}` matches where there is a scalar, `{"exists": false}` where there is none: an object and an
//!   empty array count as absent, as they do for event-ruler. Every other condition needs a scalar.
//! - A pattern for an array of objects must match within one of them; it is never put together from several.
//!
//! Matching visits each pair of a pattern's part and an event's value once at most, recurses as deep as the pattern,
//! and allocates only for arrays within arrays.

mod condition;
mod error;
mod network;
mod number;
mod operators;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

pub use error::FilterError;
use pattern::Pattern;

/// The longest text of a filter.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How deep patterns may lie in each other, those of `$or` included.
const DEPTH_MAX: usize = 16;
/// Members, conditions, alternatives and listed values of a filter, all together.
const NODES_MAX: usize = 2_000;
/// The longest name or text within a filter.
const STRING_BYTES_MAX: usize = 1024;

/// Which events a subscriber wants; cheap to clone.
#[derive(Clone, Debug)]
pub struct Filter(Arc<Pattern>);

impl Filter {
    /// Reads the JSON of a pattern.
    ///
    /// # Errors
    /// The first place that breaks a rule.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(|pattern| Self(Arc::new(pattern)))
    }

    /// Judges a whole `CloudEvent`; what is no object never matches.
    pub fn matches(&self, event: &Value) -> bool {
        event.as_object().is_some_and(|event| self.0.matches(event))
    }
}
