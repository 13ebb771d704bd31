//! The ceiling that `scripts/bench` compares with: axum alone, echoing bodies.
//!
//! Invariant: it does nothing that the kit would have to do besides speaking HTTP.

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use axum::serve::ListenerExt;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/", post(|body: Bytes| async { body }))).await
}
