//! Whether IMS gives us a token, and what it is good for.

use adobe::{Ims, Token, TokenError};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use settings::{Commerce, CommerceAuth, EventsClient};

use super::cloud_store;
use super::finding::Finding;
use super::probe::{WITHIN, origin};

const CHECK: &str = "token";
const SCOPES: &str = "scopes";

/// What Adobe's kit asks for, to work with the events API (contract of the starter kit, section 10.4).
const NEEDED: [&str; 8] = [
    "AdobeID",
    "openid",
    "read_organizations",
    "additional_info.projectedProductContext",
    "additional_info.roles",
    "adobeio_api",
    "read_client_secret",
    "manage_client_secrets",
];
/// For stores in Adobe's cloud service.
const OF_CLOUD_STORE: &str = "commerce.accs";

/// What came of asking for one.
pub struct Asked {
    pub token: Finding,
    pub scopes: Finding,
}

pub async fn check(ims: &Ims, client: &EventsClient, commerce: Option<&Commerce>) -> Asked {
    let place = origin(&client.token_url);
    let none = |token| Asked { token, scopes: Finding::skipped(SCOPES, "there is no token") };
    match tokio::time::timeout(WITHIN, ims.token()).await {
        Err(_) => {
            let seen = format!("IMS at {place} did not answer within {} s", WITHIN.as_secs());
            none(Finding::bad(CHECK, seen, "check `OAUTH_BASE_URL`, and the network"))
        }
        Ok(Err(error)) => none(refused(&error, &place)),
        Ok(Ok(token)) => Asked {
            token: Finding::ok(CHECK, format!("IMS at {place} gives one")),
            scopes: scopes(granted(&token).as_deref(), client, commerce),
        },
    }
}

fn refused(error: &TokenError, place: &str) -> Finding {
    let hint = match error {
        TokenError::InvalidClient => {
            "copy `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET` of the OAuth Server-to-Server credential again"
        }
        TokenError::InvalidScope => {
            "add the API that these scopes belong to to the project in Adobe's Console, or take them out of `OAUTH_SCOPES`"
        }
        TokenError::Refused { code } if code.contains("org") => {
            "`OAUTH_ORG_ID` is `project.org.ims_org_id` of the workspace's JSON, `<24 hex digits>@AdobeOrg`"
        }
        TokenError::Refused { .. } => {
            "look at the credential in Adobe's Console: it may be revoked, or of another kind"
        }
        TokenError::NotJson { .. } | TokenError::Unreadable { .. } | TokenError::TooLarge { .. } => {
            "check `OAUTH_BASE_URL`; a proxy or login before it has to let requests through"
        }
        TokenError::Unavailable { .. } => "wait some minutes, and look at status.adobe.com",
        TokenError::NoAnswer { .. } => {
            "check `OAUTH_BASE_URL`, and the network; a private address has to stand in `KIT_OUTBOUND_ALLOW`"
        }
    };
    // What is behind its first semicolon is a hint of its own, which ours says better.
    let seen = error.to_string();
    let seen = seen.split(';').next().unwrap_or_default().to_owned();
    Finding::bad(CHECK, format!("{seen} (asked at {place})"), hint)
}

/// The scopes that a token names, if it is one that can be read. Nobody has checked its signature.
fn granted(token: &Token) -> Option<Vec<String>> {
    let text = token.bearer().to_str().ok()?.strip_prefix("Bearer ")?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    let scopes = payload.get("scope")?.as_str()?.split([',', ' ']);
    Some(scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

/// What was asked for counts when the token does not tell what was given.
fn scopes(granted: Option<&[String]>, client: &EventsClient, commerce: Option<&Commerce>) -> Finding {
    let (has, verb) = match granted {
        Some(granted) => (granted, "has"),
        None => (client.scopes.as_slice(), "was asked for with"),
    };
    let cloud = commerce.filter(|commerce| cloud_store(&commerce.base_url));
    let needed = NEEDED.into_iter().chain(cloud.map(|_| OF_CLOUD_STORE));
    let missing: Vec<String> =
        needed.filter(|needed| !has.iter().any(|scope| scope == needed)).map(|scope| format!("`{scope}`")).collect();
    if !missing.is_empty() {
        let hint = "add it to `OAUTH_SCOPES` (left out, it holds all but `commerce.accs`), and its API to the project in \
                    Adobe's Console";
        return Finding::bad(SCOPES, format!("the token {verb} no {}", missing.join(", ")), hint);
    }
    if cloud.is_some_and(|commerce| !matches!(commerce.auth, CommerceAuth::Ims { .. })) {
        let hint = "take the `COMMERCE_*` credentials out, and set `OAUTH_SCOPES` with `commerce.accs` among them";
        return Finding::bad(SCOPES, "a store in Adobe's cloud service takes tokens of IMS only", hint);
    }
    Finding::ok(SCOPES, format!("the token {verb} all that are needed"))
}
