//! What a web action finds in its parameters (contract, Adobe I/O Runtime, web actions).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use sdk::Params;
use sdk::web::Request;
use serde_json::Value;

use super::media_type::MediaType;

/// Fields that a query and a form may have together.
const FIELDS_MAX: usize = 10_000;

const METHOD: &str = "__ow_method";
const HEADERS: &str = "__ow_headers";
const PATH: &str = "__ow_path";
const USER: &str = "__ow_user";
const QUERY: &str = "__ow_query";
const BODY: &str = "__ow_body";

/// Names that only the kit gives a value.
const RESERVED: [&str; 6] = [METHOD, HEADERS, PATH, USER, QUERY, BODY];

/// Why a request makes no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterFault {
    /// It names one that callers cannot set.
    Protected,
    NoJson,
    TooMany,
}

impl fmt::Display for ParameterFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protected => {
                formatter.write_str("Request defines parameters that are not allowed (e.g., reserved properties).")
            }
            Self::NoJson => formatter
                .write_str("The request content was malformed: `content-type` says JSON, and the body is none."),
            Self::TooMany => write!(formatter, "The request has more than {FIELDS_MAX} parameters."),
        }
    }
}

/// A request as an action sees it.
#[derive(Clone, Copy, Debug)]
pub struct WebRequest<'a> {
    pub request: &'a Request,
    /// What follows the action in the path.
    pub rest: &'a str,
    /// The namespace, when the caller has proven to be it.
    pub user: Option<&'a str>,
}

/// Query and body as parameters; the body wins. `is_final` names inputs that no caller replaces.
pub fn merged(asked: WebRequest<'_>, is_final: impl Fn(&str) -> bool) -> Result<Params, ParameterFault> {
    let mut params = Params::new();
    let query = asked.request.query.as_deref().unwrap_or_default();
    fields(query.as_bytes(), &mut params)?;
    let rest = body(&asked.request.headers, &asked.request.body, &mut params)?;
    if params.keys().any(|name| RESERVED.contains(&name.as_str()) || is_final(name)) {
        return Err(ParameterFault::Protected);
    }
    params.extend(rest.map(|value| (BODY.to_owned(), value)));
    add_told(asked, &mut params);
    Ok(params)
}

/// Query and body as they came, for actions that read them themselves.
pub fn raw(asked: WebRequest<'_>) -> Params {
    let Request { headers, query, body, .. } = asked.request;
    let kind = media_type(headers);
    let is_encoded = kind.as_ref().is_none_or(|kind| kind.is_binary() || kind.is("application/json"));
    let body = if body.is_empty() { Value::from("") } else { text(body, is_encoded) };
    let mut params = Params::new();
    params.insert(QUERY.to_owned(), query.as_deref().unwrap_or_default().into());
    params.insert(BODY.to_owned(), body);
    add_told(asked, &mut params);
    params
}

/// Adds the members of a body, or gives it as one value when it has none.
fn body(headers: &HeaderMap, body: &[u8], params: &mut Params) -> Result<Option<Value>, ParameterFault> {
    if body.is_empty() {
        return Ok(None);
    }
    match media_type(headers) {
        Some(kind) if kind.is_json() => match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => {
                params.extend(members);
                Ok(None)
            }
            Ok(other) => Ok(Some(other)),
            Err(_) => Err(ParameterFault::NoJson),
        },
        Some(kind) if kind.is("application/x-www-form-urlencoded") => {
            fields(body, params)?;
            Ok(None)
        }
        kind => Ok(Some(text(body, kind.is_none_or(|kind| kind.is_binary())))),
    }
}

fn fields(encoded: &[u8], params: &mut Params) -> Result<(), ParameterFault> {
    for (name, value) in form_urlencoded::parse(encoded) {
        params.insert(name.into_owned(), Value::from(value));
        if params.len() > FIELDS_MAX {
            return Err(ParameterFault::TooMany);
        }
    }
    Ok(())
}

/// A request without a type, or with none that can be read, has bytes.
fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    MediaType::parse(headers.get(CONTENT_TYPE)?.to_str().ok()?)
}

fn text(body: &[u8], is_encoded: bool) -> Value {
    if is_encoded { STANDARD.encode(body).into() } else { String::from_utf8_lossy(body).into() }
}

fn add_told(asked: WebRequest<'_>, params: &mut Params) {
    params.insert(METHOD.to_owned(), asked.request.method.as_str().to_ascii_lowercase().into());
    params.insert(HEADERS.to_owned(), told_headers(&asked.request.headers));
    params.insert(PATH.to_owned(), asked.rest.into());
    params.extend(asked.user.map(|user| (USER.to_owned(), user.into())));
}

/// Names are in lower case already; a header that came more than once is one list.
fn told_headers(headers: &HeaderMap) -> Value {
    let told = headers.keys().map(|name| {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (name.to_string(), Value::from(values.join(", ")))
    });
    Value::Object(told.collect())
}
