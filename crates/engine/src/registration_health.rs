//! How deliveries to registrations go: active, unstable, disabled (contract, section 4.7).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{AttemptCount, Registration, RegistrationHealth, Store, StoreError};
use tokio::sync::watch;
use tracing::warn;

use crate::{Clock, RoutesHandle};

/// Between two looks.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// When a registration counts as unstable, and when it is disabled.
#[derive(Clone, Copy, Debug)]
pub struct HealthRules {
    /// How far back attempts count.
    pub window: Duration,
    /// With fewer attempts in the window nothing is said.
    pub attempts_min: u32,
    /// From this share of failures on a registration is unstable; above 0, up to 1.
    pub failures: f64,
    /// Unstable for this long, it is disabled.
    pub unstable_for: Duration,
}

impl HealthRules {
    /// What becomes of a registration, if that is something else. One that is disabled stays so until a person enables it.
    fn next(&self, health: RegistrationHealth, count: AttemptCount, now: Timestamp) -> Option<RegistrationHealth> {
        match health {
            RegistrationHealth::Active => self.is_failing(count).then_some(RegistrationHealth::Unstable { since: now }),
            RegistrationHealth::Unstable { since } => {
                // Looked at again no sooner.
                let is_over = now >= after(since, self.unstable_for);
                let next = if self.is_failing(count) {
                    RegistrationHealth::Disabled { since: now }
                } else {
                    RegistrationHealth::Active
                };
                is_over.then_some(next)
            }
            RegistrationHealth::Disabled { .. } => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "attempts of some days are far below 2^52")]
    fn is_failing(&self, count: AttemptCount) -> bool {
        let is_enough = count.attempts >= u64::from(self.attempts_min.max(1));
        is_enough && count.failures as f64 >= self.failures * count.attempts as f64
    }
}

fn after(time: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| time.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

fn before(time: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| time.checked_sub(duration).ok())
        .unwrap_or(Timestamp::MIN)
}

/// Looks after the health of registrations.
#[derive(Clone)]
pub struct RegistrationWatch {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub routes: RoutesHandle,
    pub rules: HealthRules,
}

impl RegistrationWatch {
    /// Looks every minute until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.look().await {
                warn!(%error, "the health of registrations cannot be looked at now");
            }
            let now = self.clock.now();
            tokio::select! {
                () = self.clock.wait_until(now.saturating_add(LOOKED_EVERY).unwrap_or(now)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// One look at all registrations that are switched on.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let counts = self.store.attempt_counts(before(now, self.rules.window)).await?;
        let mut is_changed = false;
        for registration in self.routes.get().catalogue().registrations.iter().filter(|other| other.enabled) {
            let count = counts.iter().find(|count| count.registration == registration.id).copied().unwrap_or_default();
            if let Some(health) = self.rules.next(registration.health, count, now)
                && self.store.put_health(registration.id, health).await?
            {
                tell(registration, health, count);
                is_changed = true;
            }
        }
        if is_changed {
            self.routes.refresh(&*self.store).await?;
        }
        Ok(())
    }
}

fn tell(registration: &Registration, health: RegistrationHealth, count: AttemptCount) {
    let AttemptCount { attempts, failures, .. } = count;
    let name = registration.name.as_str();
    match health {
        RegistrationHealth::Active => warn!(registration = name, "`{name}` is active again"),
        RegistrationHealth::Unstable { .. } => {
            warn!(registration = name, attempts, failures, "`{name}` is unstable: most attempts fail");
        }
        RegistrationHealth::Disabled { .. } => warn!(
            registration = name,
            attempts,
            failures,
            "`{name}` is disabled: new events stay in its journal until `kit registration enable` is called for it"
        ),
    }
}

impl fmt::Debug for RegistrationWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RegistrationWatch").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: HealthRules = HealthRules {
        window: Duration::from_hours(24),
        attempts_min: 10,
        failures: 0.8,
        unstable_for: Duration::from_hours(24),
    };

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn check(health: RegistrationHealth, (attempts, failures): (u64, u64), hours: i64, expected: &str) {
        let now = START.checked_add(SignedDuration::from_hours(hours)).expect("a time");
        let next = RULES.next(health, AttemptCount { registration: 1, attempts, failures }, now);
        assert_eq!(next.map_or("the same", RegistrationHealth::as_str), expected, "{health:?} {attempts} {failures}");
    }

    #[test]
    fn eight_of_ten_failures_make_a_registration_unstable() {
        let active = RegistrationHealth::Active;
        check(active, (10, 8), 0, "unstable");
        check(active, (10, 7), 0, "the same");
        check(active, (9, 9), 0, "the same");
        check(active, (0, 0), 0, "the same");
        check(active, (1_000, 799), 0, "the same");
        check(active, (1_000, 1_000), 0, "unstable");
    }

    #[test]
    fn an_unstable_registration_is_looked_at_again_after_a_day() {
        let unstable = RegistrationHealth::Unstable { since: START };
        check(unstable, (100, 0), 23, "the same");
        check(unstable, (100, 100), 23, "the same");
        check(unstable, (100, 100), 24, "disabled");
        check(unstable, (100, 79), 24, "active");
        check(unstable, (9, 9), 24, "active");
    }

    #[test]
    fn a_disabled_registration_waits_for_a_person() {
        check(RegistrationHealth::Disabled { since: START }, (100, 0), 1_000, "the same");
    }
}
