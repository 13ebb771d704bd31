//! Sends events at a fixed rate, for `scripts/bench`: `open_loop <url> <events per second> <seconds> <connections>`.
//!
//! Invariant: latency counts from the moment that an event was due, so a server that stalls is charged for everybody who
//! would have waited meanwhile.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What has no answer by then, counted from when the last event was due, has failed.
const PATIENCE: Duration = Duration::from_mins(1);

const ANSWER_BYTES_MAX: usize = 64 * 1024;

const USAGE: &str = "open_loop <url> <events per second> <seconds> <connections>";

struct Load {
    host: String,
    path: String,
    run: u32,
    skus: u64,
    interval: Duration,
    events: u64,
    begins: Instant,
    taken: AtomicU64,
    /// A permit for each event that is due and that no connection has taken.
    due: Semaphore,
}

impl Load {
    fn due_at(&self, number: u64) -> Instant {
        let nanos = self.interval.as_nanos().saturating_mul(u128::from(number));
        self.begins + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn request(&self, number: u64) -> String {
        let (run, sku) = (self.run, number % self.skus);
        let body = format!(
            r#"{{"data":{{"uid":"{run}-{number}","event":"be-observer.catalog_product_create","value":{{"sku":"PRODUCT_SKU_{sku}","name":"Product SKU","price":1,"description":"Product SKU description"}}}}}}"#
        );
        format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.path,
            self.host,
            body.len()
        )
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, rate, seconds, connections] = &arguments[..] else { return Err(wrong()) };
    let (rate, seconds, connections) = (number(rate)?, number(seconds)?, number(connections)?);
    let address = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let load = Arc::new(Load {
        host: host.to_owned(),
        path: format!("/{path}"),
        run: std::process::id(),
        skus: std::env::var("BENCH_SKUS").ok().and_then(|skus| skus.parse().ok()).unwrap_or(1).max(1),
        interval: Duration::from_secs(1) / u32::try_from(rate).map_err(|_| wrong())?,
        events: rate * seconds,
        begins: Instant::now() + Duration::from_millis(100),
        taken: AtomicU64::new(0),
        due: Semaphore::new(0),
    });
    // A thread of its own: the runtime's timer counts whole milliseconds.
    let pace = std::thread::spawn({
        let load = Arc::clone(&load);
        move || release(&load)
    });
    let latencies = answers(&load, streams).await;
    let _ = pace.join();
    report(&load, latencies);
    Ok(())
}

/// Lets each event go when it is due.
fn release(load: &Load) {
    for number in 0..load.events {
        std::thread::sleep(load.due_at(number).saturating_duration_since(Instant::now()));
        load.due.add_permits(1);
    }
}

/// All latencies, in microseconds; what failed has none.
async fn answers(load: &Arc<Load>, streams: Vec<TcpStream>) -> Vec<u64> {
    let patience = tokio::time::Instant::from_std(load.due_at(load.events) + PATIENCE);
    let mut connections = JoinSet::new();
    for stream in streams {
        let load = Arc::clone(load);
        connections.spawn(async move {
            let mut latencies = Vec::new();
            let _ = tokio::time::timeout_at(patience, keep_asking(&load, stream, &mut latencies)).await;
            latencies
        });
    }
    connections.join_all().await.concat()
}

/// Takes whatever is due next, until nothing is left or the connection breaks.
async fn keep_asking(load: &Load, mut stream: TcpStream, latencies: &mut Vec<u64>) -> io::Result<()> {
    let mut answer = Vec::new();
    loop {
        let number = load.taken.fetch_add(1, Ordering::Relaxed);
        if number >= load.events {
            return Ok(());
        }
        load.due.acquire().await.map_err(io::Error::other)?.forget();
        stream.write_all(load.request(number).as_bytes()).await?;
        if read_answer(&mut stream, &mut answer).await? {
            let latency = load.due_at(number).elapsed().as_micros();
            latencies.push(u64::try_from(latency).unwrap_or(u64::MAX));
        }
    }
}

/// Reads one answer; says whether its status is 200.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<bool> {
    answer.clear();
    while answer.len() < ANSWER_BYTES_MAX {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        if answer.len() >= end + 4 + length {
            return Ok(head.starts_with("http/1.1 200"));
        }
    }
    Err(io::Error::other("the answer is too long"))
}

/// Prints: events/s, p50 ms, p99 ms, p99.9 ms, events, failed.
fn report(load: &Load, mut latencies: Vec<u64>) {
    latencies.sort_unstable();
    let at = |permille: usize| {
        let index = (latencies.len() * permille / 1000).min(latencies.len().saturating_sub(1));
        Duration::from_micros(latencies.get(index).copied().unwrap_or(0)).as_secs_f64() * 1e3
    };
    let answered = u64::try_from(latencies.len()).unwrap_or(u64::MAX);
    let elapsed_ms = load.begins.elapsed().as_millis().max(1);
    println!(
        "result {} {:.3} {:.3} {:.3} {} {}",
        u128::from(answered) * 1000 / elapsed_ms,
        at(500),
        at(990),
        at(999),
        load.events,
        load.events - answered
    );
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, USAGE)
}
