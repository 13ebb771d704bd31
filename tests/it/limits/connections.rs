//! Connections and requests without measure.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::{STRANGER, WEBHOOK, assert_served, connect, connect_from, kit, rest};

const FLOOD: usize = 300;

const CONTINUE: &[u8; 25] = b"HTTP/1.1 100 Continue\r\n\r\n";

const TURNED_AWAY: &str = r#"{"error":"more connections are open than can be served; come again later"}"#;

fn assert_turned_away(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{answer}");
    assert_eq!(body, TURNED_AWAY);
}

#[tokio::test]
async fn a_flood_from_one_address_leaves_room_for_others() {
    let (_project, kit) = kit(&[("KIT_CONNECTIONS_MAX", "64"), ("KIT_CONNECTIONS_PER_CLIENT", "8")]);
    let mut flood = JoinSet::new();
    for _ in 0..FLOOD {
        let mut stream = connect_from(&kit, STRANGER).await;
        flood.spawn(async move { rest(&mut stream).await });
    }
    for _ in 0..FLOOD - 8 {
        assert_turned_away(&flood.join_next().await.unwrap().unwrap());
    }
    assert_served(&kit, "1").await;
    flood.shutdown().await;
    let served = || async {
        let mut stream = connect_from(&kit, STRANGER).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit\r\nconnection: close\r\n\r\n").await.ok()?;
        rest(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n").then_some(())
    };
    kit.until("room for the stranger", served).await;
    let turned_away = kit.log().matches("KIT_CONNECTIONS_PER_CLIENT").count();
    assert_eq!(turned_away, 1, "the log says so once");
    let counted = kit.get("/metrics").await.text;
    let line = "kit_requests_refused_total{reason=\"connections_of_client\"} ";
    assert!(counted.lines().any(|counted| counted.starts_with(line)), "{counted}");
}

/// Behind a proxy that is trusted, many clients have one address.
#[tokio::test]
async fn a_trusted_proxy_is_not_one_client() {
    let proxy = ("KIT_TRUSTED_PROXIES", "127.0.0.2");
    let (_project, kit) = kit(&[("KIT_CONNECTIONS_PER_CLIENT", "1"), proxy]);
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = connect_from(&kit, STRANGER).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit\r\nconnection: close\r\n\r\n").await.unwrap();
        streams.push(stream);
    }
    for stream in &mut streams {
        assert!(rest(stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[tokio::test]
async fn whoever_finds_no_connection_is_told_so_until_one_is_free() {
    let (_project, kit) = kit(&[("KIT_CONNECTIONS_MAX", "8")]);
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(connect(&kit).await);
    }
    assert_turned_away(&rest(&mut connect(&kit).await).await);
    drop(idle);
    let served = || async {
        let answer = kit.client.get(kit.url("/health/live")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    };
    kit.until("a free connection", served).await;
    assert_served(&kit, "1").await;
}

#[tokio::test]
async fn health_is_answered_when_all_requests_wait() {
    let (_project, kit) = kit(&[("KIT_REQUESTS_AT_ONCE", "1")]);
    let mut waits = connect(&kit).await;
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: kit\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n");
    waits.write_all(head.as_bytes()).await.unwrap();
    // Said when its body is asked for. A request that comes before that could take its place.
    let mut said = [0; CONTINUE.len()];
    waits.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, CONTINUE);
    let answer = kit.post("{}").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.error(), "more requests are under way than can be answered at once; send it again later");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(kit.get(path).await.status, 200, "{path}");
    }
    waits.write_all(b"{}        ").await.unwrap();
    let served = || async { Some(kit.post("{}").await).filter(|answer| answer.status == 400) };
    kit.until("the end of the one request", served).await;
}
