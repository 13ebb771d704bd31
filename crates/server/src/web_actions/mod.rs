//! Web actions (contract, Adobe I/O Runtime, section on web actions): what they are told of a request, and what their
//! callers are told of their results.

mod address;
mod call;
mod media_type;
mod native;
mod parameters;
mod projection;
mod refusal;
mod waited;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use engine::{Begun, Deployed, Web};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use sdk::{ActivationId, Entry, web};

pub use self::address::Extension;
use self::address::{Address, PREFIX};
use self::call::Call;
pub use self::parameters::{ParameterFault, WebRequest, merged, raw};
pub use self::projection::{Projected, Unprojectable, project};
use self::refusal::Refusal;
use crate::cross_origin::CrossOrigin;
use crate::{Face, RuntimeKey, traced};

pub(crate) const ROUTE: &str = "/api/v1/web/{*address}";

/// As traces name it.
const PATTERN: &str = "/api/v1/web/{package}/{action}";

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

/// The action of requests that name none.
const UNNAMED: &str = "unknown";

/// How web actions are answered.
#[derive(Clone, Copy, Debug)]
pub struct WebActions {
    /// Callers wait so long for an action's end, which goes on when it takes longer.
    pub answer_within: Duration,
}

impl Default for WebActions {
    /// As Adobe I/O Runtime has it.
    fn default() -> Self {
        Self { answer_within: Duration::from_mins(1) }
    }
}

/// `ANY /api/v1/web/{package}/{action}[.ext][/rest]`: one run of a web action.
pub(crate) async fn run(State(face): State<Face>, request: Request) -> Response {
    traced(PATTERN, request, |request| respond(face, request)).await
}

async fn respond(face: Face, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let address = Address::parse(&path);
    let begun = face.runner.begin();
    let found = address.as_ref().and_then(|address| Some((address, face.runner.registry().get(&address.name)?)));
    let Some((address, deployed)) = found.filter(|(address, deployed)| is_exported(address, deployed)) else {
        let name = address.filter(Address::is_name).map_or_else(|| UNNAMED.to_owned(), |address| address.name);
        let answer = not_found(&face, begun.id, &path, request.uri().query());
        return turned_away(&face, begun, &name, answer).await;
    };
    let cross_origin = CrossOrigin::of(deployed);
    let call = Call { face: &face, begun, address, deployed };
    let mut response = match call.answer(cross_origin, request).await {
        Ok(response) => response,
        Err(refused) => turned_away(&face, begun, &deployed.name, refused).await,
    };
    cross_origin.allow(response.headers_mut());
    response
}

/// Actions that answer by themselves do not see the rest of a path, so there is nothing behind them.
fn is_exported(address: &Address<'_>, deployed: &Deployed) -> bool {
    let is_native = matches!(&*deployed.entry, Entry::Web(_));
    deployed.web != Web::No && (!is_native || address.rest.is_empty())
}

fn namespace(face: &Face) -> Option<&str> {
    face.runtime.as_ref().map(RuntimeKey::namespace)
}

/// Older addresses begin with the namespace; the action is found without it.
fn not_found(face: &Face, id: ActivationId, path: &str, query: Option<&str>) -> web::Response {
    let moved = path.split_once('/').filter(|(first, rest)| namespace(face) == Some(first) && rest.contains('/'));
    let location = moved.and_then(|(_, rest)| {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        HeaderValue::try_from(format!("{PREFIX}{rest}{query}")).ok()
    });
    match location {
        Some(location) => web::Response {
            status: 308,
            headers: vec![(LOCATION, location)],
            body: Bytes::new(),
            recorded: None,
            detail: None,
        },
        None => Refusal::not_found().answer(id),
    }
}

/// The answer to a request that did not get to an action, which is on record, too.
async fn turned_away(face: &Face, begun: Begun, name: &str, answer: web::Response) -> Response {
    face.runner.turn_away(begun, name, &answer).await;
    as_http(answer, begun.id)
}

fn as_http(answered: web::Response, activation: ActivationId) -> Response {
    let has_body = !answered.body.is_empty();
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.extend(answered.headers);
    if has_body {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    naming(response, activation)
}

/// Every answer says which activation it is of.
fn naming(mut response: Response, activation: ActivationId) -> Response {
    if let Ok(id) = HeaderValue::try_from(activation.to_string()) {
        response.headers_mut().insert(ACTIVATION_ID, id);
    }
    response
}
