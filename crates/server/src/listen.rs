use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

/// Answers requests until told to stop, then lets those under way end, for at most `patience`.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|connection| {
        // Answers are one small write; waiting to fill a packet only makes them late.
        if let Err(error) = connection.set_nodelay(true) {
            warn!(%error, "a connection keeps its delay");
        }
    });
    let mut stopped = stop.clone();
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a stop too.
            let _ = stopped.wait_for(|stop| *stop).await;
        });
    tokio::select! {
        ended = async { server.await } => ended,
        () = async {
            let _ = stop.wait_for(|stop| *stop).await;
            tokio::time::sleep(patience).await;
        } => {
            warn!("requests that were still under way were cut off");
            Ok(())
        }
    }
}
