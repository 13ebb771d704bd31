use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use engine::{Asked, Begun, Deployed, NotStarted, Web};
use http::HeaderMap;
use http::request::Parts;
use sdk::{ActivationId, Entry, Params, TraceContext, web};
use serde_json::Value;
use store::Status;
use tokio::time::timeout;

use super::address::{Address, Extension};
use super::native::result_of;
use super::parameters::{self, ParameterFault, WebRequest};
use super::projection::{Projected, project};
use super::refusal::{METHODS, Refusal};
use super::waited::Waited;
use super::{as_http, namespace, naming};
use crate::cross_origin::CrossOrigin;
use crate::{BodyFault, Face};

/// With `true` under this annotation callers bring the key of the namespace.
const WHISK_AUTH: &str = "require-whisk-auth";

/// One request to one action.
pub(super) struct Call<'c> {
    pub face: &'c Face,
    pub begun: Begun,
    pub address: &'c Address<'c>,
    pub deployed: &'c Deployed,
}

impl Call<'_> {
    /// What is checked has the order of the contract. An error is an answer that no action gave.
    pub async fn answer(&self, cross_origin: CrossOrigin, request: Request) -> Result<Response, web::Response> {
        // A place is taken when the action begins: who sends slowly, or proves nothing, keeps none from others.
        self.deployed.place().map(drop).map_err(|reason| self.not_started(reason))?;
        let (head, stream) = request.into_parts();
        let body = match self.read(&head.headers, stream).await {
            Ok(body) => body,
            Err(refusal) => return Ok(self.refuse_body(refusal)),
        };
        if let Some(preflight) = cross_origin.preflight(&head.method, &head.headers) {
            return Err(preflight);
        }
        let request = web_request(head, body);
        if !cross_origin.is_left_to_action(&request.method) {
            self.face.runner.admit(self.begun.id, self.deployed, &request).await?;
        }
        let methods = match &*self.deployed.entry {
            Entry::Web(action) => action.methods(),
            Entry::Event(_) | Entry::Runtime(_) | Entry::Sequence(_) => &METHODS,
        };
        if !methods.contains(&request.method) {
            return Err(Refusal::wrong_method(methods).answer(self.begun.id));
        }
        match &*self.deployed.entry {
            Entry::Web(_) => self.run_native(request).await,
            Entry::Event(_) | Entry::Runtime(_) | Entry::Sequence(_) => self.run(&request).await,
        }
    }

    async fn read(&self, headers: &HeaderMap, stream: Body) -> Result<Bytes, Refusal> {
        let bodies = &self.face.bodies;
        let is_native = matches!(&*self.deployed.entry, Entry::Web(_));
        let read = bodies.read(bodies.bytes_max, headers, stream).await;
        let body = read.map_err(|fault| match fault {
            BodyFault::TooLarge { bytes, bytes_max } if !is_native => Refusal::too_large(bytes, bytes_max),
            fault => Refusal::from(fault),
        })?;
        let bytes_max = self.deployed.limits.payload_bytes;
        if body.len() > bytes_max { Err(Refusal::too_large(body.len(), bytes_max)) } else { Ok(body) }
    }

    /// Answers before the refusal is on record: until then all that still comes of the body takes room from others.
    fn refuse_body(&self, refusal: Refusal) -> Response {
        let (runner, begun, name) = (Arc::clone(&self.face.runner), self.begun, Arc::clone(&self.deployed.name));
        let answer = refusal.answer(begun.id);
        let recorded = answer.clone();
        tokio::spawn(async move { runner.turn_away(begun, &name, &recorded).await });
        as_http(answer, begun.id)
    }

    fn not_started(&self, reason: NotStarted) -> web::Response {
        Refusal::from(reason).answer(self.begun.id)
    }

    /// Runs an action that answers by itself.
    async fn run_native(&self, request: web::Request) -> Result<Response, web::Response> {
        let run = self.face.runner.run_web(self.begun, self.deployed, request);
        let run = Waited::new(run.map_err(|reason| self.not_started(reason))?);
        let answer_within = self.face.web.answer_within;
        // Its own time limit ends most actions first.
        let (response, id) = if self.deployed.limits.timeout <= answer_within {
            run.await
        } else if let Ok(ended) = timeout(answer_within, run).await {
            ended
        } else {
            return Ok(not_ready(self.begun.id));
        };
        // What failed is not made a success: its sender has to notice.
        if self.address.extension == Extension::Http || response.status >= 400 {
            return Ok(as_http(response, id));
        }
        Ok(self.projected(&result_of(&response), id))
    }

    async fn run(&self, request: &web::Request) -> Result<Response, web::Response> {
        let params = self.params(request).map_err(|fault| Refusal::from(fault).answer(self.begun.id))?;
        let asked = Asked { trace: TraceContext::from_headers(&request.headers), ..Asked::default() };
        let started = self.face.runner.invoke(&self.deployed.name, params, asked);
        let started = started.map_err(|reason| self.not_started(reason))?;
        let id = started.id;
        let Ok(ended) = timeout(self.face.web.answer_within, started.ended()).await else {
            return Ok(not_ready(id));
        };
        let result = ended.and_then(|ended| match ended.status {
            Status::Success | Status::ApplicationError | Status::Suppressed => serde_json::from_str(&ended.result).ok(),
            Status::DeveloperError | Status::TimedOut | Status::InternalError => None,
        });
        Ok(match result {
            Some(result) => self.projected(&result, id),
            None => as_http(Refusal::failed().answer(id), id),
        })
    }

    fn params(&self, request: &web::Request) -> Result<Params, ParameterFault> {
        let user =
            namespace(self.face).filter(|_| self.deployed.annotations.get(WHISK_AUTH) == Some(&Value::Bool(true)));
        let asked = WebRequest { request, rest: self.address.rest, user };
        if self.deployed.web == Web::Raw {
            return Ok(parameters::raw(asked));
        }
        let inputs = &self.deployed.inputs;
        parameters::merged(asked, |name| self.deployed.is_final() && inputs.has(name))
    }

    fn projected(&self, result: &Value, id: ActivationId) -> Response {
        match project(self.address.extension, result) {
            Ok(Projected { status, headers, body }) => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                naming(response, id)
            }
            Err(fault) => as_http(Refusal::from(fault).answer(id), id),
        }
    }
}

fn not_ready(id: ActivationId) -> Response {
    as_http(Refusal::not_ready().answer(id), id)
}

fn web_request(head: Parts, body: Bytes) -> web::Request {
    let query = head.uri.query().map(str::to_owned);
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    web::Request { method: head.method, headers: head.headers, query, body, peer }
}
