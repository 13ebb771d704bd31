use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use json_patch::Patch;
use sdk::json;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::{Service, content_type};

pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

const DOCUMENTS: &[&str] = &["application/json", "application/hal+json"];
const PATCHES: &[&str] = &["application/json-patch+json"];

/// A body that is one JSON document.
#[derive(Debug)]
pub(super) struct Document(pub(super) Value);

impl FromRequest<Service> for Document {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        check_type(request.headers(), DOCUMENTS)?;
        Ok(Self(parse(&read(service, request).await?)?))
    }
}

/// A body that is one JSON document, kept as it was written, or none at all.
#[derive(Debug)]
pub(super) struct Optional(pub(super) Option<Box<RawValue>>);

impl FromRequest<Service> for Optional {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        let checked = check_type(request.headers(), DOCUMENTS);
        let body = read(service, request).await?;
        if body.is_empty() {
            return Ok(Self(None));
        }
        checked?;
        Ok(Self(Some(parse(&body)?)))
    }
}

/// A body that is a JSON Patch (RFC 6902).
#[derive(Debug)]
pub(super) struct Operations(pub(super) Patch);

impl FromRequest<Service> for Operations {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        check_type(request.headers(), PATCHES)?;
        let body = read(service, request).await?;
        let text = json::check(&body).map_err(not_json)?;
        match serde_json::from_str(text) {
            Ok(patch) => Ok(Self(patch)),
            Err(_) => Err(Problem::bad_request(
                "the body is no JSON Patch; it is an array such as [{\"op\": \"replace\", \"path\": \"/label\", \
                 \"value\": \"New\"}], with the operations of RFC 6902",
            )),
        }
    }
}

fn check_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Problem> {
    let named = content_type::of(headers);
    if accepted.contains(&named.as_str()) {
        return Ok(());
    }
    let message = format!("the header `content-type` must be `{}`", accepted.join("` or `"));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

async fn read(service: &Service, request: Request) -> Result<Bytes, Problem> {
    let (head, body) = request.into_parts();
    Ok(service.0.options.bodies.read(BODY_BYTES_MAX, &head.headers, body).await?)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = json::check(body).map_err(not_json)?;
    serde_json::from_str(text).map_err(|error| not_json(error.to_string()))
}

fn not_json(reason: impl std::fmt::Display) -> Problem {
    Problem::bad_request(format!("the body is not strict JSON: {reason}"))
}
