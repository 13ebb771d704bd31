//! Clients that keep a connection and send nothing, or nearly nothing.

use tokio::io::AsyncWriteExt;

use super::{WEBHOOK, assert_served, connect, drip, kit, rest};

#[tokio::test]
async fn headers_that_come_byte_by_byte_are_not_waited_for() {
    let (_project, kit) = kit(&[("KIT_HEADER_TIMEOUT", "1s")]);
    let mut stream = connect(&kit).await;
    stream.write_all(format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\nx-slow: ").as_bytes()).await.unwrap();
    assert_eq!(drip(&kit, &mut stream).await, "", "it is closed without a word");
}

/// The kit reads the first bytes to learn whether they are HTTP/2: nobody may stop there.
#[tokio::test]
async fn whoever_sends_nothing_or_half_a_preface_is_not_waited_for() {
    let (_project, kit) = kit(&[("KIT_HEADER_TIMEOUT", "1s")]);
    let mut half = connect(&kit).await;
    half.write_all(b"PRI * HTTP/2").await.unwrap();
    let mut silent = connect(&kit).await;
    assert_served(&kit, "1").await;
    assert_eq!(rest(&mut half).await, "");
    assert_eq!(rest(&mut silent).await, "");
}

#[tokio::test]
async fn a_connection_that_was_used_is_closed_when_nothing_comes_any_more() {
    let (_project, kit) = kit(&[("KIT_HEADER_TIMEOUT", "1s")]);
    let mut stream = connect(&kit).await;
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit\r\n\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_refused_in_time() {
    let (_project, kit) = kit(&[("KIT_BODY_TIMEOUT", "1s")]);
    let mut stream = connect(&kit).await;
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\ncontent-length: 1000000\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = drip(&kit, &mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""error":"the body did not arrive in time""#), "{answer}");
}
