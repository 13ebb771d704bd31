//! Paths of the REST API, always raw: `a%2Fb` is one segment, and decoding happens once, here.

use percent_encoding::percent_decode_str;

const REST: &str = "/sandbox/commerce/rest/";
const VERSION: &str = "V1/";

/// What stands below `V1/`, with or without a store code before it.
pub fn below_version(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(REST)?;
    let below = rest.strip_prefix(VERSION).or_else(|| {
        let (store, rest) = rest.split_once('/')?;
        if is_store_code(store) { rest.strip_prefix(VERSION) } else { None }
    })?;
    Some(below.strip_suffix('/').unwrap_or(below))
}

/// `None` when the segment is no text.
pub fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

/// A prefix may be written raw or decoded: a query string decodes `%20` before we see it.
pub fn has_prefix(path: &str, prefix: &str) -> bool {
    path.starts_with(prefix) || decode(path).is_some_and(|path| path.starts_with(prefix))
}

fn is_store_code(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_alphabetic())
        && segment.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}
