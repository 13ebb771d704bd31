//! Whether something happens on a connection.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Between two looks an answer has to move on by this much to count as one that is being read. Pings are smaller.
const WRITTEN_BYTES_MIN: u64 = 4 * 1024;

/// How often somebody looks during the time that a connection may be idle.
pub(super) const LOOKS: u32 = 4;

/// What has happened on one connection so far.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicU64,
    under_way: AtomicUsize,
    written: AtomicU64,
}

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay<'a>(&'a Activity);

impl Activity {
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What whoever looks at a connection remembers.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    begun: u64,
    written: u64,
    idle_looks: u32,
}

impl Watcher {
    /// How many looks in a row found nothing: no request that began or was under way, no answer that moved on.
    pub(super) fn idle_looks(&mut self, activity: &Activity) -> u32 {
        let begun = activity.begun.load(Ordering::Relaxed);
        let written = activity.written.load(Ordering::Relaxed);
        let is_idle = begun == self.begun
            && activity.under_way.load(Ordering::Relaxed) == 0
            && written.wrapping_sub(self.written) < WRITTEN_BYTES_MIN;
        self.idle_looks = if is_idle { self.idle_looks.saturating_add(1) } else { 0 };
        (self.begun, self.written) = (begun, written);
        self.idle_looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_that_move_on_are_activity() {
        let (activity, mut watcher) = (Activity::default(), Watcher::default());
        let under_way = activity.begin();
        assert_eq!(watcher.idle_looks(&activity), 0, "one began");
        assert_eq!(watcher.idle_looks(&activity), 0, "one is under way");
        drop(under_way);
        assert_eq!(watcher.idle_looks(&activity), 1);
        activity.wrote(17);
        assert_eq!(watcher.idle_looks(&activity), 2, "a ping is none");
        activity.wrote(4 * 1024);
        assert_eq!(watcher.idle_looks(&activity), 0, "an answer is being read");
        drop(activity.begin());
        assert_eq!(watcher.idle_looks(&activity), 0, "one began and ended meanwhile");
        assert_eq!(watcher.idle_looks(&activity), 1);
    }
}
