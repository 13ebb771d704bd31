//! From the listener to the routes: who gets a connection, what a connection may do, and for how long.

mod activity;
mod client;
mod connection;
mod door;
mod places;
mod rate;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use schemes::network::Network;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::StrictTransport;
pub(crate) use door::Transport;
use door::{Door, Seat};
pub use rate::Rate;
pub use tls::{Tls, TlsFault, TlsFiles, TlsPart};

/// After a failed accept, for want of file descriptors for example, the listener rests: asking at once would fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What strangers may take before a route sees their requests, and what they are told in any case.
#[derive(Clone, Debug)]
pub struct Limits {
    pub connections_max: usize,
    /// Connections, and requests at once, of one client; none when nobody is counted apart.
    pub per_client: Option<usize>,
    /// They have the connections of many clients, and say whose requests they pass on.
    pub proxies: Vec<Network>,
    /// All bodies of one client at once; none when nobody is counted apart.
    pub body_bytes_per_client: Option<usize>,
    pub headers_max: usize,
    pub header_bytes_max: usize,
    /// A connection on which no request begins or goes on is closed after this time.
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    pub requests_at_once: usize,
    /// Of one client; none when nobody is counted.
    pub rate: Option<Rate>,
    pub http2: Http2Limits,
    pub strict_transport: StrictTransport,
}

/// What one connection may do by HTTP/2.
#[derive(Clone, Copy, Debug)]
pub struct Http2Limits {
    pub streams_max: u32,
    /// Streams that the client has reset and that nobody has looked at yet.
    pub resets_max: usize,
    /// A silent client is asked this often whether it is there.
    pub ping_every: Duration,
}

/// A server before it answers.
#[derive(Debug)]
pub struct Listening {
    pub listener: TcpListener,
    /// None: connections are plain.
    pub tls: Option<Arc<Tls>>,
    pub router: Router,
    pub limits: Limits,
}

impl Listening {
    /// Answers requests until told to stop, then lets those under way end, for at most `patience`.
    pub async fn serve(self, mut stop: watch::Receiver<bool>, patience: Duration) {
        let Self { listener, tls, router, limits } = self;
        let door = Arc::new(Door::new(limits, router, if tls.is_some() { Transport::Tls } else { Transport::Plain }));
        let (stopped, mut connections) = (stop.clone(), JoinSet::new());
        if let Some(tls) = &tls {
            connections.spawn(Arc::clone(tls).keep(stop.clone()));
        }
        loop {
            tokio::select! {
                () = told(&mut stop) => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        if let Some((stream, seat)) = door.admit(stream, peer) {
                            connections.spawn(answer(stream, tls.clone(), seat, stopped.clone()));
                        }
                    }
                    Err(error) => {
                        door.accept_failed(&error);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            warn!("requests that were still under way were cut off");
        }
    }
}

async fn answer(stream: TcpStream, tls: Option<Arc<Tls>>, seat: Seat, mut stop: watch::Receiver<bool>) {
    let Some(tls) = tls else { return connection::serve(stream, seat, stop).await };
    let accepted = tokio::select! {
        accepted = tls.accept(stream) => accepted,
        () = told(&mut stop) => None,
    };
    if let Some(stream) = accepted {
        connection::serve(stream, seat, stop).await;
    }
}

/// Waits for the word to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}
