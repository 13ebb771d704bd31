//! Receivers that are not there, or do not speak to the end.

use std::time::Duration;

use engine::Carried;
use sdk::Fate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::courier::{carry, hook};
use crate::world::World;

fn unanswered(carried: Carried, code: u16, class: &str) {
    assert_eq!((&carried.fate, carried.status), (&Fate::Retry { after: None }, code), "{class}");
    let trace = carried.trace.unwrap();
    assert_eq!(trace.response.status, code);
    let beginning = format!("{code} : {class} ERROR({}) : | {} | ", trace.id, carried.reason.unwrap());
    assert!(trace.response.body.starts_with(&beginning), "{}", trace.response.body);
}

/// A receiver that does this with its first connection.
async fn raw<F: Future<Output = ()> + Send>(act: impl FnOnce(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        act(connection).await;
    });
    address
}

/// Reads what has come by now.
async fn hear(connection: &mut TcpStream) {
    let mut heard = vec![0; 16 * 1024];
    assert!(connection.read(&mut heard).await.unwrap() > 0);
}

#[tokio::test]
async fn nobody_listens() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world.register(hook(&format!("http://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 602, "NETWORK");
}

#[tokio::test]
async fn the_connection_is_cut_before_the_answer() {
    let world = World::new().await;
    let address = raw(async |mut connection| hear(&mut connection).await).await;
    world.register(hook(&format!("http://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 602, "NETWORK");
}

#[tokio::test]
async fn the_connection_is_cut_within_the_answer() {
    let world = World::new().await;
    let address = raw(async |mut connection| {
        hear(&mut connection).await;
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of").await.unwrap();
    })
    .await;
    world.register(hook(&format!("http://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 602, "NETWORK");
}

#[tokio::test]
async fn the_answer_is_not_http() {
    let world = World::new().await;
    let address = raw(async |mut connection| {
        hear(&mut connection).await;
        connection.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    })
    .await;
    world.register(hook(&format!("http://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 602, "NETWORK");
}

/// The clock is moved once the receiver has done its part; without that the delivery would wait.
async fn late(said: &'static [u8]) {
    let world = World::new().await;
    let (asked, was_asked) = oneshot::channel();
    let (_end, ended) = oneshot::channel::<()>();
    let address = raw(async move |mut connection: TcpStream| {
        hear(&mut connection).await;
        connection.write_all(said).await.unwrap();
        asked.send(()).unwrap();
        let _ = ended.await;
    })
    .await;
    world.register(hook(&format!("http://{address}/"), "webhook")).await;
    let advance = async {
        was_asked.await.unwrap();
        world.clock.advance(Duration::from_secs(10));
    };
    let (carried, ()) = tokio::join!(carry(&world, 1, &["o-1"]), advance);
    assert_eq!(carried.trace.as_ref().unwrap().duration_ms, 10_000);
    unanswered(carried, 604, "TIMEOUT");
}

#[tokio::test]
async fn the_receiver_is_silent() {
    late(b"").await;
}

#[tokio::test]
async fn the_answer_does_not_end() {
    late(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of").await;
}

#[tokio::test]
async fn the_receiver_speaks_no_tls() {
    let world = World::new().await;
    let address = raw(async |mut connection| {
        hear(&mut connection).await;
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    world.register(hook(&format!("https://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 611, "TLS");
    let address = raw(async |mut connection| hear(&mut connection).await).await;
    world.register(hook(&format!("https://{address}/"), "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 611, "TLS");
}

#[tokio::test]
async fn the_address_is_none() {
    let world = World::new().await;
    world.register(hook("http://", "webhook")).await;
    unanswered(carry(&world, 1, &["o-1"]).await, 601, "CLIENT");
}
