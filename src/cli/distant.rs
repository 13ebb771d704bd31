//! A kit that runs elsewhere, asked by HTTP.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use settings::{Remote, RuntimeAuth};
use thiserror::Error;

use crate::inspect::{Look, Refused};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);

/// A kit waits a minute for an action.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(90);

/// The largest answer holds a page of a journal, in JSON.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The namespace of whoever asks.
const OWN: &str = "api/v1/namespaces/_";

pub struct Kit {
    client: Client,
    url: String,
    key: RuntimeAuth,
}

/// The kit does not let us ask; that does not change by itself.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NotAdmitted(String);

impl Kit {
    pub fn new(Remote { url, key }: Remote) -> anyhow::Result<Self> {
        let Some(key) = key else {
            bail!(
                "`KIT_URL` is set, and no key to ask the kit there\n  hint: set `KIT_API_KEY` to the key of its runtime API \
                 (`AIO_runtime_auth`), or take `KIT_URL` away to look at this folder"
            );
        };
        Self::with_key(url, key)
    }

    /// The kit at this address, which ends with `/`.
    pub fn with_key(url: String, key: RuntimeAuth) -> anyhow::Result<Self> {
        let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build()?;
        Ok(Self { client, url, key })
    }

    /// What the kit answers.
    ///
    /// # Errors
    /// [`Refused`] and [`NotAdmitted`] stay as they are when one asks again; others may pass.
    pub async fn ask(&self, look: &Look) -> anyhow::Result<Value> {
        let pairs = look.query()?;
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", sdk::segment(value))).collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        let request = self.client.get(format!("{}{OWN}/{}{query}", self.url, look.path()));
        self.answer(request).await
    }

    /// Asks for work; the job as the kit has it then.
    pub async fn put_job(&self, document: &Value) -> anyhow::Result<Value> {
        self.answer(self.client.post(format!("{}{OWN}/jobs", self.url)).json(document)).await
    }

    /// Has an action run, `package/action`; the status and the answer, whatever the action has made of it.
    pub async fn invoke(&self, name: &str, query: &str, parameters: &Value) -> anyhow::Result<(StatusCode, Value)> {
        let name: Vec<String> = name.split('/').map(sdk::segment).collect();
        let request = self.client.post(format!("{}{OWN}/actions/{}?{query}", self.url, name.join("/")));
        let (status, answer) = self.exchange(request.json(parameters).timeout(INVOKE_TIMEOUT)).await?;
        let is_of_action = status.is_success() || matches!(status.as_u16(), 500 | 502);
        match answer {
            Some(answer) if is_of_action => Ok((status, answer)),
            Some(_) if status == StatusCode::NOT_FOUND => bail!(
                "the kit at {} has no action `{}`\n  hint: is it one of this folder, started since the last change?",
                self.url,
                name.join("/")
            ),
            answer => Err(self.refusal(status, &answer.unwrap_or_default())),
        }
    }

    /// The answer to a request that brings our key along.
    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        match self.exchange(request).await? {
            (status, Some(answer)) if status.is_success() => Ok(answer),
            (status, answer) => Err(self.refusal(status, &answer.unwrap_or_default())),
        }
    }

    /// What came back; no JSON is no answer.
    async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Option<Value>)> {
        let request = request.basic_auth(&self.key.uuid, Some(self.key.key.expose_secret()));
        let response = request.send().await.map_err(|error| unreachable(&self.url, error))?;
        let status = response.status();
        Ok((status, serde_json::from_slice(&self.body(response).await?).ok()))
    }

    async fn body(&self, mut response: Response) -> anyhow::Result<Vec<u8>> {
        let broken = || format!("the answer of the kit at {} did not arrive whole", self.url);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url).with_context(broken)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                bail!("the answer of the kit at {} is too large\n  hint: ask for less with `--limit`", self.url);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn refusal(&self, status: StatusCode, answer: &Value) -> anyhow::Error {
        let url = &self.url;
        let (error, hint) = (answer["error"].as_str(), answer["hint"].as_str());
        match (status, error, hint) {
            // These are its own words about the question.
            (StatusCode::NOT_FOUND, Some(error), Some(hint)) => {
                Refused::Unknown(format!("{error}\n  hint: {hint}")).into()
            }
            (StatusCode::BAD_REQUEST, Some(error), Some(hint)) => {
                Refused::Wrong(format!("{error}\n  hint: {hint}")).into()
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _, _) => NotAdmitted(format!(
                "the kit at {url} does not accept the key ({})\n  hint: `KIT_API_KEY` has to be what that kit has as \
                 `AIO_runtime_auth`; `kit dev` prints it",
                status.as_u16()
            ))
            .into(),
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::OK, _, _) => NotAdmitted(format!(
                "what answers at {url} does not know this question ({})\n  hint: `KIT_URL` has to be the address of a kit, \
                 one of the version of this program ({})",
                status.as_u16(),
                env!("CARGO_PKG_VERSION")
            ))
            .into(),
            (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE, Some(error), _) => {
                anyhow!("the kit at {url} refuses that ({}): {error}", status.as_u16())
            }
            (status, Some(error), _) => anyhow!("the kit at {url} cannot answer now ({}): {error}", status.as_u16()),
            (status, None, _) => anyhow!(
                "what answers at {url} cannot be understood ({})\n  hint: is that a kit? `KIT_URL` says where it is",
                status.as_u16()
            ),
        }
    }
}

/// Why there is no answer at all.
pub fn unreachable(url: &str, error: reqwest::Error) -> anyhow::Error {
    let problem = if error.is_connect() {
        "no kit can be reached"
    } else if error.is_timeout() {
        "the kit did not answer in time"
    } else {
        "the connection broke"
    };
    let problem =
        format!("{problem} at {url}\n  hint: start one with `kit dev`, or set `KIT_URL` to the address of another");
    anyhow::Error::new(error.without_url()).context(problem)
}
