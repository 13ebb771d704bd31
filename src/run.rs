use std::time::Duration;

use server::Listening;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::beside;
use crate::compose::Kit;
use crate::telemetry::Telemetry;

/// Requests under way when a stop comes have this long to end, and attempts this much longer: 10 s in all.
const REQUESTS_PATIENCE: Duration = Duration::from_secs(5);
const ATTEMPTS_PATIENCE: Duration = Duration::from_millis(4_500);

/// Runs a kit until told to stop: first no more requests and attempts, then what runs ends, then the store closes, and at last
/// the traces that are left are exported.
pub async fn run(kit: Kit, listener: TcpListener, stop: watch::Receiver<bool>, telemetry: Option<Telemetry>) {
    let deliveries = beside::begin(&kit, &stop);
    let server = Listening { listener, tls: kit.tls, router: kit.router, limits: kit.limits };
    server.serve(stop, REQUESTS_PATIENCE).await;
    let ended = async {
        // Its loop ends first, so that no attempt begins any more.
        let _ = deliveries.await;
        kit.deliveries.finished().await;
    };
    if tokio::time::timeout(ATTEMPTS_PATIENCE, ended).await.is_err() {
        warn!("attempts that were still running were cut off; they will run again");
    }
    kit.store.close().await;
    if let Some(telemetry) = telemetry {
        telemetry.end().await;
    }
    info!("stopped");
}

/// A stop that SIGINT or SIGTERM triggers.
///
/// # Errors
/// The signals cannot be caught.
pub fn stop_on_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        info!("stopping");
        let _ = stop.send(true);
        // Keeps the channel open: a closed one would read as an error, not as a stop.
        stop.closed().await;
    });
    Ok(stopped)
}
