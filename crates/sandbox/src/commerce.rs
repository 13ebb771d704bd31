//! One call of the Commerce REST API: fault, authorisation, route, effect, row in the list of calls.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::answer::Answer;
use crate::calls::Calls;
use crate::draft::Draft;
use crate::effect::{self, Incoming, StandIn, Unread};
use crate::faults::Target;
use crate::products::Products;
use crate::{COMMERCE_BODY_BYTES_MAX, Sandbox, path};

const BEARER: &str = "Bearer ";

/// What an authorized call with a complete body wants from the store.
struct Operation<'a> {
    method: &'a Method,
    body: &'a [u8],
    now: Timestamp,
}

impl StandIn for crate::State {
    const TARGET: Target = Target::Commerce;

    fn calls(&mut self) -> &mut Calls {
        &mut self.calls
    }
}

pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let Some(path) = path::below_version(request.uri().path()).map(ToOwned::to_owned) else {
        return Answer::no_route().into_response();
    };
    let is_authorized = is_authorized(&sandbox, request.headers());
    let incoming = Incoming::read(request, path).await;
    let effect = |state: &mut crate::State, incoming: &Incoming, now| {
        if is_authorized { handle(&mut state.products, incoming, now) } else { Answer::not_authorized() }
    };
    effect::answer(&sandbox, &sandbox.shared.state, incoming, effect).await
}

fn handle(products: &mut Products, incoming: &Incoming, now: Timestamp) -> Answer {
    let body = match &incoming.body {
        Ok(body) => body,
        Err(Unread::TooLarge) => return Answer::body_too_large(COMMERCE_BODY_BYTES_MAX),
        Err(Unread::EndedEarly) => return Answer::unreadable("the body ended early"),
    };
    let operation = Operation { method: &incoming.method, body, now };
    match incoming.path.split('/').collect::<Vec<_>>().as_slice() {
        ["products"] => all_products(products, &operation),
        ["products", sku] => match path::decode(sku) {
            Some(sku) => one_product(products, &sku, &operation),
            None => Answer::no_product(),
        },
        _ => Answer::no_route(),
    }
}

fn all_products(products: &mut Products, operation: &Operation<'_>) -> Answer {
    if operation.method != Method::POST {
        return Answer::wrong_method(operation.method.as_str(), "POST");
    }
    let saved = Draft::parse(operation.body).and_then(|draft| products.save(draft, operation.now));
    saved.map_or_else(|refusal| refusal, |body| Answer::json(StatusCode::OK, body))
}

fn one_product(products: &mut Products, sku: &str, operation: &Operation<'_>) -> Answer {
    let found = match *operation.method {
        Method::GET => products.get(sku),
        Method::PUT => Draft::parse(operation.body).and_then(|draft| products.update(sku, draft, operation.now)),
        Method::DELETE => products.delete(sku),
        _ => return Answer::wrong_method(operation.method.as_str(), "GET, PUT, DELETE"),
    };
    found.map_or_else(|refusal| refusal, |body| Answer::json(StatusCode::OK, body))
}

fn is_authorized(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return false };
    match given.as_bytes().split_at_checked(BEARER.len()) {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && sandbox.is_token(token),
        None => false,
    }
}
