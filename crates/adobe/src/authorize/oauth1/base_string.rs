use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use reqwest::Url;

/// RFC 3986's unreserved characters stay.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Name and value, both encoded.
pub(super) type Parameter = (String, String);

pub(super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ESCAPED).to_string()
}

/// RFC 5849, section 3.4.1: what is signed, whatever the algorithm.
pub(super) fn base_string(method: &str, url: &Url, mut parameters: Vec<Parameter>) -> String {
    parameters.sort_unstable();
    let pairs: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let [url, pairs] = [base_url(url), pairs.join("&")].map(|part| encode(part.as_bytes()));
    format!("{}&{url}&{pairs}", method.to_ascii_uppercase())
}

/// The parameters of a query, decoded as a form is and encoded again in the one way that signatures know.
pub(super) fn query_parameters(query: &str) -> Vec<Parameter> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (encode(&decode(name)), encode(&decode(value)))).collect()
}

/// Bytes, because nothing says that they are UTF-8.
fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(&text.replace('+', " ")).collect()
}

/// The address without query. A parsed URL has its scheme and host in lower case, and no port that is the usual one.
fn base_url(url: &Url) -> String {
    let port = url.port().map_or(Cow::Borrowed(""), |port| format!(":{port}").into());
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}
