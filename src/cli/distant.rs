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

    /// The answer to a request that brings our key along.
    pub async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let request = request.basic_auth(&self.key.uuid, Some(self.key.key.expose_secret()));
        let response = request.send().await.map_err(|error| unreachable(&self.url, error))?;
        let status = response.status();
        let body = self.body(response).await?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        match answer {
            Some(answer) if status.is_success() => Ok(answer),
            answer => Err(self.refusal(status, &answer.unwrap_or_default())),
        }
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
