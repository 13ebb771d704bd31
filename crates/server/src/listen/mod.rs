//! From the listener to the routes: who gets a connection, what a connection may do, and for how long.

mod activity;
mod client;
mod connection;
mod door;
mod places;
mod rate;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use schemes::network::Network;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::StrictTransport;
use door::Door;
pub use rate::Rate;

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

/// Answers requests until told to stop, then lets those under way end, for at most `patience`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
    let door = Arc::new(Door::new(limits, router));
    let (stopped, mut connections) = (stop.clone(), JoinSet::new());
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some((stream, seat)) = door.admit(stream, peer) {
                        connections.spawn(connection::serve(stream, seat, stopped.clone()));
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

/// Waits for the word to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}
