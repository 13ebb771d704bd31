//! What strangers send who want the kit to stand still, while others are served.

mod bodies;
mod connections;
mod headers;
mod http2;
mod rate;
mod slow;
mod tls;

pub use tls::install as install_certificate;

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{PATIENCE, PRODUCT_CREATE, Project, Server, product};

const WEBHOOK: &str = "/api/v1/web/ingestion/webhook";

/// Another address of this machine.
const STRANGER: &str = "127.0.0.2:0";

fn kit(variables: &[(&str, &str)]) -> (Project, Server) {
    let project = variables.iter().fold(Project::new(), |project, (name, value)| project.with(name, value));
    let kit = project.start(&["dev"]);
    (project, kit)
}

/// An event of somebody who means no harm.
async fn assert_served(kit: &Server, uid: &str) {
    let answer = kit.send(uid, PRODUCT_CREATE, &product("A")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn connect(kit: &Server) -> TcpStream {
    TcpStream::connect(&kit.address).await.unwrap()
}

async fn connect_from(kit: &Server, own: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(own.parse().unwrap()).unwrap();
    let address: SocketAddr = kit.address.parse().unwrap();
    socket.connect(address).await.unwrap()
}

/// All that comes until the other side closes; nothing when it does so in the middle of what we send.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    match read.expect("the connection ends") {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// Sends a byte after each answer to somebody else, until the kit answers or closes; what it said.
async fn drip(kit: &Server, stream: &mut TcpStream) -> String {
    let begun = Instant::now();
    for uid in 0.. {
        assert!(begun.elapsed() < PATIENCE, "nobody ends it");
        assert_served(kit, &uid.to_string()).await;
        let mut bytes = [0; 1_024];
        match stream.try_read(&mut bytes) {
            Ok(0) => break,
            Ok(_) => return String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        if stream.write_all(b"a").await.is_err() {
            break;
        }
    }
    String::new()
}
