//! Tells the redactor which secrets the settings hold, so that they are taken out of everything that is told.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use redaction::{Redactor, is_secret_header, is_secret_variable};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use settings::{Faults, Manifest, Variables};

/// A secret with one of these ends goes over the wire together with what has the other end in its place.
const PAIRS: [(&str, &str); 3] =
    [("_PASSWORD", "_USER"), ("_CLIENT_SECRET", "_CLIENT_ID"), ("_CLIENT_SECRETS", "_CLIENT_ID")];

/// User and password in one.
const RUNTIME_KEYS: [&str; 2] = ["AIO_runtime_auth", "KIT_API_KEY"];

/// The variables that name headers with secrets.
const HEADER_NAMES: [&str; 4] = [
    "KIT_INGESTION_API_KEY_HEADER",
    "KIT_INGESTION_HMAC_HEADER",
    "KIT_INGESTION_CLIENT_CERTIFICATE_HEADER",
    "KIT_BACKOFFICE_API_KEY_HEADER",
];

/// A list of names and percent-encoded values.
const HEADERS_VARIABLE: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// The variable that names a file with secrets in place of holding them.
const KEY_FILE: &str = "KIT_ENCRYPTION_KEY_FILE";
const KEY_FILE_BYTES_MAX: u64 = 4 * 1024;

/// The variables of this run; from here on nothing tells their secrets.
///
/// # Errors
/// `.env` or the environment cannot be read.
pub fn variables(root: &Path) -> Result<Variables, Faults> {
    let variables = Variables::read(root)?;
    learn(&variables);
    Ok(variables)
}

/// From here on nothing tells the secrets of these variables.
pub fn learn(variables: &Variables) {
    if is_leak_planted() {
        return;
    }
    let redactor = redaction::process();
    learn_variables(redactor, variables);
    // Whether the file is as it should be is not asked here.
    let file = variables.get(KEY_FILE).and_then(|path| File::open(path).ok());
    let mut text = String::new();
    if file.is_some_and(|file| file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).is_ok()) {
        for secret in each(KEY_FILE, text.trim()) {
            redactor.learn(&secret);
        }
    }
}

/// From here on nothing tells these.
pub fn learn_each(secrets: &[&str]) {
    if is_leak_planted() {
        return;
    }
    for secret in secrets {
        redaction::process().learn(secret);
    }
}

/// From here on nothing tells this password, nor what goes over the wire for it.
pub fn learn_pair(user: &str, password: &SecretString) {
    if is_leak_planted() {
        return;
    }
    learn_user(redaction::process(), user, password.expose_secret());
}

fn learn_user(redactor: &Redactor, user: &str, password: &str) {
    redactor.learn(password);
    redactor.learn_pair(user, password);
}

fn learn_variables(redactor: &Redactor, variables: &Variables) {
    for name in HEADER_NAMES.iter().filter_map(|name| variables.get(name)) {
        redactor.learn_header(name);
    }
    for name in variables.names().filter(|name| is_secret_variable(name)) {
        let Some(text) = variables.get(name) else { continue };
        let partner = PAIRS.iter().find_map(|(end, other)| Some(format!("{}{other}", name.strip_suffix(end)?)));
        let partner = partner.and_then(|partner| variables.get(&partner));
        for secret in each(name, text) {
            redactor.learn(&secret);
            if RUNTIME_KEYS.contains(&name)
                && let Some((user, password)) = secret.split_once(':')
            {
                learn_user(redactor, user, password);
            }
            if let Some(partner) = partner {
                redactor.learn_pair(partner, &secret);
            }
        }
    }
}

/// A variable may hold several secrets: a JSON array, or the values of headers.
fn each(name: &str, text: &str) -> Vec<String> {
    if name == HEADERS_VARIABLE {
        let values = text.split(',').filter_map(|member| member.split_once('='));
        return values.flat_map(|(_, value)| [value.trim().to_owned(), decoded(value)]).collect();
    }
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(secrets) => secrets,
        Err(_) => vec![text.to_owned()],
    }
}

fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy().into_owned()
}

/// Learns inputs of actions that have secrets, also those that stand in the manifest itself.
pub fn learn_inputs(manifest: &Manifest) {
    if is_leak_planted() {
        return;
    }
    for (name, value) in manifest.actions.iter().flat_map(|action| &action.inputs) {
        learn_input(redaction::process(), name, value);
    }
    for secret in manifest.actions.iter().filter_map(|action| action.shared_secret.as_deref()) {
        redaction::process().learn(secret);
    }
}

/// What leaks on purpose has to get through.
fn is_leak_planted() -> bool {
    #[cfg(feature = "planted-leak")]
    let is_planted = crate::planted_leak::is_wanted();
    #[cfg(not(feature = "planted-leak"))]
    let is_planted = false;
    is_planted
}

fn learn_input(redactor: &Redactor, name: &str, value: &Value) {
    match value {
        Value::String(text) if is_secret_variable(name) => {
            for secret in each(name, text) {
                redactor.learn(&secret);
            }
        }
        // Headers that go along with calls are a map.
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if is_secret_header(name) => redactor.learn(text),
                    _ => learn_input(redactor, name, value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use redaction::REDACTED;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], told: &[&str]) {
        let redactor = Redactor::default();
        learn_variables(&redactor, &Variables::from_pairs(pairs.iter().copied()));
        for text in told {
            assert_eq!(redactor.text(text), REDACTED, "{text}");
        }
        assert_eq!(redactor.text("of no interest"), "of no interest");
    }

    #[test]
    fn every_variable_with_a_secret_is_learned_in_all_its_parts() {
        check(&[("ERP_TOKEN", "tok-4711-a")], &["tok-4711-a"]);
        check(&[("OAUTH_CLIENT_SECRETS", r#"["first-one","second-one"]"#)], &["first-one", "second-one"]);
        check(&[("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc%20defg, y=hijklmn")], &["abc defg", "abc%20defg", "hijklmn"]);
        for name in RUNTIME_KEYS {
            check(
                &[(name, "of no interest:pa55word-of-it")],
                &["of no interest:pa55word-of-it", "pa55word-of-it", "b2Ygbm8gaW50ZXJlc3Q6cGE1NXdvcmQtb2YtaXQ="],
            );
        }
        let basic = [("KIT_BACKOFFICE_USER", "of no interest"), ("KIT_BACKOFFICE_PASSWORD", "pa55word")];
        check(&basic, &["pa55word", "b2Ygbm8gaW50ZXJlc3Q6cGE1NXdvcmQ="]);
    }

    #[test]
    fn inputs_are_learned_by_their_names_and_headers_by_theirs() {
        let redactor = Redactor::default();
        learn_input(&redactor, "SHOP_API_KEY", &json!("key-of-shop"));
        learn_input(&redactor, "BACKOFFICE_HEADERS", &json!({"x-api-key": "key-of-erp", "x-tenant": "tenant-7"}));
        assert_eq!(redactor.text("key-of-shop"), REDACTED);
        assert_eq!(redactor.text("key-of-erp"), REDACTED);
        assert_eq!(redactor.text("tenant-7"), "tenant-7");
    }
}
