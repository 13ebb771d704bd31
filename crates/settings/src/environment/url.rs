//! Base URLs, as people write them.

use http::Uri;

use crate::environment::reader::{Reader, Setting};

/// An `http` or `https` URL without user, query and fragment, with a slash at its end.
pub(super) fn base_url(text: &str) -> Option<String> {
    let text = text.trim();
    // The parser drops fragments in silence.
    if text.contains('#') {
        return None;
    }
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let host_and_port = match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    // A user, a password or a port that is none would make the two differ.
    let is_plain = authority.as_str() == host_and_port && uri.query().is_none();
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    if !(is_plain && is_web) {
        return None;
    }
    let slash = if text.ends_with('/') { "" } else { "/" };
    Some(format!("{text}{slash}"))
}

/// A variable that holds a base URL.
pub(super) fn url(reader: &mut Reader<'_>, name: &str, default: Option<&str>, example: &str) -> Option<String> {
    let hint = format!("such as `{example}`");
    let expected = "expected an `http` or `https` URL with a host, without user, query and fragment";
    if !reader.is_set(name) {
        return default.map(str::to_owned);
    }
    reader.parse(Setting { name, expected, hint: &hint }, base_url)
}
