//! What the engine counts. Labels come from bounded sets: codes and registrations are cut off at a number.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{counter, gauge};
use store::{Outcome, RegistrationHealth, StoreError};

/// Event codes that are counted apart; further ones are counted together.
const CODES_MAX: usize = 500;

/// What stands for the codes beyond that.
const OTHER: &str = "other";

static CODES: Mutex<Option<HashSet<Arc<str>>>> = Mutex::new(None);

/// The label of an event code.
fn label(code: &str) -> Arc<str> {
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    let codes = codes.get_or_insert_default();
    if let Some(known) = codes.get(code) {
        return Arc::clone(known);
    }
    if codes.len() >= CODES_MAX {
        return OTHER.into();
    }
    let new: Arc<str> = code.into();
    codes.insert(Arc::clone(&new));
    new
}

/// An event was stored.
pub(crate) fn ingested(code: &str) {
    counter!("kit_events_ingested_total", "code" => label(code)).increment(1);
}

/// An event had come before.
pub(crate) fn repeated() {
    counter!("kit_events_repeated_total").increment(1);
}

/// An event was not taken.
pub(crate) fn refused(reason: &'static str) {
    counter!("kit_ingestion_refused_total", "reason" => reason).increment(1);
}

/// A request was refused and not recorded, because too many were.
pub(crate) fn refusal_not_recorded() {
    counter!("kit_refusals_not_recorded_total").increment(1);
}

/// The store did not take an event.
pub(crate) fn not_stored(error: &StoreError) {
    refused(match error {
        StoreError::Busy => "busy",
        StoreError::Backlog => "backlog",
        StoreError::Full => "full",
        StoreError::Unavailable
        | StoreError::Closed
        | StoreError::Taken
        | StoreError::Read(_)
        | StoreError::Damaged(_)
        | StoreError::Open { .. }
        | StoreError::Sealed(_) => "unavailable",
    });
}

/// An attempt has ended, and its outcome is on record.
pub(crate) fn ended(code: &str, outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Done => "done",
        Outcome::Skipped => "skipped",
        Outcome::Suppressed => "suppressed",
        Outcome::Refused(_) => "refused",
        Outcome::Parked(parked) if parked.blocks => "blocking",
        Outcome::Parked(_) => "parked",
        Outcome::RetryAt(_) => "retried",
        Outcome::Unknown(_) => "unknown",
    };
    counter!("kit_deliveries_total", "code" => label(code), "outcome" => outcome).increment(1);
}

pub(crate) fn unready(reason: &'static str, is_found: bool) {
    gauge!("kit_unready", "reason" => reason).set(if is_found { 1.0 } else { 0.0 });
}

pub(crate) fn running(attempts: usize) {
    gauge!("kit_deliveries_running").set(f64::from(u32::try_from(attempts).unwrap_or(u32::MAX)));
}

/// For how long the oldest due delivery of a registration has been due.
pub(crate) fn lag(registration: &str, seconds: f64) {
    gauge!("kit_delivery_lag_seconds", "registration" => registration.to_owned()).set(seconds);
}

/// 0: active, 1: unstable, 2: disabled.
pub(crate) fn health(registration: &str, health: RegistrationHealth) {
    let number = match health {
        RegistrationHealth::Active => 0.0,
        RegistrationHealth::Unstable { .. } => 1.0,
        RegistrationHealth::Disabled { .. } => 2.0,
    };
    gauge!("kit_registration_health", "registration" => registration.to_owned()).set(number);
}

/// A registration is gone.
pub(crate) fn gone(registration: &str) {
    lag(registration, 0.0);
    health(registration, RegistrationHealth::Active);
}
