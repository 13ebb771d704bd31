use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use redaction::{REDACTED, Redactor, is_secret_header, is_secret_member};

/// What begins the names of attributes with headers.
const HEADERS: [&str; 2] = ["http.request.header.", "http.response.header."];

/// Exports spans without secrets: those that this process knows, and attributes whose names say that they are secret.
#[derive(Debug)]
pub struct Redacting<E>(pub E);

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            redact(redaction::process(), span);
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn redact(redactor: &Redactor, span: &mut SpanData) {
    replace(redactor, &mut span.name);
    if let Status::Error { description } = &mut span.status {
        replace(redactor, description);
    }
    attributes(redactor, &mut span.attributes);
    for event in &mut span.events.events {
        replace(redactor, &mut event.name);
        attributes(redactor, &mut event.attributes);
    }
    for link in &mut span.links.links {
        attributes(redactor, &mut link.attributes);
    }
}

fn attributes(redactor: &Redactor, attributes: &mut [KeyValue]) {
    for KeyValue { key, value, .. } in attributes {
        let name = key.as_str();
        let header = HEADERS.iter().find_map(|begin| name.strip_prefix(begin));
        if is_secret_member(name) || header.is_some_and(is_secret_header) {
            *value = REDACTED.into();
            continue;
        }
        match value {
            Value::String(text) => replace_text(redactor, text),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(|text| replace_text(redactor, text)),
            _ => {}
        }
    }
}

fn replace(redactor: &Redactor, text: &mut Cow<'static, str>) {
    if let Cow::Owned(redacted) = redactor.text(text) {
        *text = redacted.into();
    }
}

fn replace_text(redactor: &Redactor, text: &mut StringValue) {
    if let Cow::Owned(redacted) = redactor.text(text.as_str()) {
        *text = redacted.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_redacted_by_value_and_by_name() {
        let redactor = Redactor::default();
        redactor.learn("hush-hush");
        let list = Array::String(vec!["a hush-hush".into(), "b".into()]);
        let mut given = [
            KeyValue::new("url.full", "http://a.example/hush-hush"),
            KeyValue::new("client_secret", 7),
            KeyValue::new("http.request.header.authorization", "Basic abc"),
            KeyValue::new("list", Value::Array(list)),
            KeyValue::new("count", 7),
        ];
        attributes(&redactor, &mut given);
        let told: Vec<String> = given.iter().map(|attribute| attribute.value.to_string()).collect();
        let expected = ["http://a.example/[redacted]", REDACTED, REDACTED, r#"["a [redacted]","b"]"#, "7"];
        assert_eq!(told, expected);
    }
}
