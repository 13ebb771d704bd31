//! A Commerce that answers every call at once with `200 {}`, for `scripts/bench`. With `hang` it never answers.
//!
//! Invariant: it counts a call before it answers it. `GET /count` has calls, and the first's and the last's time in ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;

/// Longer than any caller waits.
const HANGS_FOR: Duration = Duration::from_hours(1);

#[derive(Debug, Default)]
struct Calls {
    hangs: bool,
    count: AtomicU64,
    first_ms: AtomicI64,
    last_ms: AtomicI64,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hangs = std::env::args().nth(1).is_some_and(|mode| mode == "hang");
    let calls = Arc::new(Calls { hangs, ..Calls::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/count", get(count)).fallback(take).with_state(calls)).await
}

async fn take(State(calls): State<Arc<Calls>>, _body: Bytes) -> impl IntoResponse {
    let now = jiff::Timestamp::now().as_millisecond();
    if calls.count.fetch_add(1, Ordering::Relaxed) == 0 {
        calls.first_ms.store(now, Ordering::Relaxed);
    }
    calls.last_ms.fetch_max(now, Ordering::Relaxed);
    if calls.hangs {
        tokio::time::sleep(HANGS_FOR).await;
    }
    ([(CONTENT_TYPE, "application/json")], "{}")
}

async fn count(State(calls): State<Arc<Calls>>) -> String {
    let count = calls.count.load(Ordering::Relaxed);
    let first_ms = calls.first_ms.load(Ordering::Relaxed);
    let last_ms = calls.last_ms.load(Ordering::Relaxed);
    format!("{count} {first_ms} {last_ms}\n")
}
