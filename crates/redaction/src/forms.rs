//! The forms in which a secret travels.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Shorter ones stand in too many texts by chance: they are known by their names only.
pub(crate) const SECRET_BYTES_MIN: usize = 6;

/// Of a secret of several lines, such as a key, each line of this length is known by itself.
const LINE_BYTES_MIN: usize = 32;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Keys of Standard Webhooks begin so, and count without it too.
const WEBHOOK_PREFIX: &str = "whsec_";

/// Plain, as a string of JSON, as a string of JSON within JSON, and percent-encoded.
pub(crate) fn of(secret: &str) -> BTreeSet<String> {
    let mut plain = BTreeSet::from([secret.trim()]);
    plain.extend(secret.trim().strip_prefix(WEBHOOK_PREFIX));
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= LINE_BYTES_MIN && !line.starts_with("--"));
    plain.extend(lines);
    let mut forms = BTreeSet::new();
    for text in plain.into_iter().filter(|text| text.len() >= SECRET_BYTES_MIN) {
        let once = escaped(text);
        forms.insert(escaped(&once));
        forms.insert(once);
        let encoded = utf8_percent_encode(text, UNRESERVED).to_string();
        forms.insert(encoded.replace("%20", "+"));
        forms.insert(encoded);
        forms.insert(text.to_owned());
    }
    forms
}

/// As the header `authorization: Basic` has them.
pub(crate) fn of_pair(user: &str, password: &str) -> BTreeSet<String> {
    if password.len() < SECRET_BYTES_MIN {
        return BTreeSet::new();
    }
    let pair = format!("{user}:{password}");
    BTreeSet::from([BASE64_STANDARD.encode(&pair), BASE64_STANDARD_NO_PAD.encode(&pair)])
}

fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
