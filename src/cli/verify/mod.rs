//! `kit verify`: whether a stored request would be believed, and if not, what differs.

mod request;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use schemes::network::Hop;
use schemes::{Message, Mismatch, Proven, Window};
use serde_json::json;
use settings::{Ingestion, IngestionScheme, Variables};

use self::request::Request;
use super::Found;

use crate::secrets;

/// A request of the ingestion webhook has at most 1 MiB, and its head less.
const FILE_BYTES_MAX: u64 = 2 << 20;

#[derive(Debug, Args)]
pub struct Options {
    /// The scheme, as `KIT_INGESTION_AUTH` names it. What else it needs is read from its `KIT_INGESTION_*` variables.
    #[arg(long)]
    scheme: String,
    /// The variable of the environment that holds the secret; left out: the scheme's own.
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// The request as it came over the wire, or its body alone beside `--header`.
    #[arg(long)]
    file: PathBuf,
    /// A header, `name: value`; it takes the place of those in the file. Can be given several times.
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// When it came: `2026-01-31T12:00:00Z`, or seconds since 1970. Left out: now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let variables = secrets::variables(root)?;
    let secret = options.secret_env.as_deref().map(|name| secret(&variables, name)).transpose()?;
    if let Some(secret) = &secret {
        redaction::process().learn(secret);
    }
    let ingestion = Ingestion::of_scheme(&variables, &options.scheme, secret.as_deref())?;
    let [scheme] = ingestion.schemes.as_slice() else { bail!("`--scheme` takes one scheme, such as `port`") };
    let request = Request::read(&contents(&options.file)?, &options.headers)?;
    let window = Window::new(options.at.as_deref().map_or_else(|| Ok(Timestamp::now()), moment)?, ingestion.window);
    let message = Message { headers: &request.headers, query: request.query.as_deref(), body: &request.body };
    let verified = match scheme {
        IngestionScheme::Request(scheme) => scheme.verify(&message, window),
        // Who brought the request cannot be seen any more.
        IngestionScheme::ClientCertificate(rule) => rule.verify(&message, Hop::TrustedProxy),
        IngestionScheme::Token { .. } => bail!(
            "the keys of these tokens are at the issuer's address, and `kit verify` asks nobody\n  hint: give the key as \
             `KIT_INGESTION_JWT_PUBLIC_KEY` in place of `KIT_INGESTION_JWT_JWKS_URL`"
        ),
        IngestionScheme::Ims => bail!("only who issued these tokens can tell about them, and `kit verify` asks nobody"),
    };
    say(scheme.name(), message.body.len(), &verified, options.json)
}

fn say(scheme: &str, body_bytes: usize, verified: &Result<Proven, Mismatch>, is_json: bool) -> anyhow::Result<()> {
    let reason = verified.as_ref().err().map(|mismatch| format!("{scheme}: {mismatch}"));
    if is_json {
        let nonce = verified.as_ref().ok().and_then(|proven| proven.nonce.as_ref()).map(ToString::to_string);
        let accepted = reason.is_none();
        println!(
            "{}",
            json!({"scheme": scheme, "accepted": accepted, "bodyBytes": body_bytes, "reason": reason, "nonce": nonce})
        );
    } else {
        match &reason {
            None => println!("accepted: `{scheme}` vouches for this request with a body of {body_bytes} bytes"),
            Some(reason) => println!("refused: {reason}"),
        }
    }
    if reason.is_some() { Err(Found.into()) } else { Ok(()) }
}

fn secret(variables: &Variables, name: &str) -> anyhow::Result<String> {
    let secret = variables.get(name).map(str::to_owned);
    secret.with_context(|| {
        format!("the variable `{name}` is not set\n  hint: `--secret-env` names it, its value is the secret")
    })
}

fn contents(file: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = || format!("cannot read `{}`", file.display());
    let bytes = std::fs::metadata(file).with_context(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        bail!("`{}` has {bytes} bytes, at most {FILE_BYTES_MAX} are read", file.display());
    }
    std::fs::read(file).with_context(unreadable)
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let by_seconds = || text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = text.parse::<Timestamp>().ok().or_else(by_seconds);
    moment.context("`--at` is no time\n  hint: such as `2026-01-31T12:00:00Z`, or seconds since 1970")
}
