//! Who is let in: connections at the listener, requests before the routes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use schemes::network::origin;
use tokio::net::TcpStream;
use tower::ServiceExt;
use tracing::warn;

use super::Limits;
use super::activity::Activity;
use super::client::{Client, Clients};
use super::places::{Place, Places};
use crate::bodies::Share;
use crate::body::drain_apart;
use crate::{answer, meters};

/// Told to whoever finds no place.
const RETRY_AFTER_SECONDS: &str = "1";

/// To whoever finds no place for a connection, when it speaks HTTP without TLS.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\ncontent-length: 74\r\nretry-after: 1\r\nconnection: close\r\n\
    x-content-type-options: nosniff\r\nx-frame-options: DENY\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
    content-security-policy: default-src 'none'; frame-ancestors 'none'\r\ncross-origin-resource-policy: same-origin\r\n\r\n\
    {\"error\":\"more connections are open than can be served; come again later\"}";

/// Answered however many requests there are: whoever looks after this process has to see how it is.
const ALWAYS_ANSWERED: [&str; 3] = ["/health/live", "/health/ready", "/metrics"];

/// The same trouble is in the log once in this time.
const LOGGED_EVERY: Duration = Duration::from_mins(1);

/// What requests come over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Door {
    limits: Limits,
    router: Router,
    connections: Arc<Places>,
    requests: Places,
    clients: Option<Clients>,
    begun: Instant,
    transport: Transport,
    logged: Mutex<Option<Instant>>,
}

/// What one connection has, given back with it.
#[derive(Debug)]
pub(super) struct Seat {
    door: Arc<Door>,
    peer: SocketAddr,
    client: Option<Arc<Client>>,
    pub(super) activity: Activity,
    _places: [Option<Place<Arc<Places>>>; 2],
}

impl Door {
    pub(super) fn new(limits: Limits, router: Router, transport: Transport) -> Self {
        let Limits { per_client, rate, body_bytes_per_client, .. } = &limits;
        let is_counted = per_client.is_some() || rate.is_some() || body_bytes_per_client.is_some();
        Self {
            router,
            connections: Arc::new(Places::new(limits.connections_max)),
            requests: Places::new(limits.requests_at_once),
            clients: is_counted.then(|| Clients::new(limits.per_client.unwrap_or(usize::MAX))),
            begun: Instant::now(),
            transport,
            logged: Mutex::default(),
            limits,
        }
    }

    /// A seat for a new connection; whoever finds none is told so, and goes.
    pub(super) fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) -> Option<(TcpStream, Seat)> {
        // Answers are one small write; waiting to fill a packet only makes them late.
        if let Err(error) = stream.set_nodelay(true) {
            self.log(|| warn!(%error, "a connection keeps its delay"));
        }
        let Some(place) = Places::take(Arc::clone(&self.connections)) else {
            self.turn_away(
                stream,
                "connections",
                "all connections are taken; KIT_CONNECTIONS_MAX says how many there are",
            );
            return None;
        };
        let client = self.client(peer);
        let own_place = client.as_ref().map(|client| Places::take(Arc::clone(&client.connections)));
        if let Some(None) = own_place {
            let told = "a client has as many connections as KIT_CONNECTIONS_PER_CLIENT grants; others are answered";
            self.turn_away(stream, "connections_of_client", told);
            return None;
        }
        let places = [Some(place), own_place.flatten()];
        let door = Arc::clone(self);
        Some((stream, Seat { door, peer, client, activity: Activity::default(), _places: places }))
    }

    pub(super) fn accept_failed(&self, error: &io::Error) {
        self.log(|| warn!(%error, "a connection cannot be accepted"));
    }

    /// Who is counted apart: none for a proxy, which speaks for many.
    fn client(&self, peer: SocketAddr) -> Option<Arc<Client>> {
        let is_proxy = self.limits.proxies.iter().any(|network| network.contains(peer.ip()));
        self.clients.as_ref().filter(|_| !is_proxy).map(|clients| clients.of(peer.ip(), self.now()))
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn turn_away(&self, stream: TcpStream, reason: &'static str, told: &'static str) {
        meters::refused(reason);
        self.log(|| warn!("{told}"));
        // The text is short and the connection new: it fits into what the system buffers, or nobody is there.
        match self.transport {
            Transport::Plain => {
                if let Ok(mut stream) = stream.into_std() {
                    let _ = stream.write_all(TURNED_AWAY);
                }
            }
            Transport::Tls => {}
        }
    }

    fn log(&self, say: impl FnOnce()) {
        let now = Instant::now();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|logged| now.duration_since(logged) >= LOGGED_EVERY) {
            *logged = Some(now);
            say();
        }
    }
}

impl Seat {
    pub(super) fn limits(&self) -> &Limits {
        &self.door.limits
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response {
        let _under_way = self.activity.begin();
        let mut request = request.map(Body::new);
        if request.headers().len() > self.limits().headers_max {
            let told = "the request has more headers than are taken";
            return refuse(request, "headers", answer::error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, told));
        }
        if ALWAYS_ANSWERED.contains(&request.uri().path()) {
            return self.run(request).await;
        }
        let passed_on = if self.client.is_none() { self.passed_on(request.headers()) } else { None };
        let client = self.client.as_ref().or(passed_on.as_ref());
        if let Some((client, rate)) = client.zip(self.limits().rate)
            && let Err(wait) = client.allowance.take(rate, self.door.now())
        {
            return refuse(request, "rate", too_often(wait));
        }
        if let Some((client, bytes_max)) = client.zip(self.limits().body_bytes_per_client) {
            request.extensions_mut().insert(Share { bytes: Arc::clone(&client.bodies), bytes_max });
        }
        let own_place = client.map(|client| Places::take(&client.requests));
        let (Some(_place), None | Some(Some(_))) = (Places::take(&self.door.requests), &own_place) else {
            let told = "more requests are under way than can be answered at once; send it again later";
            return refuse(request, "requests_at_once", come_again(told));
        };
        self.run(request).await
    }

    /// Who sent what a proxy passes on. When the proxy does not tell, that is one client, too.
    fn passed_on(&self, headers: &HeaderMap) -> Option<Arc<Client>> {
        let clients = self.door.clients.as_ref()?;
        let peer = self.peer.ip();
        let address = origin(Some(peer.to_canonical()), headers, &self.limits().proxies).address;
        Some(clients.of(address.unwrap_or(peer), self.door.now()))
    }

    async fn run(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if self.door.transport == Transport::Tls {
            request.extensions_mut().insert(Transport::Tls);
        }
        let answered = self.door.router.clone().oneshot(request);
        match tokio::time::timeout(self.limits().request_timeout, answered).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                meters::refused("request_timeout");
                come_again("the answer took too long; send it again later")
            }
        }
    }
}

fn come_again(told: &str) -> Response {
    let response = answer::error(StatusCode::SERVICE_UNAVAILABLE, told);
    ([(RETRY_AFTER, RETRY_AFTER_SECONDS)], response).into_response()
}

fn too_often(wait: Duration) -> Response {
    let told = "more requests came from this address than are taken; send it again later";
    let seconds = wait.as_millis().div_ceil(1_000).max(1).to_string();
    ([(RETRY_AFTER, seconds)], answer::error(StatusCode::TOO_MANY_REQUESTS, told)).into_response()
}

fn refuse(request: Request<Body>, reason: &'static str, response: Response) -> Response {
    meters::refused(reason);
    let body = request.into_body();
    if !body.is_end_stream() {
        drain_apart(body.into_data_stream());
    }
    response
}
