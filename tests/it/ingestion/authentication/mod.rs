//! Who may send events: each scheme over HTTP, what is refused, and what the activation tells of it.

mod origins;
mod replays;
mod schemes;
mod tokens;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::WEBHOOK;
use crate::support::{Answer, PRODUCT_CREATE, Project, Server, product};

const SECRET: &str = "a shared secret of thirty bytes";

/// A secret as Standard Webhooks write it: of the same bytes.
const WHSEC: &str = "whsec_YSBzaGFyZWQgc2VjcmV0IG9mIHRoaXJ0eSBieXRlcw==";

/// A kit that takes events by this scheme.
fn project(scheme: &str, variables: &[(&str, &str)]) -> Project {
    let project = Project::new().with("KIT_INGESTION_AUTH", scheme);
    variables.iter().fold(project, |project, (name, value)| project.with(name, value))
}

/// The body of an event that is taken.
fn body(uid: &str) -> Vec<u8> {
    json!({"data": {"uid": uid, "event": PRODUCT_CREATE, "value": product(uid)}}).to_string().into_bytes()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    pairs.iter().map(pair).collect()
}

/// Seconds from now, which may be negative.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap()
}

impl Server {
    async fn post_with(&self, headers: HeaderMap, body: Vec<u8>) -> Answer {
        Answer::of(self.client.post(self.url(WEBHOOK)).headers(headers).body(body)).await
    }

    async fn get_in(&self, query: &str, body: Vec<u8>) -> Answer {
        Answer::of(self.client.post(self.url(&format!("{WEBHOOK}?{query}"))).body(body)).await
    }
}

/// Refused in the words that all get, with a reason that only the activation tells; it never shows a secret.
#[track_caller]
fn assert_unproven(project: &Project, answer: &Answer, reason: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let text = format!("the request is not authorized; activation {} says why", answer.activation());
    assert_eq!(answer.body, json!({ "error": text }));
    let record = project.run(&["activation", "get", answer.activation(), "--json"]);
    let record: Value = serde_json::from_slice(&record.stdout).unwrap();
    let found = record["response"]["result"]["reason"].as_str().unwrap_or_else(|| panic!("no reason in {record}"));
    assert!(found.contains(reason), "`{reason}` is not in `{found}`");
    assert!(!record.to_string().contains(SECRET), "{record}");
}
