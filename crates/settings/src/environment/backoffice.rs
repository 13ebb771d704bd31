//! The back office that the Commerce side sends to, and how it is convinced.

use http::HeaderName;
use secrecy::SecretString;

use crate::environment::commerce::is_set;
use crate::environment::reader::{Reader, Setting};
use crate::environment::url::url;

pub(super) const URL: &str = "KIT_BACKOFFICE_URL";
const AUTH: &str = "KIT_BACKOFFICE_AUTH";
const API_KEY: &str = "KIT_BACKOFFICE_API_KEY";
const API_KEY_HEADER: &str = "KIT_BACKOFFICE_API_KEY_HEADER";
const API_KEY_HEADER_DEFAULT: HeaderName = HeaderName::from_static("x-api-key");
const USER: &str = "KIT_BACKOFFICE_USER";
const PASSWORD: &str = "KIT_BACKOFFICE_PASSWORD";
const TOKEN_URL: &str = "KIT_BACKOFFICE_TOKEN_URL";
const CLIENT_ID: &str = "KIT_BACKOFFICE_CLIENT_ID";
const CLIENT_SECRET: &str = "KIT_BACKOFFICE_CLIENT_SECRET";
const SCOPES: &str = "KIT_BACKOFFICE_SCOPES";

/// How to reach and convince a back office.
#[derive(Debug, Clone)]
pub struct Backoffice {
    /// Ends with `/`; the path of each event follows.
    pub base_url: String,
    pub auth: BackofficeAuth,
}

#[derive(Debug, Clone)]
pub enum BackofficeAuth {
    None,
    ApiKey {
        header: HeaderName,
        key: SecretString,
    },
    Basic {
        user: String,
        password: SecretString,
    },
    /// Client credentials.
    OAuth {
        token_url: String,
        client_id: String,
        client_secret: SecretString,
        /// As they are sent.
        scopes: Option<String>,
    },
}

/// Nothing without a URL: in `dev` the sandbox ERP stands in, and `serve` finds out whether an action needs one.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Backoffice> {
    let setting = Setting {
        name: AUTH,
        expected: "expected `none`, `api-key`, `basic` or `oauth`",
        hint: "it says how the back office at `KIT_BACKOFFICE_URL` is convinced; leave it out for `none`",
    };
    let auth = if is_set(reader, AUTH) { reader.get(AUTH).unwrap_or("none") } else { "none" };
    let auth = match auth {
        "none" => Some(BackofficeAuth::None),
        "api-key" => api_key(reader),
        "basic" => basic(reader),
        "oauth" => oauth(reader),
        _ => {
            reader.fault(setting.name, setting.expected, setting.hint);
            None
        }
    };
    if !is_set(reader, URL) {
        return None;
    }
    let base_url = url(reader, URL, None, "https://erp.example.com/api/");
    Some(Backoffice { base_url: base_url?, auth: auth? })
}

fn api_key(reader: &mut Reader<'_>) -> Option<BackofficeAuth> {
    demand(reader, "api-key", &[API_KEY])?;
    let setting = Setting {
        name: API_KEY_HEADER,
        expected: "expected the name of a header",
        hint: "leave it out for `x-api-key`",
    };
    let header = if is_set(reader, API_KEY_HEADER) {
        reader.parse(setting, |text| HeaderName::try_from(text).ok())
    } else {
        Some(API_KEY_HEADER_DEFAULT)
    };
    Some(BackofficeAuth::ApiKey { header: header?, key: reader.token(API_KEY)? })
}

fn basic(reader: &mut Reader<'_>) -> Option<BackofficeAuth> {
    demand(reader, "basic", &[USER, PASSWORD])?;
    let setting = Setting {
        name: USER,
        expected: "expected a name without a colon and control characters",
        hint: "basic authentication ends the name at the first colon",
    };
    let is_name = |text: &str| !text.contains(|letter: char| letter == ':' || letter.is_control());
    let user = reader.parse(setting, |text| is_name(text).then(|| text.to_owned()));
    let password = reader.get(PASSWORD).map(SecretString::from);
    Some(BackofficeAuth::Basic { user: user?, password: password? })
}

fn oauth(reader: &mut Reader<'_>) -> Option<BackofficeAuth> {
    demand(reader, "oauth", &[TOKEN_URL, CLIENT_ID, CLIENT_SECRET])?;
    let token_url = url(reader, TOKEN_URL, None, "https://login.example.com/oauth/token");
    Some(BackofficeAuth::OAuth {
        token_url: token_url?.trim_end_matches('/').to_owned(),
        client_id: reader.get(CLIENT_ID)?.to_owned(),
        client_secret: reader.get(CLIENT_SECRET).map(SecretString::from)?,
        scopes: if is_set(reader, SCOPES) { reader.get(SCOPES).map(str::to_owned) } else { None },
    })
}

/// A fault for each value that the chosen kind needs.
fn demand(reader: &mut Reader<'_>, kind: &str, names: &[&'static str]) -> Option<()> {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_set(reader, name)).collect();
    for name in &missing {
        let problem = format!("expected a value for `KIT_BACKOFFICE_AUTH={kind}`, it is not set");
        reader.fault(
            name,
            problem,
            "set it, or leave `KIT_BACKOFFICE_AUTH` out for a back office that asks for nothing",
        );
    }
    missing.is_empty().then_some(())
}
