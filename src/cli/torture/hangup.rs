//! Clients that go before they are answered.

use std::io;
use std::time::Duration;

use fastrand::Rng;
use tokio::net::TcpStream;

use super::sender::PATH;

/// Of so many clients one stays for long without a word, as if its network were gone.
const STALLS_ONE_IN: u32 = 8;
const STALLS_MS: std::ops::Range<u64> = 20..400;
/// The others go while the program works at what they sent.
const STAYS_US_MAX: u64 = 4_000;

/// Where in its request a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hangup {
    point: Point,
    /// How long it stays after its last byte.
    stays: Duration,
    /// It resets the connection instead of closing it.
    resets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// After so many parts of the head, of a hundred.
    WithinHead(usize),
    AfterHead,
    /// After so many bytes of the body.
    WithinBody(usize),
    /// Everything was sent, the answer is not waited for.
    BeforeAnswer,
}

impl Hangup {
    pub fn at_random(rng: &mut Rng, body_bytes: usize) -> Self {
        let point = match rng.u32(0..8) {
            0 => Point::WithinHead(rng.usize(0..100)),
            1 => Point::AfterHead,
            2 | 3 => Point::WithinBody(rng.usize(1..body_bytes.max(2))),
            _ => Point::BeforeAnswer,
        };
        let stays = match rng.u32(0..STALLS_ONE_IN) {
            0 => Duration::from_millis(rng.u64(STALLS_MS)),
            _ => Duration::from_micros(rng.u64(0..STAYS_US_MAX)),
        };
        Self { point, stays, resets: rng.bool() }
    }

    /// How many bytes it sends.
    fn bytes(self, head_bytes: usize, body_bytes: usize) -> usize {
        match self.point {
            Point::WithinHead(percent) => head_bytes * percent / 100,
            Point::AfterHead => head_bytes,
            Point::WithinBody(bytes) => head_bytes + bytes.min(body_bytes),
            Point::BeforeAnswer => head_bytes + body_bytes,
        }
    }
}

/// Sends as much as was decided, stays as long, and goes.
///
/// # Errors
/// Nobody listens, or the program went first.
pub async fn hang_up(address: &str, body: &str, hangup: Hangup) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body.as_bytes()].concat();
    write(&stream, &request[..hangup.bytes(head.len(), body.len())]).await?;
    tokio::time::sleep(hangup.stays).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_goes_at_every_point() {
        let mut rng = Rng::with_seed(1);
        let (head, body) = (100, 200);
        let all = head + body;
        let goes: Vec<usize> = (0..1_000).map(|_| Hangup::at_random(&mut rng, body).bytes(head, body)).collect();
        let went = |points: std::ops::Range<usize>| goes.iter().filter(|bytes| points.contains(bytes)).count();
        let counts = [went(0..head), went(head..head + 1), went(head + 1..all), went(all..all + 1)];
        assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), goes.len());
    }
}
