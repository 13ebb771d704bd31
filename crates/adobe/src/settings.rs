use http::HeaderValue;
use reqwest::Url;

/// A client cannot be set up with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("the {which} must begin with `https://` or `http://`")]
    Url { which: &'static str },
    #[error("the {which} must begin with `https://`: whoever is on the way could change what is read there")]
    Plain { which: &'static str },
    #[error("`{key}` has characters that no header can carry")]
    Header { key: &'static str },
    #[error("there is no client secret; set `OAUTH_CLIENT_SECRET`")]
    NoSecret,
}

pub(crate) fn http_url(text: &str, which: &'static str) -> Result<Url, SettingsError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or(SettingsError::Url { which })
}

/// Marked as sensitive.
pub(crate) fn header(text: &str, key: &'static str) -> Result<HeaderValue, SettingsError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SettingsError::Header { key })?;
    value.set_sensitive(true);
    Ok(value)
}
