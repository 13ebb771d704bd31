//! The two doors through which events come in, and what is behind them: one sample through one of them, to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use onboarding::Sample;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use store::{Activation, Filter, JournalFrom, JournalRead, State, Store};
use uuid::Uuid;

use super::{Row, SAMPLE_TIMEOUT};
use crate::project::Project;

/// How often the store is asked whether a sample is through.
const ASKED_EVERY: Duration = Duration::from_millis(5);

/// More events than a demo sends.
const EVENTS_MAX: usize = 1_000;

/// How one kind of sender brings its events.
pub enum Door {
    /// The ingestion webhook.
    Ingestion,
    /// The ingress of the events service, as CloudEvents of this source, with this token.
    Ingress { source: String, token: SecretString },
}

/// What all doors need.
pub struct Doors {
    pub http: reqwest::Client,
    pub base_url: String,
    pub store: Arc<dyn Store>,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// What a door answered.
struct Answered {
    status: u16,
    /// The event that came of it.
    event: Option<Uuid>,
    text: String,
}

impl Doors {
    /// Asks for a token, as Commerce's own client does.
    pub async fn ingress(&self, project: &Project) -> anyhow::Result<Door> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
            ("scope", "adobeio_api"),
        ];
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", sdk::segment(value))).collect();
        let request = self.http.post(format!("{}/ims/token/v3", self.base_url));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.join("&"));
        let answer: Value = request.send().await?.json().await?;
        let token = answer.get("access_token").and_then(Value::as_str).context("the demo got no token")?;
        let label = project.desired.providers.iter().find(|provider| provider.key == "commerce");
        let label = &label.context("onboarding/config describes no provider `commerce`")?.label;
        let providers = self.store.catalogue().await?.providers;
        let provider = providers.iter().find(|provider| provider.label == *label);
        let id = &provider.context("the events service has no provider `commerce`")?.id;
        Ok(Door::Ingress { source: format!("urn:uuid:{id}"), token: SecretString::from(token) })
    }

    /// Brings one sample in and waits until it is delivered for good.
    pub async fn send(&self, door: &Door, sample: &Sample, registration: i64) -> anyhow::Result<Row> {
        let begun = Instant::now();
        let answered = match door {
            Door::Ingestion => self.ingest(sample).await?,
            Door::Ingress { source, token } => self.publish(sample, source, token, registration).await?,
        };
        let Some(event) = answered.event else {
            return Ok(Row {
                code: sample.code.clone(),
                action: String::new(),
                status: answered.status.into(),
                milliseconds: begun.elapsed().as_millis(),
                activation: String::new(),
                text: answered.text,
                is_fine: false,
            });
        };
        let state = self.wait_until_final(event, begun).await?;
        let milliseconds = begun.elapsed().as_millis();
        let runs = self.store.activations(Filter { limit: 100, event: Some(event), ..Filter::default() }).await?;
        let handler = runs.iter().find(|run| run.cause.is_some()).or(runs.first()).context("nothing ran")?;
        Ok(row(sample, handler, milliseconds, state))
    }

    async fn ingest(&self, sample: &Sample) -> anyhow::Result<Answered> {
        let url = format!("{}/api/v1/web/ingestion/webhook", self.base_url);
        let uid = format!("demo-{}", sample.code);
        let body = json!({"data": {"uid": uid, "event": sample.code, "value": sample.value}});
        let response =
            self.http.post(&url).json(&body).send().await.context("the ingestion webhook does not answer")?;
        let status = response.status();
        let id = response.headers().get("x-openwhisk-activation-id").and_then(|id| id.to_str().ok());
        let event = id.filter(|_| status.is_success()).map(str::parse::<sdk::ActivationId>).transpose()?;
        Ok(Answered {
            status: status.as_u16(),
            event: event.map(sdk::ActivationId::uuid),
            text: response.text().await.unwrap_or_default(),
        })
    }

    /// The event is found again in the journal of its registration: the ingress tells no id.
    async fn publish(
        &self,
        sample: &Sample,
        source: &str,
        token: &SecretString,
        registration: i64,
    ) -> anyhow::Result<Answered> {
        let id = Uuid::new_v4().to_string();
        let event = json!({
            "specversion": "1.0", "id": id, "source": source, "type": sample.code,
            "datacontenttype": "application/json", "data": sample.value,
        });
        let request = self.http.post(&self.base_url).bearer_auth(token.expose_secret());
        let request = request.header("x-api-key", &self.client_id);
        let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
        let response = request.send().await.context("the events ingress does not answer")?;
        let status = response.status().as_u16();
        let read =
            JournalRead { registration, from: JournalFrom::Oldest, events_max: EVENTS_MAX, bytes_max: usize::MAX };
        let events = self.store.journal(read).await?.events;
        let found = events.iter().find(|event| event.given_id.as_deref() == Some(id.as_str()));
        Ok(Answered { status, event: found.map(|event| event.id), text: response.text().await.unwrap_or_default() })
    }

    async fn wait_until_final(&self, event: Uuid, begun: Instant) -> anyhow::Result<State> {
        while begun.elapsed() < SAMPLE_TIMEOUT {
            let (_, deliveries) = self.store.event(event).await?.context("an accepted event is not in the store")?;
            if deliveries.iter().all(|delivery| !delivery.state.is_open()) {
                let failed = deliveries.iter().find(|delivery| delivery.state != State::Done);
                return Ok(failed.map_or(State::Done, |delivery| delivery.state));
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
        bail!("a sample was not delivered within {} s", SAMPLE_TIMEOUT.as_secs())
    }
}

fn row(sample: &Sample, run: &Activation, milliseconds: u128, state: State) -> Row {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let result = result.get("error").unwrap_or(&result);
    let status = result.get("statusCode").and_then(Value::as_u64).unwrap_or_default();
    let text =
        ["/body/message", "/body/error", "/body/response"].iter().find_map(|path| result.pointer(path)?.as_str());
    Row {
        code: sample.code.clone(),
        action: run.action.clone(),
        status,
        milliseconds,
        activation: run.id.simple().to_string(),
        text: text.unwrap_or_default().to_owned(),
        is_fine: state == State::Done && (200..300).contains(&status),
    }
}
