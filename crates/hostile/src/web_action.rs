use http::Method;
use sdk::web::Request;
use serde_json::Value;
use server::{Extension, WebRequest, merged, project, raw};

use crate::{first_line, headers_and_body};

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::OPTIONS];

const EXTENSIONS: [Extension; 5] = [Extension::Http, Extension::Json, Extension::Html, Extension::Svg, Extension::Text];

/// An input that no caller replaces.
const FINAL: &str = "secret";

/// Any request makes parameters or is refused: nothing that it says replaces what only the kit says. The first byte picks
/// the method, the rest of its line is the query; then come headers and a body.
pub fn web_request(input: &[u8]) {
    let (query, rest) = first_line(input);
    let (pick, query) = query.split_first().unwrap_or((&0, &[]));
    let (headers, body) = headers_and_body(rest, &["content-type", "x-own"]);
    let request = Request {
        method: METHODS[usize::from(*pick) % METHODS.len()].clone(),
        headers,
        query: std::str::from_utf8(query).ok().map(str::to_owned),
        body: body.to_vec().into(),
        peer: None,
    };
    let asked = WebRequest { request: &request, rest: "", user: None };
    let method = request.method.as_str().to_ascii_lowercase();
    let all = [Ok(raw(asked)), merged(asked, |name| name == FINAL)];
    for params in all.into_iter().flatten() {
        assert_eq!(params["__ow_method"], method);
        assert!(params["__ow_headers"].is_object() && params["__ow_path"] == "");
        assert!(!params.contains_key("__ow_user") && !params.contains_key(FINAL));
    }
}

/// Any result of an action makes an answer that can be sent, or none: the connection's own headers are never the
/// action's. The first byte picks what of the result is wanted.
pub fn web_result(input: &[u8]) {
    let [pick, result @ ..] = input else { return };
    let Ok(result) = serde_json::from_slice::<Value>(result) else { return };
    let Ok(answer) = project(EXTENSIONS[usize::from(*pick) % EXTENSIONS.len()], &result) else { return };
    assert!((200..600).contains(&answer.status.as_u16()));
    for name in ["connection", "content-length", "transfer-encoding"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
    assert!(answer.body.is_empty() || answer.headers.contains_key("content-type"));
}
