//! What the parts count, in Prometheus' text format at `GET /metrics`.

use std::sync::OnceLock;

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count; a second call in a process changes nothing.
///
/// # Errors
/// Somebody else counts already.
pub fn start() -> anyhow::Result<()> {
    if HANDLE.get().is_some() {
        return Ok(());
    }
    let handle = PrometheusBuilder::new().install_recorder().context("the metrics cannot be counted")?;
    let _ = HANDLE.set(handle);
    Ok(())
}

/// The route.
pub fn router() -> Router {
    let text = || async {
        let text = HANDLE.get().map(PrometheusHandle::render).unwrap_or_default();
        ([(CONTENT_TYPE, TEXT)], text)
    };
    Router::new().route("/metrics", get(text))
}
