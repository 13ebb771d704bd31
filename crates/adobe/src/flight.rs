use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Ready, Shared, WeakShared, ready};
use jiff::Timestamp;

use crate::clock::{Clock, after};

/// After the first failure; each further one doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

const PAUSE_LONGEST: Duration = Duration::from_mins(1);

/// A result worth keeping: made anew from `renew_at` on, and good until `usable_until` should that fail.
pub(crate) struct Kept<T> {
    pub value: T,
    pub renew_at: Timestamp,
    pub usable_until: Timestamp,
}

/// What a failure says on when to ask again.
pub(crate) trait Failure {
    fn retry_after(&self) -> Option<Duration>;
}

type Work<T, E> = BoxFuture<'static, Result<T, E>>;

/// What is known already, or the work to wait for.
type Joined<T, E> = Either<Ready<Result<T, E>>, Shared<Work<T, E>>>;

/// One piece of work for all who want its result: whoever comes while it runs waits for the same one and shares its
/// outcome. A success is kept; a failure is remembered for a pause, in which nothing is asked.
pub(crate) struct Flight<T, E> {
    clock: Clock,
    state: Mutex<State<T, E>>,
}

struct State<T, E> {
    kept: Option<Kept<T>>,
    failed: Option<Failed<E>>,
    failures: u32,
    /// Weak, so that work for which nobody waits any more ends with its last waiter.
    running: Option<WeakShared<Work<T, E>>>,
}

struct Failed<E> {
    error: E,
    /// A clock that was set back ends the pause, too.
    since: Timestamp,
    until: Timestamp,
}

impl<T, E> Flight<T, E>
where
    T: Clone + Send + Sync + 'static,
    E: Failure + Clone + Send + Sync + 'static,
{
    pub fn new(clock: Clock) -> Arc<Self> {
        let state = State { kept: None, failed: None, failures: 0, running: None };
        Arc::new(Self { clock, state: Mutex::new(state) })
    }

    /// The kept value, the remembered failure, or the outcome of the work.
    pub async fn get<F>(self: &Arc<Self>, work: impl FnOnce() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<Kept<T>, E>> + Send + 'static,
    {
        self.join(work).await
    }

    /// Drops what is kept if it is what the caller has in mind; says whether it was.
    pub fn forget(&self, is_meant: impl FnOnce(&T) -> bool) -> bool {
        self.state().kept.take_if(|kept| is_meant(&kept.value)).is_some()
    }

    /// Whether something is kept that passes, and counts still.
    pub fn keeps(&self, passes: impl FnOnce(&T) -> bool) -> bool {
        let now = self.clock.now();
        self.state().usable(now).as_ref().is_some_and(passes)
    }

    /// Whether there is a result that counts still, or work that somebody waits for.
    pub fn is_wanted(&self) -> bool {
        let state = self.state();
        let is_running = state.running.as_ref().and_then(WeakShared::upgrade).is_some();
        is_running || state.known(self.clock.now()).is_some()
    }

    fn join<F>(self: &Arc<Self>, work: impl FnOnce() -> F) -> Joined<T, E>
    where
        F: Future<Output = Result<Kept<T>, E>> + Send + 'static,
    {
        let mut state = self.state();
        if let Some(known) = state.known(self.clock.now()) {
            return Either::Left(ready(known));
        }
        if let Some(running) = state.running.as_ref().and_then(WeakShared::upgrade) {
            return Either::Right(running);
        }
        let (flight, work) = (Arc::clone(self), work());
        let running = async move { flight.finish(work.await) }.boxed().shared();
        state.running = running.downgrade();
        Either::Right(running)
    }

    fn finish(&self, outcome: Result<Kept<T>, E>) -> Result<T, E> {
        let now = self.clock.now();
        let mut state = self.state();
        state.running = None;
        match outcome {
            Ok(kept) => {
                let value = kept.value.clone();
                *state = State { kept: Some(kept), failed: None, failures: 0, running: None };
                Ok(value)
            }
            Err(error) => {
                let until = after(now, pause_after(state.failures, error.retry_after()));
                state.failures = state.failures.saturating_add(1);
                state.failed = Some(Failed { error: error.clone(), since: now, until });
                state.usable(now).ok_or(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone, E: Clone> State<T, E> {
    fn known(&self, now: Timestamp) -> Option<Result<T, E>> {
        if let Some(kept) = self.kept.as_ref().filter(|kept| now < kept.renew_at) {
            return Some(Ok(kept.value.clone()));
        }
        let failed = self.failed.as_ref().filter(|failed| (failed.since..failed.until).contains(&now))?;
        Some(self.usable(now).ok_or_else(|| failed.error.clone()))
    }

    fn usable(&self, now: Timestamp) -> Option<T> {
        self.kept.as_ref().filter(|kept| now < kept.usable_until).map(|kept| kept.value.clone())
    }
}

impl<T, E> fmt::Debug for Flight<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").finish_non_exhaustive()
    }
}

/// `failures` came before this one. A wish of the other side counts instead, unless it is for no pause at all.
fn pause_after(failures: u32, wish: Option<Duration>) -> Duration {
    let pause = PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(failures)).min(PAUSE_LONGEST);
    wish.map_or(pause, |wish| wish.max(PAUSE_FIRST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failures: u32, wish: Option<u64>, milliseconds: u64) {
        let pause = pause_after(failures, wish.map(Duration::from_secs));
        assert_eq!(pause, Duration::from_millis(milliseconds), "{failures} {wish:?}");
    }

    #[test]
    fn pauses_double_until_the_longest_unless_the_other_side_names_one() {
        check(0, None, 500);
        check(1, None, 1_000);
        check(6, None, 32_000);
        check(7, None, 60_000);
        check(u32::MAX, None, 60_000);
        check(3, Some(7), 7_000);
        check(3, Some(600), 600_000);
        check(3, Some(0), 500);
    }
}
