//! Clients that go before they are answered.

use std::io;
use std::ops::Range;

use fastrand::Rng;
use tokio::net::TcpStream;

use super::sender::PATH;

/// Where in its request a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hangup {
    point: Point,
    /// It resets the connection instead of closing it.
    resets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    AfterHead,
    /// After so many bytes of the body.
    WithinBody(usize),
    /// Everything was sent, the answer is not waited for.
    BeforeAnswer,
}

impl Hangup {
    pub fn at_random(rng: &mut Rng, body_bytes: usize) -> Self {
        let point = match rng.u32(0..4) {
            0 => Point::AfterHead,
            1 => Point::WithinBody(rng.usize(1..body_bytes.max(2))),
            _ => Point::BeforeAnswer,
        };
        Self { point, resets: rng.bool() }
    }

    /// What is sent of the body.
    fn of_body(self, body_bytes: usize) -> Range<usize> {
        match self.point {
            Point::AfterHead => 0..0,
            Point::WithinBody(bytes) => 0..bytes.min(body_bytes),
            Point::BeforeAnswer => 0..body_bytes,
        }
    }
}

/// Sends as much as was decided, and goes.
///
/// # Errors
/// Nobody listens, or the program went first.
pub async fn hang_up(address: &str, body: &str, hangup: Hangup) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    write(&stream, head.as_bytes()).await?;
    write(&stream, &body.as_bytes()[hangup.of_body(body.len())]).await?;
    if hangup.resets {
        stream.set_zero_linger()?;
    }
    Ok(())
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
