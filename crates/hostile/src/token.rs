use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};

use crate::face::{ask, query};
use crate::first_line;
use crate::service::{ORGANIZATION, WORLD};

/// Any form, query and content type ask for a token in vain, and any `Authorization` reads a journal in vain: the fuzzer
/// has no secret. The first line is the header, the second the query, the rest the body.
pub fn token(input: &[u8]) {
    let (header, rest) = first_line(input);
    let (parameters, body) = first_line(rest);
    let Ok(header) = HeaderValue::from_bytes(header) else { return };
    let request = Request::post(format!("/ims/token/v3?{}", query(parameters))).header(CONTENT_TYPE, header.clone());
    let Ok(request) = request.body(Body::from(body.to_vec())) else { return };
    let status = ask(&WORLD.router, request).status;
    assert!(status.is_client_error(), "{status}");

    let path = format!("/events/{ORGANIZATION}/registrations");
    let request = Request::get(path).header(AUTHORIZATION, header).header("x-api-key", &WORLD.credential.client_id);
    let status = ask(&WORLD.router, request.body(Body::empty()).expect("a request")).status;
    assert!(status.is_client_error(), "{status}");
}
