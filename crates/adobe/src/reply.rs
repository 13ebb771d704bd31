//! What the targets' answers have in common.

use serde_json::Value;

/// What an error may say at the most; the rest is cut.
const ERROR_CHARACTERS_MAX: usize = 1_000;

pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// `Null` for nothing, `None` for what is not JSON.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
    if is_empty { Some(Value::Null) } else { serde_json::from_slice(bytes).ok() }
}

/// `Commerce answered 404: No such entity with sku = X`.
pub(crate) fn sentence(who: &str, status: u16, said: &str) -> String {
    if said.is_empty() { format!("{who} answered {status}") } else { format!("{who} answered {status}: {}", cut(said)) }
}

pub(crate) fn cut(text: &str) -> &str {
    text.char_indices().nth(ERROR_CHARACTERS_MAX).map_or(text, |(end, _)| &text[..end])
}
