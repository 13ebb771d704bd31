use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn limits() -> Limits {
    Limits {
        connections_max: 8,
        per_client: Some(8),
        body_bytes_per_client: None,
        proxies: Vec::new(),
        headers_max: 100,
        header_bytes_max: 8 * 1024,
        header_timeout: Duration::from_mins(1),
        request_timeout: Duration::from_mins(1),
        requests_at_once: 8,
        rate: None,
        http2: Http2Limits { streams_max: 8, resets_max: 8, ping_every: Duration::from_mins(1) },
        strict_transport: StrictTransport::Untold,
    }
}

/// A server with a route that never answers and one that does; where it listens, how it is stopped, and its end.
async fn begin(
    limits: Limits,
    patience: Duration,
) -> (std::net::SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let never = |_: Request| std::future::pending::<&'static str>();
    let router = Router::new().route("/never", get(never)).route("/", get(async || "here"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    (address, stop, tokio::spawn(Listening { listener, tls: None, router, limits }.serve(stopped, patience)))
}

async fn ask(address: std::net::SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: kit\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

async fn first_bytes(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 1_024];
    let count = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_all_the_same() {
    let limits = Limits { request_timeout: Duration::from_millis(20), ..limits() };
    let (address, _stop, _server) = begin(limits, Duration::ZERO).await;
    let answer = first_bytes(&mut ask(address, "/never").await).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.ends_with(r#"{"error":"the answer took too long; send it again later"}"#), "{answer}");
}

#[tokio::test]
async fn a_stop_closes_what_is_idle_and_cuts_off_what_does_not_end() {
    let (address, stop, server) = begin(limits(), Duration::from_millis(20)).await;
    let mut idle = ask(address, "/").await;
    assert!(first_bytes(&mut idle).await.ends_with("here"));
    let mut waits = ask(address, "/never").await;
    // An answer says that the kit has read the request before it on another connection, too.
    assert!(first_bytes(&mut ask(address, "/").await).await.ends_with("here"));
    stop.send_replace(true);
    server.await.unwrap();
    assert_eq!(first_bytes(&mut idle).await, "");
    assert_eq!(first_bytes(&mut waits).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn one_client_has_its_share_of_the_requests_at_once() {
    let limits = Limits { per_client: Some(3), requests_at_once: 100, ..limits() };
    let (address, _stop, _server) = begin(limits, Duration::ZERO).await;
    let (client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap()).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut request = |path: &str| {
        let request = http::Request::get(format!("http://{address}{path}")).body(()).unwrap();
        client.send_request(request, true).unwrap().0
    };
    let waiting = ["/never"; 3].map(&mut request);
    assert_eq!(request("/").await.unwrap().status(), 503);
    drop(waiting);
}
