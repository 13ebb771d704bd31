//! One page.

use std::fmt::Write as _;

use serde_json::Value;

use super::Told;
use super::mapping::{Sent, body, goes_to, leaves, looks_at, readable, sent};

pub struct Entity {
    pub name: &'static str,
    pub title: &'static str,
    pub about: &'static str,
}

/// The page of an entity, as Markdown.
pub async fn page(entity: &Entity, told: &[Told]) -> String {
    let own: Vec<&Told> = told.iter().filter(|told| self::entity(told) == entity.name).collect();
    let mut text = format!("# {}\n\n{}\n\n", entity.title, wrapped(entity.about));
    text.push_str("This page is made from the program: `UPDATE_DOCS=1 cargo test --test it entities` rewrites it.\n\n");
    text.push_str("| Event | Sent by | Consumer | Handler | Call |\n|---|---|---|---|---|\n");
    for event in &own {
        for handler in &event.handlers {
            let call = call(&sent_sample(event, handler).await);
            let (code, sender, consumer) = (&event.sample.code, sender(event), &event.consumer);
            let _ = writeln!(text, "| `{code}` | {sender} | `{consumer}` | `{handler}` | {call} |");
        }
    }
    for event in own {
        chapter(&mut text, event).await;
    }
    text
}

async fn chapter(text: &mut String, event: &Told) {
    let code = &event.sample.code;
    let _ = write!(text, "\n## `{code}`\n");
    let Some(handler) = event.handlers.first() else { return };
    let sent = sent_sample(event, handler).await;
    let message = sent.answer.result.pointer("/body/message").and_then(Value::as_str).unwrap_or_default();
    let _ = write!(text, "\nSuccess: `{message}`.");
    if let Some(fields) = &sent.echo {
        let names: Vec<String> = fields.iter().map(|name| format!("`{name}`")).collect();
        let by = if names.is_empty() { String::new() } else { format!(", by {}", names.join(", ")) };
        let _ = write!(text, " Echoes are known by its key{by}.");
    }
    if let Some(path) = looks_at(handler, code, &event.sample.value).await {
        let _ = write!(text, " After an attempt in doubt `GET {path}` tells whether it was done.");
    }
    text.push('\n');
    if event.provider == "backoffice" {
        mapping_table(text, event, handler).await;
    } else {
        text.push_str("\nThe back office is sent `value` as it came.\n");
    }
    let _ = write!(text, "\nSample:\n\n```json\n{}\n```\n", pretty(&event.sample.value));
    if event.provider == "backoffice"
        && let Some(first) = sent.calls.first()
        && first.body.is_some()
    {
        let _ = write!(text, "\n{}:\n\n```json\n{}\n```\n", call(&sent), pretty(&body(first)));
    }
}

async fn mapping_table(text: &mut String, event: &Told, handler: &str) {
    let schema = actions::EVENTS.iter().find(|spec| spec.code == event.sample.code).expect("it is ingested");
    let schema = schema.schema().to_value();
    text.push_str("\n| Member | Type | Required | Goes to |\n|---|---|---|---|\n");
    for leaf in leaves(&event.sample.value) {
        let places = goes_to(handler, &event.sample.code, &event.sample.value, &leaf).await;
        let places: Vec<String> = places
            .iter()
            .map(|place| if place.starts_with('/') { format!("`{}`", readable(place)) } else { place.clone() })
            .collect();
        let places = if places.is_empty() { "nothing".to_owned() } else { places.join(", ") };
        let (kind, is_required) = rule(&schema, &leaf);
        let required = if is_required { "yes" } else { "no" };
        let _ = writeln!(text, "| `{}` | {kind} | {required} | {places} |", readable(&leaf));
    }
}

/// The type of a member, and whether it has to be there.
fn rule(schema: &Value, leaf: &str) -> (String, bool) {
    let mut rule = resolve(schema, schema);
    let mut is_required = true;
    for part in leaf.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            rule = resolve(schema, &rule["items"]);
            continue;
        }
        is_required = rule["required"].as_array().is_some_and(|names| names.iter().any(|name| name == part));
        rule = resolve(schema, &rule["properties"][part]);
    }
    (rule["type"].as_str().unwrap_or("any").to_owned(), is_required)
}

fn resolve<'a>(schema: &'a Value, rule: &'a Value) -> &'a Value {
    let target = rule["$ref"].as_str().and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
    target.unwrap_or(rule)
}

async fn sent_sample(event: &Told, handler: &str) -> Sent {
    let value = if event.provider == "commerce" { &event.sample.value["value"] } else { &event.sample.value };
    sent(handler, &event.sample.code, value).await
}

fn call(sent: &Sent) -> String {
    sent.calls.first().map_or("none".to_owned(), |call| format!("`{} {}`", call.method, call.path))
}

fn sender(event: &Told) -> &'static str {
    if event.provider == "commerce" { "Commerce" } else { "back office" }
}

fn entity(told: &Told) -> &'static str {
    let all = actions::EVENTS.iter().chain(actions::COMMERCE_EVENTS);
    all.into_iter().find(|spec| spec.code == told.sample.code).map_or("", |spec| spec.entity)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Lines of at most 120 letters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if !line.is_empty() && line.len() + word.len() >= 120 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
