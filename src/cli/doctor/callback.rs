//! Whether events find their way to us: each webhook is asked for its challenge, as the events API does it.

use std::collections::BTreeMap;

use engine::slug;
use reqwest::Url;
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::finding::Finding;
use super::probe::{Answer, Probe, Silence, origin};

const CHECK: &str = "callback";
const AT_ONCE: usize = 16;

/// What is wrong with a webhook, and what to do about it.
type Wrong = (String, String);

/// `public_url` is `KIT_PUBLIC_URL`; `names` are the registrations whose events come by webhook.
pub async fn check(probe: &Probe, public_url: &str, names: &[&str]) -> Vec<Finding> {
    let mut wrong: BTreeMap<Wrong, Vec<String>> = BTreeMap::new();
    let slugs: Vec<String> = names.iter().map(|name| slug(name)).collect();
    for some in slugs.chunks(AT_ONCE) {
        let mut asked = JoinSet::new();
        for slug in some {
            let (probe, slug, url) = (probe.clone(), slug.clone(), format!("{public_url}/webhooks/{slug}"));
            asked.spawn(async move { (ask(&probe, &url).await, slug) });
        }
        for (found, slug) in asked.join_all().await {
            if let Some(found) = found {
                wrong.entry(found).or_default().push(slug);
            }
        }
    }
    if wrong.is_empty() {
        return vec![Finding::ok(CHECK, format!("{} webhooks at {public_url} answer their challenge", names.len()))];
    }
    let told = wrong.into_iter().map(|((seen, hint), mut slugs)| {
        slugs.sort_unstable();
        let more = if slugs.len() > 1 { format!(" and {} more", slugs.len() - 1) } else { String::new() };
        Finding::bad(CHECK, format!("/webhooks/{}{more}: {seen}", slugs[0]), hint)
    });
    told.collect()
}

async fn ask(probe: &Probe, url: &str) -> Option<Wrong> {
    let challenge = Uuid::new_v4().to_string();
    let Ok(url) = Url::parse_with_params(url, [("challenge", &challenge)]) else {
        return Some(wrong("its address is none", "check `KIT_PUBLIC_URL`"));
    };
    match probe.get(&url).await {
        Ok(answer) => judge(&answer, &challenge),
        Err(silence) => Some(silent(&silence, &origin(url.as_str()))),
    }
}

fn wrong(seen: impl Into<String>, hint: impl Into<String>) -> Wrong {
    (seen.into(), hint.into())
}

fn silent(silence: &Silence, origin: &str) -> Wrong {
    let hint = match silence {
        Silence::Refused | Silence::TimedOut | Silence::Broken(_) => {
            "start `kit serve`, and the tunnel or proxy that `KIT_PUBLIC_URL` leads to"
        }
        Silence::NoSuchHost => "check `KIT_PUBLIC_URL`; a tunnel that was started again may have another name",
        Silence::Tls(_) => "give this address a certificate that public authorities vouch for, with those above it",
        Silence::NotAllowed(_) => "the events API cannot reach it either: `KIT_PUBLIC_URL` has to be public",
    };
    wrong(format!("{origin} {silence}"), hint)
}

fn judge(answer: &Answer, challenge: &str) -> Option<Wrong> {
    let status = answer.status;
    if status == 200 && !answer.is_page() && is_echo(answer, challenge) {
        return None;
    }
    if let Some(host) = answer.leads_to() {
        let hint = "the events API follows no redirect: set `KIT_PUBLIC_URL` to where it leads";
        return Some(wrong(format!("a redirect ({status}) to {host}"), hint));
    }
    if answer.is_page() {
        let hint =
            "a proxy, a login or a tunnel's own page answers in place of the kit: let `/webhooks/` through to it";
        return Some(wrong(format!("a page in HTML ({status}) in place of the challenge"), hint));
    }
    Some(match status {
        200 => wrong("200 without the challenge", "something else than the kit answers: check `KIT_PUBLIC_URL`"),
        400 => wrong("400: the challenge did not arrive", "have the proxy keep the query of addresses"),
        401 | 403 => wrong(
            format!("{status}: whoever stands before the kit wants credentials"),
            "let `/webhooks/` through without: the kit checks the signatures of deliveries itself",
        ),
        404 => wrong(
            "404: the kit there has no such registration, or the path was cut",
            "have the proxy keep the whole path below `KIT_PUBLIC_URL`, and start `kit serve` with these config files",
        ),
        status => {
            wrong(format!("an answer of {status}"), "look into the logs of `kit serve` and of the proxy before it")
        }
    })
}

/// As text, bare or in quotes, or as `{"challenge": ...}`.
fn is_echo(answer: &Answer, challenge: &str) -> bool {
    let text = answer.text();
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => members.get("challenge").and_then(Value::as_str) == Some(challenge),
        Ok(Value::String(text)) => text == challenge,
        _ => text == challenge,
    }
}
