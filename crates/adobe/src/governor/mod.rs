//! When calls to a target system begin, so that it gets what it can take and no write meets another one.
//!
//! A call waits for four things in this order: that nobody else changes what it changes, a place among the calls in
//! flight, its share of the rate, and the end of a pause that the target asked for. A call that is dropped gives back
//! all of it. Places and rate are halved when the target says that it is too much, once for all calls that were under
//! way, and come back one by one as calls succeed.
//!
//! Metrics, all with the label `target`:
//!
//! | Name | Kind | Tells |
//! |---|---|---|
//! | `kit_target_concurrency_limit` | gauge | places at this time |
//! | `kit_target_calls_in_flight` | gauge | calls that have begun and not ended |
//! | `kit_target_rate_limit` | gauge | calls per second at this time; only where a rate is set |
//! | `kit_target_calls_total` | counter | attempts by `status`: `2xx`, `3xx`, `4xx`, `5xx`, `429`, or `none` without answer |
//! | `kit_target_throttled_total` | counter | answers that said it is too much: 429, 503, deadlocks |

mod bucket;
mod deadlock;
mod keys;
mod load;
mod meters;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use self::deadlock::is_deadlock;
use self::keys::{Claim, Keys};
use self::load::{Load, Places};
use self::meters::Meters;
use crate::clock::Clock;

/// However long a target wants to be left alone, after this it is asked again.
const PAUSE_LONGEST: Duration = Duration::from_mins(1);

/// No call waits longer for its turn, whatever the limits say.
const WAIT_LONGEST: Duration = Duration::from_mins(10);

/// What one target system takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls in flight at the most.
    pub concurrency: usize,
    /// Calls per second.
    pub rate: Option<u32>,
    /// How long a call waits for its turn.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 8, rate: None, wait: Duration::from_secs(20) }
    }
}

/// Decides when calls to one target system begin; shared by all actions that call it.
pub struct Governor {
    target: &'static str,
    clock: Clock,
    wait: Duration,
    keys: Arc<Keys>,
    places: Arc<Semaphore>,
    load: Mutex<Load>,
    meters: Meters,
}

/// The call had to wait too long.
#[derive(Debug)]
pub(crate) struct Busy {
    /// The rest of the target's pause.
    pub after: Option<Duration>,
}

/// What an answer says about the target's load.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    pub status: u16,
    pub is_deadlock: bool,
    pub retry_after: Option<Duration>,
}

/// A call's turn; it ends with this value.
pub(crate) struct Admission {
    place: Place,
    /// Which of all attempts this is, once it has begun.
    number: Option<u64>,
    _claims: Vec<Claim>,
}

/// One of the calls in flight.
struct Place {
    governor: Arc<Governor>,
    /// `None` only when it was given back.
    permit: Option<OwnedSemaphorePermit>,
}

impl Governor {
    /// `target` is its name in metrics and traces.
    pub fn new(target: &'static str, limits: Limits, clock: Clock) -> Arc<Self> {
        let load = Load::new(limits.concurrency, limits.rate);
        let places = Arc::new(Semaphore::new(load.limit()));
        let meters = Meters::new(target);
        meters.load(&load);
        let wait = limits.wait.min(WAIT_LONGEST);
        Arc::new(Self { target, clock, wait, keys: Arc::default(), places, load: Mutex::new(load), meters })
    }

    /// Waits for a call's turn. `changes` are kept from others until it ends.
    pub(crate) async fn admit(self: &Arc<Self>, changes: &[String]) -> Result<Admission, Busy> {
        let deadline = Instant::now() + self.wait;
        self.check_pause(self.wait)?;
        let line = async {
            let claims = self.keys.claim(changes).await;
            (claims, self.place().await)
        };
        let (claims, place) = timeout_at(deadline, line).await.map_err(|_| self.busy())?;
        let mut admission = Admission { place, number: None, _claims: claims };
        admission.begin(deadline).await?;
        Ok(admission)
    }

    pub(crate) fn target(&self) -> &'static str {
        self.target
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn place(self: &Arc<Self>) -> Place {
        // Nobody closes the semaphore, so that there is always a permit.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        Place { governor: Arc::clone(self), permit }
    }

    /// The pause that is on, unless it lasts longer than a call can wait.
    fn check_pause(&self, longest: Duration) -> Result<Option<Duration>, Busy> {
        let pause = self.load().pause(self.clock.now());
        if pause.is_some_and(|rest| rest > longest) { Err(Busy { after: pause }) } else { Ok(pause) }
    }

    fn busy(&self) -> Busy {
        Busy { after: self.load().pause(self.clock.now()) }
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// Waits for the turn of one more attempt at the same call.
    pub async fn again(&mut self) -> Result<(), Busy> {
        self.begin(Instant::now() + self.place.governor.wait).await
    }

    /// To be told of the attempt's answer, whatever it is.
    pub fn answered(&self, answered: Answered) {
        let governor = &*self.place.governor;
        let now = governor.clock.now();
        let is_throttled = answered.is_deadlock || matches!(answered.status, 429 | 503);
        governor.meters.answer(answered.status, is_throttled);
        let mut load = governor.load();
        let places = match answered.status {
            _ if is_throttled => load.throttled(self.number.unwrap_or_default()),
            200..=299 => load.succeeded(),
            _ => Places::Same,
        };
        match places {
            Places::Same => {}
            Places::More(count) => governor.places.add_permits(count),
            Places::Fewer(count) => {
                let gone = governor.places.forget_permits(count);
                load.owe(count - gone);
            }
        }
        if let Some(wait) = answered.retry_after.filter(|_| answered.status >= 400) {
            load.rest(now, wait.min(PAUSE_LONGEST));
        }
        governor.meters.load(&load);
    }

    /// To be told that the attempt got no answer.
    pub fn unanswered(&self) {
        self.place.governor.meters.silence();
    }

    async fn begin(&mut self, deadline: Instant) -> Result<(), Busy> {
        let governor = &*self.place.governor;
        let left = || deadline.saturating_duration_since(Instant::now());
        let share = governor.load().reserve(governor.clock.now(), left());
        let Some(wait) = share else { return Err(governor.busy()) };
        if !wait.is_zero() {
            sleep(wait).await;
        }
        while let Some(rest) = governor.check_pause(left())? {
            sleep(rest).await;
        }
        let mut load = governor.load();
        if self.number.replace(load.begin()).is_none() {
            load.enter();
        }
        governor.meters.in_flight(&load);
        Ok(())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.number.is_some() {
            let governor = &*self.place.governor;
            let mut load = governor.load();
            load.leave();
            governor.meters.in_flight(&load);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut load = self.governor.load();
        if load.repay() {
            permit.forget();
        } else {
            // Still under the lock, so that a halving finds the place here or there.
            drop(permit);
        }
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor").field("meters", &self.meters).finish_non_exhaustive()
    }
}
