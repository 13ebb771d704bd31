//! How `kit event send` proves who sends, by the scheme that `KIT_INGESTION_AUTH` demands.

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use schemes::standard_webhooks::{self, SigningKeys};
use schemes::{Scheme, stripe};
use secrecy::SecretString;
use settings::{Ingestion, IngestionScheme, Server, Variables};
use uuid::Uuid;

use crate::cli::action::proof;

pub const AUTH: &str = "KIT_INGESTION_AUTH";

/// The headers for a request with this body; none where everybody may send.
///
/// # Errors
/// None of the schemes can be fulfilled from here; says what is missing.
pub async fn headers(variables: &Variables, body: &[u8], now: Timestamp) -> anyhow::Result<HeaderMap> {
    let names: Vec<&str> = variables.get(AUTH).into_iter().flat_map(|said| said.split(',')).map(str::trim).collect();
    let mut missing = Vec::new();
    for name in names.iter().filter(|name| **name != "none") {
        match of_scheme(variables, name, body, now).await {
            Ok(headers) => return Ok(headers),
            Err(error) => missing.push(format!("{error:#}")),
        }
    }
    if !missing.is_empty() {
        bail!("nothing can be sent as `{AUTH}` demands\n  hint: {}", missing.join("; "));
    }
    Ok(HeaderMap::new())
}

async fn of_scheme(variables: &Variables, name: &str, body: &[u8], now: Timestamp) -> anyhow::Result<HeaderMap> {
    let ingestion = Ingestion::of_scheme(variables, name, None).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let Some(scheme) = ingestion.schemes.first() else { return Ok(HeaderMap::new()) };
    match scheme {
        IngestionScheme::Request(scheme) => signed(variables, scheme, body, now),
        IngestionScheme::Ims => {
            let headers = proof::headers(variables, &Server::read(variables)?).await?;
            if headers.is_empty() {
                bail!("`ims` wants `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET` and `OAUTH_ORG_ID`");
            }
            Ok(headers)
        }
        IngestionScheme::Token { .. } => bail!("`jwt` wants a token of its issuer, which this command cannot get"),
        IngestionScheme::ClientCertificate(_) => bail!("`client-certificate` wants a proxy before the kit"),
    }
}

fn signed(variables: &Variables, scheme: &Scheme, body: &[u8], now: Timestamp) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    match scheme {
        Scheme::ApiKey(key) => {
            headers.insert(key.header.clone(), secret_header(&first(variables, "KIT_INGESTION_API_KEY_SECRET")?)?);
        }
        Scheme::Basic(_) => {
            let user = variables.get("KIT_INGESTION_BASIC_USER").unwrap_or_default();
            let pair = format!("{user}:{}", first(variables, "KIT_INGESTION_BASIC_PASSWORD")?);
            headers.insert(AUTHORIZATION, secret_header(&format!("Basic {}", BASE64_STANDARD.encode(pair)))?);
        }
        Scheme::Signature { rule, keys } => headers = rule.sign(keys, now, body),
        Scheme::Stripe(keys) => headers = stripe::sign(keys, now, body),
        Scheme::StandardWebhooks(_) => {
            let secret = SecretString::from(first(variables, "KIT_INGESTION_STANDARD_WEBHOOKS_SECRET")?);
            let keys = SigningKeys::parse(&[secret]).context(
                "`standard-webhooks` wants a key that signs (`whsec_...`), and the one that is set only verifies",
            )?;
            headers = standard_webhooks::sign(&keys, &format!("msg_{}", Uuid::now_v7().simple()), now, body)?;
        }
        Scheme::Token { .. } => bail!("`jwt` wants a token of its issuer, which this command cannot get"),
    }
    Ok(headers)
}

/// A variable may hold one secret, or a JSON array of several: the first is the newest.
fn first(variables: &Variables, name: &str) -> anyhow::Result<String> {
    let text = variables.get(name).with_context(|| format!("`{name}` is not set"))?;
    let several: Option<Vec<String>> = serde_json::from_str(text).ok();
    Ok(several.and_then(|several| several.into_iter().next()).unwrap_or_else(|| text.to_owned()))
}

fn secret_header(text: &str) -> anyhow::Result<HeaderValue> {
    let mut value = HeaderValue::try_from(text).context("a secret cannot be sent in a header")?;
    value.set_sensitive(true);
    Ok(value)
}
