//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::activity::{LOOKS, Watcher};
use super::door::Seat;
use super::{Limits, told};

/// Headers that the HTTP/1 parser has room for without asking for memory.
const HEADERS_ROOM: usize = 100;

/// What an HTTP/2 client may send before anybody reads it, on one stream and on all of a connection.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;

/// What one HTTP/2 stream may have ready for a client that does not read.
const SENT_BYTES_MAX: usize = 64 * 1024;

/// Serves what comes until the client goes, nothing happens for too long, or the server stops.
pub(super) async fn serve<T>(stream: T, seat: Seat, mut stop: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let seat = Arc::new(seat);
    let limits = seat.limits();
    let builder = builder(limits);
    let mut looks = interval(limits.header_timeout / LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.reset();
    let io = TokioIo::new(Watched { stream, seat: Arc::clone(&seat) });
    let service = service_fn(|request: Request<Incoming>| {
        let seat = Arc::clone(&seat);
        async move {
            let mut response = seat.answer(request).await;
            seat.limits().strict_transport.complete(response.headers_mut());
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut watcher = Watcher::default();
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            // Clients go without a word, and speak other protocols: nothing that anybody here could mend.
            _ = connection.as_mut() => return,
            () = told(&mut stop), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => {
                let idle_looks = watcher.idle_looks(&seat.activity);
                if idle_looks > LOOKS {
                    return;
                }
                if idle_looks == LOOKS {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Whoever sends headers slowly is idle, which is looked after without a timer for each request.
    builder.http1().header_read_timeout(None).max_buf_size(limits.header_bytes_max);
    if limits.headers_max > HEADERS_ROOM {
        builder.http1().max_headers(limits.headers_max);
    }
    let header_bytes_max = u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2.streams_max)
        .max_header_list_size(header_bytes_max)
        .max_pending_accept_reset_streams(limits.http2.resets_max)
        .keep_alive_interval(limits.http2.ping_every)
        .keep_alive_timeout(limits.http2.ping_every)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SENT_BYTES_MAX);
    builder
}

/// Counts what is written.
struct Watched<T> {
    stream: T,
    seat: Arc<Seat>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<T> Watched<T> {
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.seat.activity.wrote(bytes);
        }
        written
    }
}
