//! Senders that go before they are answered, and come again.

use std::collections::BTreeMap;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::WEBHOOK;
use crate::support::{PRODUCT_CREATE, Project, Server, product};

/// The request that sends this SKU under a uid of the same name.
fn request(kit: &Server, sku: &str) -> Vec<u8> {
    let value = product(sku);
    let body = format!(r#"{{"data":{{"uid":"{sku}","event":"{PRODUCT_CREATE}","value":{value}}}}}"#);
    let (host, length) = (&kit.address, body.len());
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
    format!("{head}{body}").into_bytes()
}

/// Sends the first bytes of a request and goes, with a reset or without, perhaps when an answer is there.
async fn send_and_go(kit: &Server, bytes: &[u8], waits: bool, resets: bool) {
    let mut stream = TcpStream::connect(&kit.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    if waits {
        stream.readable().await.unwrap();
    }
    if resets {
        stream.set_zero_linger().unwrap();
    }
}

/// Senders that went at whatever point left an event behind that their next request knew nothing of, or none although they
/// had been told so. Either the first request counts or the second, and there is one effect.
#[tokio::test]
async fn a_sender_that_goes_at_any_point_and_comes_again_has_one_effect() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let whole = request(&kit, "HANG-000-R").len();
    let mut skus = Vec::new();
    let points = (0..whole).step_by(3).map(|point| (point, false));
    for (point, waits) in points.chain([(whole, false); 20]).chain([(whole, true); 10]) {
        for resets in [false, true] {
            let sku = format!("HANG-{:03}-{}", skus.len(), if resets { "R" } else { "C" });
            send_and_go(&kit, &request(&kit, &sku)[..point], waits, resets).await;
            skus.push(sku);
        }
    }
    let mut found_stored = 0;
    for sku in &skus {
        let answer = kit.send(sku, PRODUCT_CREATE, &product(sku)).await;
        assert_eq!(answer.status, 200, "{sku}: {answer:?}");
        found_stored += usize::from(answer.is_replay());
    }
    assert!((20..=60).contains(&found_stored), "only whole requests leave an event: {found_stored}");
    // Once more each, so that whatever waited in a lane of theirs has run.
    for sku in &skus {
        assert!(kit.send(sku, PRODUCT_CREATE, &product(sku)).await.is_replay(), "{sku}");
    }
    let calls = kit.calls_reach("products", skus.len()).await;
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &calls {
        *effects.entry(call["body"]["product"]["sku"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(effects.len(), skus.len());
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    assert!(!kit.log().contains("panic"), "{}", kit.log());
}
