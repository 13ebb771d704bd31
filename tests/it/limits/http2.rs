//! HTTP/2: served, and within limits of its own.

use bytes::Bytes;
use h2::client::SendRequest;
use reqwest::Version;

use super::{WEBHOOK, assert_served, connect, kit, rest};
use crate::support::{Answer, Server};

/// More than any client needs; whoever has not been stopped by then goes on without a limit.
const RESETS: usize = 50_000;

async fn speak(kit: &Server) -> (SendRequest<Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    let (client, connection) = h2::client::handshake(connect(kit).await).await.unwrap();
    let connection = tokio::spawn(connection);
    (client.ready().await.unwrap(), connection)
}

fn request(kit: &Server) -> http::Request<()> {
    http::Request::post(kit.url(WEBHOOK)).body(()).unwrap()
}

#[tokio::test]
async fn http2_is_served_without_tls_to_whoever_knows() {
    let (_project, kit) = kit(&[]);
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let answer = client.get(kit.url("/health/live")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    let mut request = client.get(kit.url("/health/live"));
    for number in 0..200 {
        request = request.header(format!("x-{number}"), "a");
    }
    let answer = Answer::of(request).await;
    assert_eq!((answer.status, answer.error()), (431, "the request has more headers than are taken"));
}

#[tokio::test]
async fn streams_that_are_reset_as_soon_as_they_begin_end_the_connection() {
    let (_project, kit) = kit(&[]);
    let (mut client, connection) = speak(&kit).await;
    let mut taken = 0;
    while taken < RESETS {
        let Ok((answer, mut body)) = client.send_request(request(&kit), false) else { break };
        body.send_reset(h2::Reason::CANCEL);
        drop(answer);
        let Ok(ready) = client.ready().await else { break };
        client = ready;
        taken += 1;
        if taken % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(taken < RESETS, "nobody ended it");
    connection.await.unwrap().expect_err("the kit ends it");
    assert_served(&kit, "1").await;
}

#[tokio::test]
async fn a_connection_has_as_many_streams_as_were_set() {
    let (_project, kit) = kit(&[("KIT_HTTP2_STREAMS_MAX", "3")]);
    let (client, _connection) = speak(&kit).await;
    let settled = || async { (client.current_max_send_streams() == 3).then_some(()) };
    kit.until("the settings of the connection", settled).await;
}

#[tokio::test]
async fn whoever_does_not_answer_pings_and_sends_nothing_is_gone() {
    use tokio::io::AsyncWriteExt;
    let (_project, kit) = kit(&[("KIT_HTTP2_PING", "1s"), ("KIT_HEADER_TIMEOUT", "10m")]);
    let mut stream = connect(&kit).await;
    // The preface and empty settings; nobody reads or answers after that.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_served(&kit, "1").await;
    rest(&mut stream).await;
}
