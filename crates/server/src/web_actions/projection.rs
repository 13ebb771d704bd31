//! From what an action gave to what its caller is answered (contract, Adobe I/O Runtime, web actions).

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::address::Extension;
use super::media_type::MediaType;

/// Some write the padding of base64, some do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the connection says itself, whatever an action says.
const OF_THE_CONNECTION: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// An answer made from a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projected {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why a result makes no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprojectable {
    /// It is not what this media type is made of.
    NotOf(&'static str),
    UnknownContentType,
    OtherContentType,
    /// The member that was asked for is not there.
    Missing,
}

impl Unprojectable {
    pub fn status(self) -> StatusCode {
        match self {
            Self::Missing => StatusCode::NOT_FOUND,
            Self::NotOf(_) | Self::UnknownContentType | Self::OtherContentType => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for Unprojectable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOf(media_type) => write!(formatter, "Response is not valid '{media_type}'."),
            Self::UnknownContentType => formatter.write_str("Response did not specify a known content-type."),
            Self::OtherContentType => {
                formatter.write_str("Response type in header did not match generated content type.")
            }
            Self::Missing => formatter.write_str("Response does not include requested property."),
        }
    }
}

/// The answer that a result makes. One of an application error has it in the member `error`.
pub fn project(extension: Extension, result: &Value) -> Result<Projected, Unprojectable> {
    let result = result.get("error").unwrap_or(result);
    let text_of = |names: [&str; 2], media_type: &'static str| match member(result, names)? {
        Value::String(text) => Ok(of_type(&format!("{media_type}; charset=UTF-8"), text.clone().into())),
        _ => Err(Unprojectable::NotOf(media_type)),
    };
    match extension {
        Extension::Http => as_http(result),
        Extension::Json if result.is_object() || result.is_array() => {
            Ok(of_type("application/json", result.to_string().into()))
        }
        Extension::Json => Err(Unprojectable::NotOf("application/json")),
        Extension::Html => text_of(["body", "html"], "text/html"),
        Extension::Svg => text_of(["body", "svg"], "image/svg+xml"),
        Extension::Text => {
            let text = match member(result, ["body", "text"])? {
                Value::String(text) => text.clone(),
                other => format!("{other:#}"),
            };
            Ok(of_type("text/plain; charset=UTF-8", text.into()))
        }
    }
}

fn member<'v>(result: &'v Value, names: [&str; 2]) -> Result<&'v Value, Unprojectable> {
    names.iter().find_map(|name| result.get(name)).ok_or(Unprojectable::Missing)
}

fn of_type(content_type: &str, body: Bytes) -> Projected {
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(content_type).ok().map(|value| (CONTENT_TYPE, value)));
    Projected { status: StatusCode::OK, headers, body }
}

fn as_http(result: &Value) -> Result<Projected, Unprojectable> {
    const INVALID: Unprojectable = Unprojectable::NotOf("message/http");
    let Value::Object(result) = result else { return Err(INVALID) };
    let mut headers = headers(result).ok_or(INVALID)?;
    let status = match result.get("statusCode") {
        None => None,
        Some(status) => Some(status_code(status).ok_or(INVALID)?),
    };
    let (content_type, body) = match result.get("body").unwrap_or(&Value::Null) {
        Value::Null => (None, Bytes::new()),
        Value::String(text) if text.is_empty() => (None, Bytes::new()),
        Value::String(text) => {
            let media_type = content_type(&headers, "text/html")?;
            (Some(media_type.header()), encoded(&media_type, text)?)
        }
        body => {
            let media_type = content_type(&headers, "application/json")?;
            if !media_type.is_json() {
                return Err(Unprojectable::OtherContentType);
            }
            (Some(media_type.header()), body.to_string().into())
        }
    };
    headers.remove(CONTENT_TYPE);
    headers.extend(content_type.and_then(|value| HeaderValue::try_from(value).ok()).map(|value| (CONTENT_TYPE, value)));
    let usual = if body.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    Ok(Projected { status: status.unwrap_or(usual), headers, body })
}

/// A whole number, also as text, that a final answer can have.
fn status_code(status: &Value) -> Option<StatusCode> {
    let number = match status {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => f64::from(text.parse::<u16>().ok()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // `200.0` is a whole number, too.
    let whole = (200..=599_u16).find(|code| f64::from(*code).total_cmp(&number).is_eq())?;
    StatusCode::from_u16(whole).ok()
}

/// `None` when there is one that cannot be sent.
fn headers(result: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let Some(given) = result.get("headers") else { return Some(headers) };
    for (name, value) in given.as_object()? {
        let name = HeaderName::try_from(name).ok()?;
        append(&mut headers, &name, value)?;
    }
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    Some(headers)
}

fn append(headers: &mut HeaderMap, name: &HeaderName, value: &Value) -> Option<()> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Array(values) => return values.iter().try_for_each(|value| append(headers, name, value)),
        Value::Null | Value::Object(_) => return None,
    };
    headers.try_append(name, HeaderValue::try_from(text).ok()?).ok().map(|_| ())
}

fn content_type(headers: &HeaderMap, usual: &str) -> Result<MediaType, Unprojectable> {
    let said = match headers.get(CONTENT_TYPE) {
        None => usual,
        Some(value) => value.to_str().map_err(|_| Unprojectable::UnknownContentType)?,
    };
    MediaType::parse(said).ok_or(Unprojectable::UnknownContentType)
}

/// Bytes travel through JSON as base64, and so did JSON once. What is JSON as it stands was not encoded.
fn encoded(media_type: &MediaType, text: &str) -> Result<Bytes, Unprojectable> {
    if media_type.is_binary() {
        return BASE64.decode(text).map(Bytes::from).map_err(|_| Unprojectable::OtherContentType);
    }
    let was_encoded = media_type.is_json() && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err();
    let decoded = was_encoded.then(|| BASE64.decode(text).ok()).flatten();
    Ok(decoded.map_or_else(|| text.to_owned().into(), Bytes::from))
}
