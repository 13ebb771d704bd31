//! The Commerce store that handlers send to, and how it is convinced.

use secrecy::SecretString;

use crate::environment::Mode;
use crate::environment::events::client_secrets;
use crate::environment::reader::{Reader, Setting};
use crate::environment::url::{base_url, url};

const BASE_URL: &str = "COMMERCE_BASE_URL";
const CONSUMER_KEY: &str = "COMMERCE_CONSUMER_KEY";
const CONSUMER_SECRET: &str = "COMMERCE_CONSUMER_SECRET";
const ACCESS_TOKEN: &str = "COMMERCE_ACCESS_TOKEN";
const ACCESS_TOKEN_SECRET: &str = "COMMERCE_ACCESS_TOKEN_SECRET";
const CLIENT_ID: &str = "OAUTH_CLIENT_ID";
const CLIENT_SECRET: &str = "OAUTH_CLIENT_SECRET";
const SCOPES: &str = "OAUTH_SCOPES";
const OAUTH_HOST: &str = "OAUTH_HOST";
const ORG_ID: &str = "OAUTH_ORG_ID";
const GRAPHQL_ENDPOINT: &str = "COMMERCE_GRAPHQL_ENDPOINT";

const OAUTH_HOST_DEFAULT: &str = "https://ims-na1.adobelogin.com/";
/// Calls add it, so that a base URL with it leads nowhere.
const VERSION: &str = "/V1/";
/// Below the host of IMS.
const TOKEN_PATH: &str = "ims/token/v3";

/// How to reach and convince a Commerce store.
#[derive(Debug, Clone)]
pub struct Commerce {
    /// An `http` or `https` URL without user, query and fragment; ends with `/`.
    pub base_url: String,
    pub graphql_url: String,
    pub auth: CommerceAuth,
}

/// The scheme, chosen as Adobe's kit chooses it (contract, section 9.1), with one more that Commerce can be told to
/// take: an access token alone, as bearer.
#[derive(Debug, Clone)]
pub enum CommerceAuth {
    OAuth1(Integration),
    Ims {
        token_url: String,
        client_id: String,
        /// One, or two while one takes the other's place.
        client_secrets: Vec<SecretString>,
        /// As they are sent.
        scopes: String,
        org_id: Option<String>,
    },
    Bearer(SecretString),
}

/// The credentials of an integration, as the Commerce admin shows them: OAuth 1.0a.
#[derive(Debug, Clone)]
pub struct Integration {
    pub consumer_key: String,
    pub consumer_secret: SecretString,
    pub access_token: String,
    pub access_token_secret: SecretString,
}

/// `Mode::Dev` without a base URL means the sandbox; half a configuration is a fault in both modes.
pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<Commerce> {
    if !is_set(reader, BASE_URL) {
        match mode {
            Mode::Dev => return None,
            Mode::Serve => reader.fault(
                BASE_URL,
                "expected the REST base URL of the Commerce store, it is not set",
                "such as `https://shop.example.com/rest/`; `kit dev` has a sandbox instead",
            ),
        }
    }
    let setting = Setting {
        name: BASE_URL,
        expected: "expected an `http` or `https` URL with a host, without user, query and fragment, and without `V1/` at its end",
        hint: "such as `https://shop.example.com/rest/`",
    };
    let base_url = reader.parse(setting, |text| base_url(text).filter(|url| !url.ends_with(VERSION)));
    let graphql_url = graphql_url(reader, base_url.as_deref());
    let auth = auth(reader);
    Some(Commerce { base_url: base_url?, graphql_url: graphql_url?, auth: auth? })
}

/// What is not set there stands as its own name in the manifests of Adobe's dev server.
pub(super) fn is_set(reader: &Reader<'_>, name: &str) -> bool {
    reader.get(name).is_some_and(|value| value.strip_prefix('$') != Some(name))
}

fn auth(reader: &mut Reader<'_>) -> Option<CommerceAuth> {
    if is_set(reader, CONSUMER_KEY) {
        let hint = "copy them from the integration in the Commerce admin";
        demand(reader, &[CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET], hint)?;
        return integration(reader).map(CommerceAuth::OAuth1);
    }
    if is_set(reader, ACCESS_TOKEN) && !is_set(reader, ACCESS_TOKEN_SECRET) {
        return reader.token(ACCESS_TOKEN).map(CommerceAuth::Bearer);
    }
    if is_set(reader, CLIENT_ID) {
        let hint = "copy them from Adobe's Console, for a store that takes IMS tokens; for another one set the four `COMMERCE_*` \
                    values of an integration, or `COMMERCE_ACCESS_TOKEN` alone";
        demand(reader, &[CLIENT_SECRET, SCOPES], hint)?;
        let host = url(reader, OAUTH_HOST, Some(OAUTH_HOST_DEFAULT), OAUTH_HOST_DEFAULT);
        let (client_id, secrets) = (reader.word(CLIENT_ID), client_secrets(reader));
        return Some(CommerceAuth::Ims {
            token_url: format!("{}{TOKEN_PATH}", host?),
            client_id: client_id?,
            client_secrets: secrets?,
            scopes: reader.get(SCOPES)?.to_owned(),
            org_id: if is_set(reader, ORG_ID) { reader.word(ORG_ID) } else { None },
        });
    }
    reader.fault(
        CONSUMER_KEY,
        "Unknown auth type, supported IMS OAuth or Commerce OAuth1. Please review documented auth types",
        "set the four `COMMERCE_*` values of an integration, or `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET` and \
         `OAUTH_SCOPES`, or `COMMERCE_ACCESS_TOKEN` alone for a store that takes it as bearer",
    );
    None
}

/// The integration whose signatures the sandbox takes, when all of it is set.
pub(super) fn of_sandbox(reader: &mut Reader<'_>) -> Option<Integration> {
    let names = [CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET];
    if names.iter().all(|name| is_set(reader, name)) { integration(reader) } else { None }
}

fn integration(reader: &mut Reader<'_>) -> Option<Integration> {
    let (key, secret) = (reader.word(CONSUMER_KEY), reader.token(CONSUMER_SECRET));
    let (token, token_secret) = (reader.word(ACCESS_TOKEN), reader.token(ACCESS_TOKEN_SECRET));
    Some(Integration {
        consumer_key: key?,
        consumer_secret: secret?,
        access_token: token?,
        access_token_secret: token_secret?,
    })
}

/// One fault for all that is missing beside the value that chose the scheme.
fn demand(reader: &mut Reader<'_>, names: &[&'static str], hint: &str) -> Option<()> {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_set(reader, name)).collect();
    let [first, ..] = missing.as_slice() else { return Some(()) };
    let problem = format!("Expected parameters are missing {}", missing.join(", "));
    reader.fault(first, problem, hint);
    None
}

/// Beside the REST API when nothing else is said: `https://shop/rest/` has `https://shop/graphql`.
fn graphql_url(reader: &mut Reader<'_>, base_url: Option<&str>) -> Option<String> {
    if is_set(reader, GRAPHQL_ENDPOINT) {
        let url = url(reader, GRAPHQL_ENDPOINT, None, "https://shop.example.com/graphql")?;
        return Some(url.trim_end_matches('/').to_owned());
    }
    let base_url = base_url?;
    let root = match base_url.trim_end_matches('/').rsplit_once("/rest") {
        Some((root, store)) if store.is_empty() || store.matches('/').count() == 1 => root,
        _ => base_url.trim_end_matches('/'),
    };
    Some(format!("{root}/graphql"))
}
