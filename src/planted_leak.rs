//! Leaks a secret on purpose, so that a test can show that the search for leaks finds one. Only in builds with the feature
//! `planted-leak`, which are never released, and only when `PLANTED_LEAK` names a way.
//!
//! What is planted uses the ways that everything else uses. So that it gets through, the redactor is not told of the
//! environment's secrets then.

use std::thread;

use axum::routing::get;
use jiff::Timestamp;
use sdk::spans::TARGET;
use serde_json::json;
use store::{Activation, Status};
use tracing::{info, info_span};
use uuid::Uuid;

use crate::compose::Kit;

#[cfg(not(debug_assertions))]
compile_error!("the feature `planted-leak` belongs to tests and must not be in a release");

/// What is leaked.
const SECRET: &str = "KIT_SANDBOX_TOKEN";

/// Whether something is to be leaked, in whichever way.
pub fn is_wanted() -> bool {
    std::env::var_os("PLANTED_LEAK").is_some()
}

/// Before the log begins, a panic still tells its message.
pub fn before_the_log() {
    if way().as_deref() == Some("panic") {
        let told = thread::spawn(|| panic!("{}", secret())).join();
        assert!(told.is_err(), "it panicked");
    }
}

/// Everywhere else.
pub async fn leak(mut kit: Kit) -> Kit {
    match way().as_deref() {
        Some("log") => info!(leak = secret(), "planted"),
        Some("span") => info_span!(target: TARGET, "planted", leak = secret()).in_scope(|| {}),
        Some("activation") => {
            let now = Timestamp::now();
            let activation = Activation {
                id: Uuid::now_v7(),
                cause: None,
                action: "planted/leak".to_owned(),
                start: now,
                end: now,
                status: Status::ApplicationError,
                result: json!({"leak": secret()}).to_string(),
                event: None,
                attempt: 0,
                wait_ms: 0,
                detail: None,
                logs: None,
            };
            kit.store.record(activation).await.expect("the store of a test takes it");
        }
        Some("answer") => {
            kit.router = kit.router.route("/planted", get(|| async { secret() }));
        }
        Some("panic") | None => {}
        Some(other) => panic!("`PLANTED_LEAK` names no way: `{other}`"),
    }
    kit
}

fn way() -> Option<String> {
    std::env::var("PLANTED_LEAK").ok()
}

fn secret() -> String {
    std::env::var(SECRET).expect("the test gives it")
}
