//! What the parts count, in Prometheus' text format at `GET /metrics`.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A commit with its fsync takes from a tenth of a millisecond to seconds.
const COMMIT_SECONDS: [f64; 12] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

/// Commands in one commit: up to 512.
const COMMIT_COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// What was measured goes into its buckets this often, also while nobody reads it: it takes no memory meanwhile.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count; a second call in a process changes nothing.
///
/// # Errors
/// Somebody else counts already.
pub fn start() -> anyhow::Result<()> {
    if HANDLE.get().is_some() {
        return Ok(());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("kit_store_commit_seconds".to_owned()), &COMMIT_SECONDS)?
        .set_buckets_for_metric(Matcher::Full("kit_store_commit_commands".to_owned()), &COMMIT_COMMANDS)?
        .install_recorder()
        .context("the metrics cannot be counted")?;
    let _ = HANDLE.set(handle);
    describe();
    Ok(())
}

/// Looks after what was counted until told to stop.
pub async fn keep(mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Some(handle) = HANDLE.get() {
            handle.run_upkeep();
        }
        tokio::select! {
            () = tokio::time::sleep(UPKEEP_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// What stands beside the numbers, for people.
fn describe() {
    describe_counter!("kit_events_ingested_total", "Events that were stored, by code.");
    describe_counter!("kit_events_repeated_total", "Events that had come before.");
    describe_counter!(
        "kit_refusals_not_recorded_total",
        "Refused requests without an activation: there were too many."
    );
    describe_counter!("kit_ingestion_refused_total", "Events that were not taken, by reason.");
    describe_counter!("kit_requests_refused_total", "Connections and requests that went beyond a limit, by reason.");
    describe_counter!("kit_deliveries_total", "Attempts whose outcome is on record, by code and outcome.");
    describe_counter!("kit_task_restarts_total", "Tasks that panicked or stood still and were begun anew.");
    describe_gauge!("kit_deliveries_running", "Attempts that run, as of the last look.");
    describe_gauge!("kit_deliveries_open", "Deliveries that are not at their end.");
    describe_gauge!("kit_delivery_lag_seconds", Unit::Seconds, "How long the oldest due delivery has been due.");
    describe_gauge!("kit_registration_health", "0: active, 1: unstable, 2: disabled.");
    describe_gauge!("kit_unready", "1 while this reason keeps the kit from being ready.");
    describe_gauge!("kit_store_queue_depth", "Commands that wait for the store's next commit.");
    describe_histogram!("kit_store_commit_seconds", Unit::Seconds, "How long a commit of the store took.");
    describe_histogram!("kit_store_commit_commands", "Commands in one commit of the store.");
}

/// The route.
pub fn router() -> Router {
    let text = || async {
        let text = HANDLE.get().map(PrometheusHandle::render).unwrap_or_default();
        ([(CONTENT_TYPE, TEXT)], text)
    };
    Router::new().route("/metrics", get(text))
}
