//! A client's connection, kept for as long as it works.
//!
//! Whoever waits for an answer drives the connection, too. A client whose connections are tasks of their own can hand a
//! request to one that ends at this very moment: then it is neither sent nor refused, and waits until its time is over.
//! Here that would read as a program that does not answer.

use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::sender::PATH;

const EVENT_ID: &str = "x-openwhisk-activation-id";
/// Of an answer.
const BODY_BYTES_MAX: usize = 1 << 20;

/// None before the first request, and after one that failed.
#[derive(Debug, Default)]
pub struct Line(Option<Open>);

#[derive(Debug)]
struct Open {
    address: String,
    sender: SendRequest<Body>,
    connection: Connection<TokioIo<TcpStream>, Body>,
}

#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    /// The event's id, when the answer has one.
    pub id: Option<Uuid>,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens, or the connection ended before the answer was whole.
    Gone,
    /// The connection stood all the time, and no answer came.
    Silent,
}

impl Line {
    /// Posts an event to ingestion at `address`, on the connection of the last request where that was there, too.
    ///
    /// # Errors
    /// No answer, or none within this time.
    pub async fn post(&mut self, address: &str, body: String, within: Duration) -> Result<Answered, Failure> {
        let kept = self.0.take().filter(|open| open.address == address);
        let (answered, open) =
            tokio::time::timeout(within, ask(kept, address, body)).await.map_err(|_| Failure::Silent)??;
        self.0 = Some(open);
        Ok(answered)
    }
}

async fn ask(kept: Option<Open>, address: &str, body: String) -> Result<(Answered, Open), Failure> {
    let mut open = match kept {
        Some(open) => open,
        None => Open::to(address).await.ok_or(Failure::Gone)?,
    };
    let request = Request::post(PATH).header(HOST, address).header(CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body)).map_err(|_| Failure::Gone)?;
    let Open { sender, connection, .. } = &mut open;
    let answered = {
        let mut answer = pin!(answer(sender, request));
        tokio::select! {
            biased;
            answered = &mut answer => answered,
            _ = connection => tokio::select! {
                biased;
                // It may have come whole before the end.
                answered = &mut answer => answered,
                () = std::future::ready(()) => None,
            },
        }
    };
    Ok((answered.ok_or(Failure::Gone)?, open))
}

async fn answer(sender: &mut SendRequest<Body>, request: Request<Body>) -> Option<Answered> {
    sender.ready().await.ok()?;
    let (head, body) = sender.send_request(request).await.ok()?.into_parts();
    let body = to_bytes(Body::new(body), BODY_BYTES_MAX).await.ok()?;
    let id = head.headers.get(EVENT_ID).and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    Some(Answered { status: head.status.as_u16(), id, text: String::from_utf8_lossy(&body).into_owned() })
}

impl Open {
    async fn to(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        Some(Self { address: address.to_owned(), sender, connection })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);
    const ANSWER: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nlater";

    /// Gives these answers on one connection after the other, each to one request; an empty one ends the connection.
    async fn answering(connections: Vec<Vec<&'static str>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            for answers in connections {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in answers {
                    let read = stream.read(&mut [0; 4_096]).await.unwrap();
                    assert!(read > 0);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        address
    }

    async fn post(line: &mut Line, address: &str, within: Duration) -> Result<u16, Failure> {
        line.post(address, "{}".to_owned(), within).await.map(|answered| answered.status)
    }

    #[tokio::test]
    async fn a_connection_is_kept_until_it_ends() {
        let address = answering(vec![vec![ANSWER, ANSWER], vec![""], vec![ANSWER]]).await;
        let mut line = Line::default();
        assert_eq!(post(&mut line, &address, LONG).await, Ok(503));
        assert_eq!(post(&mut line, &address, LONG).await, Ok(503), "the same connection");
        assert_eq!(post(&mut line, &address, LONG).await, Err(Failure::Gone), "it has ended meanwhile");
        assert_eq!(post(&mut line, &address, LONG).await, Err(Failure::Gone), "it ends with the request");
        assert_eq!(post(&mut line, &address, LONG).await, Ok(503));
    }

    #[tokio::test]
    async fn an_answer_that_ends_the_connection_counts() {
        let last = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let address = answering(vec![vec![last]]).await;
        assert_eq!(post(&mut Line::default(), &address, LONG).await, Ok(200));
    }

    #[tokio::test]
    async fn who_does_not_answer_is_told_from_who_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert_eq!(post(&mut Line::default(), &address, Duration::from_millis(50)).await, Err(Failure::Silent));
        drop(listener);
        assert_eq!(post(&mut Line::default(), &address, LONG).await, Err(Failure::Gone));
    }
}
