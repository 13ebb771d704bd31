//! The contract of web actions, row by row in its order: `rows.json` has for each what is asked, what the action gives,
//! what the caller is answered, and what the action saw.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use sdk::{ActivationId, Params};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Activation;

use crate::world::World;

const ROWS: &str = include_str!("rows.json");

/// Nobody waits for an action that does not end.
const ANSWER_WITHIN: Duration = Duration::from_mins(5);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    #[serde(default = "get")]
    method: String,
    /// What follows `/api/v1/web/`.
    path: String,
    #[serde(default)]
    send: BTreeMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
    body_bytes: Option<usize>,
    /// The action's result.
    #[serde(default)]
    gives: Value,
    status: u16,
    /// Those that have to be there; null has to be absent.
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    text: Option<String>,
    json: Option<Value>,
    base64: Option<String>,
    error: Option<String>,
    /// The caller did not get past the guard.
    #[serde(default)]
    denied: bool,
    /// Parameters of the run; null has to be absent.
    #[serde(default)]
    sees: BTreeMap<String, Value>,
    #[serde(default = "yes")]
    runs: bool,
    /// The status on record.
    recorded: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn yes() -> bool {
    true
}

impl Row {
    fn body(&self) -> Option<Vec<u8>> {
        let encoded = self.body_base64.as_ref().map(|text| STANDARD.decode(text).unwrap());
        let text = self.body.clone().map(String::into_bytes);
        text.or(encoded).or(self.body_bytes.map(|count| vec![b'x'; count]))
    }

    #[track_caller]
    fn check_headers(&self, headers: &HeaderMap) {
        for (name, expected) in &self.headers {
            let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
            let expected: Vec<&str> = match expected {
                Value::Null => Vec::new(),
                Value::String(text) => vec![text],
                other => other.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect(),
            };
            assert_eq!(values, expected, "`{name}` of {self:?}");
        }
    }

    #[track_caller]
    fn check_body(&self, body: &[u8], id: ActivationId) {
        let mut checks = 0;
        let mut check = |is_right: bool| {
            checks += 1;
            assert!(is_right, "{self:?} is answered {}", String::from_utf8_lossy(body));
        };
        let answered = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        if let Some(text) = &self.text {
            check(text.as_bytes() == body);
        }
        if let Some(json) = &self.json {
            check(*json == answered());
        }
        if let Some(encoded) = &self.base64 {
            check(STANDARD.encode(body) == *encoded);
        }
        if let Some(error) = &self.error {
            check(answered() == json!({"error": error, "code": id.to_string()}));
        }
        if self.denied {
            let error = format!("the request is not authorized; activation {id} says why");
            check(answered() == json!({"error": error, "code": id.to_string()}));
        }
        let has_none = matches!(self.status, 204 | 308) && body.is_empty();
        assert!(checks == 1 || has_none, "a row says what the body is: {self:?}");
    }

    #[track_caller]
    fn check_run(&self, seen: Option<&Params>) {
        assert_eq!(seen.is_some(), self.runs, "{self:?}");
        for (name, expected) in &self.sees {
            let found = seen.and_then(|seen| seen.get(name));
            match (expected, found) {
                (Value::Null, found) => assert_eq!(found, None, "`{name}` of {self:?}"),
                (Value::Object(members), Some(found)) if name == "__ow_headers" => {
                    for (header, value) in members {
                        assert_eq!(found.get(header), Some(value), "`{header}` of {self:?}");
                    }
                }
                (expected, found) => assert_eq!(found, Some(expected), "`{name}` of {self:?}"),
            }
        }
    }

    #[track_caller]
    fn check_record(&self, record: &Activation) {
        let expected = match &self.recorded {
            Some(recorded) => recorded,
            None if self.gives.get("error").is_some() => "application error",
            None if self.runs || self.status < 400 => "success",
            None => "application error",
        };
        assert_eq!(record.status.as_str(), expected, "{self:?} is recorded as {record:?}");
    }
}

#[tokio::test]
async fn every_row_of_the_contract_holds() {
    let world = World::new(ANSWER_WITHIN).await;
    let rows: Vec<Row> = serde_json::from_str(ROWS).unwrap();
    assert!(rows.len() > 120, "{}", rows.len());
    for row in rows {
        println!("{}", row.rule);
        world.script.give(row.gives.clone());
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let mut request = world.client.request(method, world.url(&row.path));
        for (name, value) in &row.send {
            request = request.header(name, value);
        }
        let request = row.body().into_iter().fold(request, reqwest::RequestBuilder::body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), row.status, "{row:?}");
        let headers = answer.headers().clone();
        let id: ActivationId = headers["x-openwhisk-activation-id"].to_str().unwrap().parse().unwrap();
        row.check_headers(&headers);
        row.check_body(&answer.bytes().await.unwrap(), id);
        row.check_run(world.script.take_seen().as_ref());
        row.check_record(&world.recorded(id).await);
    }
}
