use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde_json::{Map, Value};
use settings::Action;

use super::sync_bar;
use crate::cli::distant::unreachable;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The answer to an action that used up all of its own time needs some to get here.
const BEYOND_THE_ACTIONS: Duration = Duration::from_secs(30);

/// The one action that tells how far it is.
const FULL_SYNC: &str = "product/commerce/full_sync";

#[derive(Debug, Args)]
pub struct Options {
    /// `package/action`.
    pub name: String,
    /// A parameter. A value that is JSON is sent as such, any other as text; it wins over the file's.
    #[arg(long, short, num_args = 2, value_names = ["KEY", "VALUE"], allow_hyphen_values = true)]
    param: Vec<String>,
    /// A file with a JSON object of parameters.
    #[arg(long, short = 'P', value_name = "FILE")]
    param_file: Option<PathBuf>,
    #[command(flatten)]
    pub shown: Shown,
    /// JSON is what is printed anyway.
    #[arg(long)]
    json: bool,
}

/// What is printed. One of these asks the runtime API also for a web action.
#[derive(Debug, Args)]
pub struct Shown {
    /// Wait, and print the whole activation.
    #[arg(long, short)]
    pub blocking: bool,
    /// Wait, and print the result alone: what is done anyway for an action that is no web action.
    #[arg(long, short)]
    pub result: bool,
    /// Print the activation's id and do not wait.
    #[arg(long, conflicts_with_all = ["blocking", "result"])]
    pub no_wait: bool,
}

impl Shown {
    pub fn is_said(&self) -> bool {
        self.blocking || self.result || self.no_wait
    }
}

/// Posts the parameters and prints the answer; anything but a 2xx is an error.
///
/// `proof` are headers that show a guard who calls.
pub async fn run(action: &Action, url: &str, options: &Options, proof: HeaderMap) -> anyhow::Result<()> {
    let parameters = options.parameters()?;
    let timeout = Duration::from_millis(action.limits.timeout_ms) + BEYOND_THE_ACTIONS;
    let is_proved = !proof.is_empty();
    let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(timeout).default_headers(proof).build()?;
    let call = post(&client, url, &parameters);
    let (status, activation, text) =
        if action.function == FULL_SYNC { sync_bar::beside(&client, url, call).await? } else { call.await? };
    let text = match activation.as_deref() {
        Some(id) if status == StatusCode::ACCEPTED => {
            eprintln!(
                "note: `{}` takes longer than a call waits, and goes on: `kit activation get {id}` shows its end",
                options.name
            );
            if action.function != FULL_SYNC {
                println!("{id}");
                return Ok(());
            }
            let ended = sync_bar::until_ended(&client, url, timeout);
            sync_bar::beside(&client, url, ended).await?
        }
        _ => text,
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(answer) => println!("{}", serde_json::to_string_pretty(&answer)?),
        Err(_) => println!("{text}"),
    }
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND => bail!(
            "`{}` answered 404\n  hint: unless it says so itself, the kit at {url} does not have this action; \
             is it one of this folder, started since the last change?",
            options.name
        ),
        StatusCode::UNAUTHORIZED if is_proved => bail!(
            "`{}` answered 401\n  hint: `kit activation get ID`, with the id above, says why where that kit keeps its data",
            options.name
        ),
        StatusCode::UNAUTHORIZED => bail!(
            "`{}` answered 401\n  hint: set `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET` and `OAUTH_ORG_ID`, from \
             `kit credential create` or of a credential at Adobe, and an access token goes along",
            options.name
        ),
        status => match activation {
            Some(id) => {
                bail!(
                    "`{}` answered {}\n  hint: `kit activation get {id}` shows the run",
                    options.name,
                    status.as_u16()
                )
            }
            None => bail!("`{}` answered {}", options.name, status.as_u16()),
        },
    }
}

/// Status, the activation's id, and the body.
pub type Answered = (StatusCode, Option<String>, String);

async fn post(client: &Client, url: &str, parameters: &Map<String, Value>) -> anyhow::Result<Answered> {
    let answered = client.post(url).json(parameters).send().await;
    let response = answered.map_err(|error| unreachable(url, error))?;
    let status = response.status();
    let activation = response.headers().get("x-openwhisk-activation-id");
    let activation = activation.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let text = response.text().await.with_context(|| format!("the answer of {url} did not arrive whole"))?;
    Ok((status, activation, text))
}

impl Options {
    pub fn parameters(&self) -> anyhow::Result<Map<String, Value>> {
        let mut parameters = self.param_file.as_deref().map_or_else(|| Ok(Map::new()), read)?;
        for pair in self.param.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
            parameters.insert(key.clone(), value);
        }
        Ok(parameters)
    }
}

fn read(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let path_shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("`--param-file`: cannot read {path_shown}"))?;
    serde_json::from_str(&text).with_context(|| {
        format!("`--param-file`: {path_shown} has to hold one JSON object, such as {{\"pageSize\": 50}}")
    })
}
