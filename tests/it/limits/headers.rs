//! Headers without measure.

use tokio::io::AsyncWriteExt;

use super::{WEBHOOK, assert_served, connect, kit, rest};
use crate::support::{Answer, Server};

/// What a client is told that sends all of this; nothing when the kit closes before it has.
async fn told(kit: &Server, head: &str) -> String {
    let mut stream = connect(kit).await;
    let _ = stream.write_all(head.as_bytes()).await;
    rest(&mut stream).await
}

fn assert_too_large(answer: &str) {
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn ten_thousand_headers_and_one_of_eight_megabytes_are_not_taken() {
    let (_project, kit) = kit(&[]);
    let many = "x-many: a\r\n".repeat(10_000);
    assert_too_large(&told(&kit, &format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\n{many}\r\n")).await);
    let long = "a".repeat(8_000_000);
    assert_too_large(&told(&kit, &format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\nx-long: {long}\r\n\r\n")).await);
    assert_too_large(&told(&kit, &format!("POST /{long} HTTP/1.1\r\nhost: kit\r\n\r\n")).await);
    assert_served(&kit, "1").await;
}

#[tokio::test]
async fn as_many_headers_are_taken_as_were_set_and_no_more() {
    async fn check(kit: &Server, headers: usize, status: u16) {
        let mut request = kit.client.get(kit.url("/health/live"));
        // The client adds `host`, `accept` and `accept-encoding`.
        for number in 3..headers {
            request = request.header(format!("x-{number}"), "a");
        }
        assert_eq!(Answer::of(request).await.status, status, "{headers} headers");
    }
    let (_project, few) = kit(&[("KIT_HEADERS_MAX", "20")]);
    check(&few, 20, 200).await;
    check(&few, 21, 431).await;
    let (_project, usual) = kit(&[]);
    check(&usual, 100, 200).await;
    check(&usual, 101, 431).await;
    let (_project, many) = kit(&[("KIT_HEADERS_MAX", "300"), ("KIT_HEADER_BYTES_MAX", "8KiB")]);
    check(&many, 300, 200).await;
    check(&many, 301, 431).await;
    let answer = Answer::of(many.client.get(many.url("/health/live")).header("x-long", "a".repeat(8_192))).await;
    assert_eq!(answer.status, 431, "{answer:?}");
}
