//! What one run logs.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::begin_of;

/// Log lines that all runs of this process hold at a time, together: whoever floods his log must not use up the memory.
const ALL_LOGS_BYTES_MAX: usize = 64 << 20;

/// Of one line.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The last line of a log that was cut.
const CUT: &str = "the log was cut here: it has reached its limit";

static ALL_LOGS_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Where a line of a log goes, in the runtime's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Log {
    lines: String,
    is_cut: bool,
}

impl Log {
    pub(super) fn add(&mut self, at: Timestamp, stream: Stream, line: &str, bytes_max: usize) {
        if self.is_cut {
            return;
        }
        let before = self.lines.len();
        let line = begin_of(line, LINE_BYTES_MAX);
        let all = ALL_LOGS_BYTES.load(Ordering::Relaxed);
        self.is_cut = before.saturating_add(line.len()) >= bytes_max || all >= ALL_LOGS_BYTES_MAX;
        let (stream, line) = if self.is_cut { (Stream::Stderr, CUT) } else { (stream, line) };
        // Writing to a text cannot fail.
        let _ = writeln!(self.lines, "{at:.3} {}: {line}", stream.as_str());
        ALL_LOGS_BYTES.fetch_add(self.lines.len() - before, Ordering::Relaxed);
    }

    pub(super) fn lines(&self) -> Option<Box<str>> {
        (!self.lines.is_empty()).then(|| self.lines.as_str().into())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        ALL_LOGS_BYTES.fetch_sub(self.lines.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_once_and_says_so() {
        let mut log = Log::default();
        for count in 0..1_000 {
            log.add(Timestamp::UNIX_EPOCH, Stream::Stdout, &format!("line {count}"), 100);
        }
        let lines = log.lines().unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], "1970-01-01T00:00:00.000Z stdout: line 0");
        assert_eq!(
            lines.last(),
            Some(&"1970-01-01T00:00:00.000Z stderr: the log was cut here: it has reached its limit")
        );
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn no_limit_above_zero_means_nothing_is_kept_but_the_mark() {
        let mut log = Log::default();
        log.add(Timestamp::UNIX_EPOCH, Stream::Stdout, "a", 0);
        assert!(log.lines().unwrap().contains("cut here"));
    }
}
