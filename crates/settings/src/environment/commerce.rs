//! The Commerce store that handlers send to.

use secrecy::SecretString;

use crate::environment::Mode;
use crate::environment::reader::{Reader, Setting};
use crate::environment::url::base_url;

const BASE_URL: &str = "COMMERCE_BASE_URL";
const ACCESS_TOKEN: &str = "COMMERCE_ACCESS_TOKEN";
/// Set for ways to authenticate that are not built yet.
const LATER: [&str; 2] = ["COMMERCE_CONSUMER_KEY", "OAUTH_CLIENT_ID"];

/// How to reach and convince a Commerce store.
#[derive(Debug, Clone)]
pub struct Commerce {
    /// An `http` or `https` URL without user, query and fragment; ends with `/`.
    pub base_url: String,
    /// An integration's access token, sent as bearer.
    pub access_token: SecretString,
}

/// `Mode::Dev` without a base URL means the sandbox; half a configuration is a fault in both modes.
pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<Commerce> {
    if !reader.is_set(BASE_URL) {
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
        expected: "expected an `http` or `https` URL with a host, without user, query and fragment",
        hint: "such as `https://shop.example.com/rest/`",
    };
    let base_url = reader.parse(setting, base_url);
    let access_token = reader.token(ACCESS_TOKEN);
    if !reader.is_set(ACCESS_TOKEN) {
        let hint = if LATER.iter().any(|name| reader.is_set(name)) {
            "OAuth 1.0a (`COMMERCE_CONSUMER_KEY`) and IMS (`OAUTH_CLIENT_ID`) for Commerce come later; an integration access token sent as bearer works today"
        } else {
            "copy the access token of an integration from the Commerce admin; it is sent as bearer"
        };
        reader.fault(ACCESS_TOKEN, "expected an access token for `COMMERCE_BASE_URL`, it is not set", hint);
    }
    Some(Commerce { base_url: base_url?, access_token: access_token? })
}
