//! Bodies that are more than they seem: compressed, deep, wide.

use std::io::Write;

use aws_lc_rs::hmac;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::{STRANGER, WEBHOOK, assert_served, connect_from, kit};
use crate::support::{Answer, PATIENCE, PRODUCT_CREATE, Server, product};

const SECRET: &str = "a-secret-of-the-tests";

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn event(uid: &str, value: &Value) -> String {
    json!({"data": {"uid": uid, "event": PRODUCT_CREATE, "value": value}}).to_string()
}

async fn post(kit: &Server, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let request = kit.client.post(kit.url(WEBHOOK)).header("content-type", "application/json").body(body);
    Answer::of(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn post_gzip(kit: &Server, body: Vec<u8>) -> Answer {
    post(kit, &[("content-encoding", "gzip")], body).await
}

#[tokio::test]
async fn what_comes_as_gzip_is_what_it_becomes() {
    let (_project, kit) = kit(&[]);
    let body = event("1", &product("A"));
    assert_eq!(post_gzip(&kit, gzip(body.as_bytes())).await.status, 200);
    let again = kit.post(body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")), "it is the same event");
    let other = gzip(event("2", &product("A")).as_bytes());
    let (start, end) = other.split_at(30);
    for (body, status) in [(start.to_vec(), 400), ([start, end, b"more"].concat(), 400), (b"{}".to_vec(), 400)] {
        let answer = post_gzip(&kit, body).await;
        let told = "the body is not gzip, as its `content-encoding` says";
        assert_eq!((answer.status, answer.error()), (status, told));
    }
}

/// Whoever signs signs what it has to say, as frameworks check it that inflate before they verify.
#[tokio::test]
async fn a_signature_counts_over_what_the_body_becomes() {
    let (_project, kit) = kit(&[("KIT_INGESTION_AUTH", "github"), ("KIT_INGESTION_GITHUB_SECRET", SECRET)]);
    let body = event("1", &product("A")).into_bytes();
    let sign = |bytes: &[u8]| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), bytes);
        let hex: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={}", hex.concat())
    };
    let compressed = gzip(&body);
    let send = async |signature: String| {
        let headers = [("content-encoding", "gzip"), ("x-hub-signature-256", &*signature)];
        post(&kit, &headers, compressed.clone()).await.status
    };
    assert_eq!(send(sign(&compressed)).await, 401);
    assert_eq!(send(sign(&body)).await, 200);
}

/// A hundred kilobytes become a hundred megabytes, of which nobody makes more than the first.
#[tokio::test]
async fn a_bomb_of_gzip_is_refused_as_soon_as_it_is_too_large() {
    let (_project, kit) = kit(&[("KIT_REQUEST_BYTES_MAX", "4MiB")]);
    let bomb = gzip(&vec![b' '; 100_000_000]);
    assert!(bomb.len() < 200_000);
    for number in 0..10 {
        let answer = post_gzip(&kit, bomb.clone()).await;
        assert_eq!((answer.status, answer.error()), (413, "the body is larger than 1048576 bytes"));
        assert_served(&kit, &number.to_string()).await;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", kit.process_id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kb: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kb < 150 * 1024, "{peak_kb} kB");
}

/// Somebody who begins many large bodies and ends none takes what is his, and nothing of what others have.
#[tokio::test]
async fn whoever_ends_no_body_leaves_room_for_others() {
    let (_project, kit) = kit(&[("KIT_REQUEST_BYTES_MAX", "8MiB"), ("KIT_REQUEST_BYTES_PER_CLIENT", "4MiB")]);
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\ncontent-length: 1048576\r\n\r\n");
    let mut flood = JoinSet::new();
    for _ in 0..8 {
        let mut stream = connect_from(&kit, STRANGER).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 1_048_575]).await.unwrap();
        flood.spawn(async move {
            let mut begin = [0; 13];
            stream.read_exact(&mut begin).await.unwrap();
            (begin, stream)
        });
    }
    for _ in 0..4 {
        let (begin, _) = tokio::time::timeout(PATIENCE, flood.join_next()).await.unwrap().unwrap().unwrap();
        assert_eq!(&begin, b"HTTP/1.1 503 ");
    }
    assert_served(&kit, "1").await;
    let large = kit.send("2", PRODUCT_CREATE, &json!({"sku": "B", "name": "x".repeat(1_000_000)})).await;
    assert!(large.status < 500, "what others have is theirs: {large:?}");
    flood.shutdown().await;
}

#[tokio::test]
async fn other_encodings_are_not_taken() {
    async fn check(kit: &Server, encoding: &str, accepted: &str) {
        let answer = post(kit, &[("content-encoding", encoding)], gzip(b"{}")).await;
        assert_eq!((answer.status, answer.header("accept-encoding")), (415, Some(accepted)), "{answer:?}");
        let told = "the body has a `content-encoding` that is not taken; `accept-encoding` says which one is";
        assert_eq!(answer.error(), told);
    }
    let (_project, usual) = kit(&[]);
    check(&usual, "br", "gzip").await;
    check(&usual, "gzip, gzip", "gzip").await;
    let (_project, off) = kit(&[("KIT_DECOMPRESSION", "off")]);
    check(&off, "gzip", "identity").await;
    assert_served(&off, "1").await;
}

#[tokio::test]
async fn what_is_deeper_or_wider_than_was_set_is_refused_before_anybody_reads_it() {
    async fn check(kit: &Server, value: &str, status: u16, told: &str) {
        let body = format!(r#"{{"data":{{"uid":"9","event":"{PRODUCT_CREATE}","value":{value}}}}}"#);
        let answer = kit.post(body).await;
        assert_eq!((answer.status, answer.error()), (status, told), "{answer:?}");
        assert_served(kit, &value.len().to_string()).await;
    }
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let wide = |elements: usize| format!("[{}0]", "0,".repeat(elements - 1));
    let (_project, usual) = kit(&[]);
    check(&usual, &nested(63), 400, "the body is nested more than 64 levels deep").await;
    check(&usual, &"[".repeat(1_000_000), 400, "the body is nested more than 64 levels deep").await;
    check(&usual, &wide(100_000), 413, "the body has more than 100000 members and elements").await;
    let (_project, strict) = kit(&[("KIT_JSON_DEPTH_MAX", "8"), ("KIT_JSON_MEMBERS_MAX", "200")]);
    check(&strict, &nested(7), 400, "the body is nested more than 8 levels deep").await;
    check(&strict, &wide(200), 413, "the body has more than 200 members and elements").await;
    let text = json!({"sku": "[[[[[[[[[[[[,,,,", "name": "A", "price": 1, "description": ",".repeat(1_000)});
    assert_eq!(strict.send("text", PRODUCT_CREATE, &text).await.status, 200);
}
