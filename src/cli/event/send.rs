use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use engine::Schemas;
use jiff::Timestamp;
use onboarding::Place;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use settings::{Server, Variables};
use uuid::Uuid;

use super::{proof, sample};
use crate::cli::action::base;
use crate::cli::distant::unreachable;
use crate::cli::table::printable;
use crate::secrets;

const TIMEOUT: Duration = Duration::from_secs(30);

/// No kit takes a larger one, unless it was told to.
const DATA_BYTES_MAX: u64 = 8 << 20;

const WEBHOOK: &str = "api/v1/web/ingestion/webhook";

#[derive(Debug, Args)]
pub struct Options {
    /// The event code, such as `be-observer.catalog_product_create`.
    code: String,
    /// Sets a place in the value, such as `sku=A` or `items[0].qty=2`. What is JSON is sent as such, any other as text.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The value in place of the sample, as JSON: a file, or `-` for stdin.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Names the event; left out: a new name.
    #[arg(long)]
    uid: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Sends an event to the ingestion webhook of the kit that runs, and says how to see what became of it.
pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let variables = secrets::variables(root)?;
    let url = format!("{}{WEBHOOK}", base(&Server::read(&variables)?)?);
    let value = value(root, options)?;
    let uid = options.uid.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
    let body = json!({"data": {"uid": uid, "event": options.code, "value": value}}).to_string();
    let proof = proof::headers(&variables, body.as_bytes(), Timestamp::now()).await?;
    let told = post(&url, body, proof).await?;
    if options.json {
        let (status, id, answer) = (told.status.as_u16(), &told.activation, &told.answer);
        println!(
            "{}",
            json!({"status": status, "uid": uid, "activation": id, "event": told.event(), "answer": answer})
        );
    } else {
        told.print(&uid);
    }
    if told.status.is_success() { Ok(()) } else { Err(told.refusal(&variables)) }
}

/// What is to be sent: the sample or the file, with what was set, if the event takes it.
fn value(root: &Path, options: &Options) -> anyhow::Result<Value> {
    let code = &options.code;
    let schemas = Schemas::new(&[actions::EVENTS, actions::COMMERCE_EVENTS].concat());
    let mut value = match &options.data {
        Some(file) => read(file)?,
        None => sample::find(root, code)?.1,
    };
    let Some(schema) = schemas.schema(code) else {
        // Says so of names that nobody knows, too.
        let (provider, _) = sample::find(root, code)?;
        bail!(
            "`{code}` is an event of `{provider}`, which the ingestion webhook does not take\n  hint: publish it as a \
             CloudEvent to the events ingress; the README shows how, `kit event sample {code}` what it carries"
        );
    };
    for assignment in &options.set {
        let Some((place, new)) = assignment.split_once('=') else {
            bail!("`--set {assignment}` sets nothing\n  hint: write a place, `=` and a value, such as `sku=A`");
        };
        let new = serde_json::from_str(new).unwrap_or_else(|_| Value::from(new));
        let place: Place = place.parse().map_err(|error| anyhow!("`--set`: {error}"))?;
        place.set(&mut value, new, &schema).map_err(|error| anyhow!("`--set`: {error}"))?;
    }
    let raw = RawValue::from_string(value.to_string()).context("a value is JSON")?;
    if let Err(faults) = schemas.check(code, &raw, "") {
        let faults: Vec<String> = faults.iter().map(|fault| format!("`{}` {}", fault.path, fault.message)).collect();
        bail!(
            "the value is not what `{code}` carries: {}\n  hint: nothing was sent; `kit event sample {code}` shows one that \
             is taken, `--set` changes it",
            faults.join("; ")
        );
    }
    Ok(value)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let shown = file.display();
    let mut text = String::new();
    let unreadable = || format!("`--data`: cannot read {shown}");
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(DATA_BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).with_context(unreadable)?.take(DATA_BYTES_MAX + 1).read_to_string(&mut text)
    };
    if read.with_context(unreadable)? as u64 > DATA_BYTES_MAX {
        bail!("`--data`: {shown} has more than {DATA_BYTES_MAX} bytes");
    }
    serde_json::from_str(&text).with_context(|| {
        format!("`--data`: {shown} is no JSON\n  hint: it holds the event's value, without uid and code")
    })
}

/// What came back.
struct Told {
    status: StatusCode,
    activation: Option<String>,
    is_repeated: bool,
    answer: Value,
}

async fn post(url: &str, body: String, mut headers: HeaderMap) -> anyhow::Result<Told> {
    let client = Client::builder().timeout(TIMEOUT).build()?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let response =
        client.post(url).headers(headers).body(body).send().await.map_err(|error| unreachable(url, error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = response.text().await.with_context(|| format!("the answer of {url} did not arrive whole"))?;
    Ok(Told {
        status,
        activation: header("x-openwhisk-activation-id"),
        is_repeated: header("idempotent-replayed").is_some(),
        answer: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}

impl Told {
    /// The id of the event that came of it: the same number as its activation's.
    fn event(&self) -> Option<String> {
        let id: sdk::ActivationId = self.activation.as_deref()?.parse().ok()?;
        (self.status.is_success() && !self.is_repeated).then(|| id.event_id())
    }

    fn print(&self, uid: &str) {
        println!("{} {}", self.status.as_u16(), printable(&self.answer.to_string()));
        match (self.event(), self.is_repeated) {
            (Some(id), _) => println!("event {id}, uid {uid}\nsee what becomes of it: kit event trace {id}"),
            (None, true) => println!("this uid had come before\nsee what became of it: kit event trace {uid}"),
            (None, false) => {}
        }
    }

    fn refusal(&self, variables: &Variables) -> anyhow::Error {
        let look = match &self.activation {
            Some(id) => format!("`kit activation get {id}` says more"),
            None => "is a kit there, and this its address?".to_owned(),
        };
        let hint = match self.status {
            StatusCode::UNAUTHORIZED if variables.get(proof::AUTH).is_none() => {
                format!("`{}` is not set here, so nothing was signed; set it as the kit has it. {look}", proof::AUTH)
            }
            _ => look,
        };
        anyhow!("the event was not taken: {}\n  hint: {hint}", self.status.as_u16())
    }
}
