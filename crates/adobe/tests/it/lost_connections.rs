use std::sync::Arc;

use sdk::Fate;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Time, api_with_tokens_of, event, stand};

/// Reads one request with `content-length`; gives its body.
async fn request(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request came to its end");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines().map(str::to_ascii_lowercase);
        let length = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap();
        if body.len() >= length {
            return serde_json::from_str(body).unwrap();
        }
    }
}

/// Each connection reads one event, answers so and closes. The ids of the events come back.
async fn publish_to(answers: &'static [&'static str]) -> (Vec<Fate>, Vec<String>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut ids = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            ids.push(request(&mut stream).await["id"].as_str().unwrap().to_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        ids
    });
    let tokens = stand(|_, _| unreachable!("only tokens are asked for here")).await;
    let api = Arc::new(api_with_tokens_of(&tokens.url, &url, &Time::new()));
    let (mut fates, mut reasons) = (Vec::new(), Vec::new());
    for _ in answers {
        let sent = api.publish(&event()).await;
        fates.push(sent.fate);
        reasons.push(sent.reason.unwrap_or_default());
    }
    (fates, reasons, server.await.unwrap())
}

const RETRY: Fate = Fate::Retry { after: None };

#[tokio::test]
async fn a_connection_that_is_cut_before_the_answer_is_a_retry_with_the_same_id() {
    let (fates, reasons, ids) = publish_to(&["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK"]).await;
    assert_eq!(fates, [RETRY, Fate::Done]);
    assert!(reasons[0].starts_with("the event ingress broke off the connection: "), "{reasons:?}");
    assert_eq!(ids, [event().id, event().id]);
}

#[tokio::test]
async fn a_connection_that_is_cut_within_the_head_is_a_retry() {
    let (fates, ..) = publish_to(&["HTTP/1.1 200 OK\r\ncontent-le"]).await;
    assert_eq!(fates, [RETRY]);
}

#[tokio::test]
async fn a_connection_that_is_cut_after_the_status_has_given_its_verdict() {
    let (fates, reasons, _) = publish_to(&[
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 99\r\n\r\n{\"message\"",
    ])
    .await;
    assert_eq!(fates, [Fate::Done, Fate::Refused]);
    assert_eq!(reasons[1], "the event ingress refused this event (400)");
}

#[tokio::test]
async fn what_is_no_http_is_a_retry() {
    let (fates, ..) = publish_to(&["SSH-2.0-OpenSSH_9.6\r\n\r\n"]).await;
    assert_eq!(fates, [RETRY]);
}

#[tokio::test]
async fn nobody_there_is_a_retry_and_tells_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let tokens = stand(|_, _| unreachable!("only tokens are asked for here")).await;
    let api = api_with_tokens_of(&tokens.url, &format!("http://{address}"), &Time::new());
    let sent = api.publish(&event()).await;
    let reason = sent.reason.unwrap();
    assert_eq!((sent.fate, sent.status), (RETRY, None));
    assert!(reason.starts_with("the event ingress cannot be reached: "), "{reason}");
    assert!(!reason.contains("127.0.0.1"), "{reason}");
}

/// The paused runtime lets time limits pass as soon as nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_silent_ingress_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tokens = stand(|_, _| unreachable!("only tokens are asked for here")).await;
    let sent = api_with_tokens_of(&tokens.url, &url, &Time::new()).publish(&event()).await;
    assert_eq!((sent.fate, sent.reason.as_deref()), (RETRY, Some("the event ingress did not answer in time")));
}
