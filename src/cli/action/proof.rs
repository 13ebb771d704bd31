//! How the command line shows a guarded action who calls.

use adobe::{Clock, Ims, ImsSettings, Pool};
use anyhow::Context;
use egress::{Allowance, Gate};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use settings::{Caller, Server, Variables};

use super::base;

const ORG_ID: &str = "x-gw-ims-org-id";

/// The headers that a guard asks for; none when there is nothing to prove it with.
pub async fn headers(variables: &Variables, server: &Server) -> anyhow::Result<HeaderMap> {
    let Some(caller) = Caller::read(variables)? else { return Ok(HeaderMap::new()) };
    match asked(&caller, server).await {
        Ok(headers) => Ok(headers),
        // A kit on loopback asks for no proof, so the call is worth a try.
        Err(error) => {
            eprintln!("note: called without an access token: {error:#}");
            Ok(HeaderMap::new())
        }
    }
}

async fn asked(caller: &Caller, server: &Server) -> anyhow::Result<HeaderMap> {
    let token_url = match &caller.token_url {
        Some(url) => url.clone(),
        None => format!("{}ims/token/v3", base(server)?),
    };
    let settings = ImsSettings {
        token_url,
        client_id: caller.client_id.clone(),
        client_secrets: caller.client_secrets.clone(),
        org_id: Some(caller.org_id.clone()),
        scopes: caller.scopes.clone(),
    };
    let token = Ims::new(Pool::new(&Gate::new(Allowance::everywhere()))?, settings, Clock::system())?.token().await?;
    let org_id = HeaderValue::try_from(&caller.org_id).context("`OAUTH_ORG_ID` cannot be sent")?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, token.bearer().clone());
    headers.insert(ORG_ID, org_id);
    Ok(headers)
}
