//! What a secret may look like where it is told.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// Plain, in JSON, percent-encoded, and in the base64 of anything that contains it.
pub fn of(secret: &str) -> Vec<String> {
    let quoted = Value::from(secret).to_string();
    let encoded: String = form_urlencoded(secret);
    let mut forms = vec![secret.to_owned(), quoted[1..quoted.len() - 1].to_owned(), encoded];
    for before in 0..3 {
        let shifted = [vec![0; before], secret.as_bytes().to_vec()].concat();
        // The letters at both ends depend on what stands there; whole groups of three bytes do not.
        let (start, end) = (before.div_ceil(3) * 4, shifted.len() / 3 * 4);
        for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE_NO_PAD] {
            let inner = engine.encode(&shifted)[start..end].to_owned();
            if inner.len() >= 8 {
                forms.push(inner);
            }
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

fn form_urlencoded(secret: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    secret.bytes().map(encode).collect()
}

/// Secrets that the kit makes, in what it prints: each begins in its way and is a word.
pub fn made(text: &str) -> Vec<String> {
    let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '=' | ',' | ':');
    let words = text.split(is_end).filter(|word| {
        let random = word.strip_prefix("kit-").or_else(|| word.strip_prefix("whsec_"));
        random.is_some_and(|random| random.len() >= 40)
    });
    words.map(str::to_owned).collect()
}
