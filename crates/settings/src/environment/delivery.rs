//! How events are delivered: again after what pauses, within which memory, and how long is kept what was delivered.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::environment::reader::{Reader, Setting};
use crate::environment::{DAY, MINUTE, Mode, quantity};

const SECOND: Duration = Duration::from_secs(1);
const RETRY_DELAYS_DEV: &str = "1s,2s,4s,8s,15s";
const RETRY_DELAYS_SERVE: &str = "1m,2m,4m,8m,15m";
const RETRY_DELAYS_MAX: usize = 32;
/// A delay of nothing would be a loop without a pause.
const RETRY_DELAY: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;
pub(crate) const RETRY_DELAYS_EXPECTED: &str = "expected 1 to 32 durations from `1ms` to `1d`";
pub(crate) const RETRY_FOR: RangeInclusive<Duration> = SECOND..=Duration::from_hours(30 * 24);
pub(crate) const RETRY_JITTER: RangeInclusive<f64> = 0.0..=1.0;
const RETRY_JITTER_DEFAULT: f64 = 0.1;
pub(crate) const ATTEMPTS_MAX: RangeInclusive<u32> = 1..=10_000;
const ATTEMPTS_MAX_DEFAULT: u32 = 200;
pub(crate) const RETRY_AFTER_MAX: RangeInclusive<Duration> = SECOND..=DAY;
pub(crate) const AT_ONCE: RangeInclusive<usize> = 1..=1_024;
pub(crate) const ON_PARKED_EXPECTED: &str = "expected `step-over` or `block`";
pub(crate) const ON_PARKED_HINT: &str =
    "leave it out for `step-over`: the events behind a parked one go on; with `block` they wait until it is replayed";

const BACKLOG_MAX: RangeInclusive<u64> = 1_000..=1_000_000_000;
const BACKLOG_MAX_DEFAULT: u64 = 5_000_000;
/// The largest event fits twice.
const EVENTS_BYTES_LEAST: u64 = 2 << 20;
/// A batch of events that an events API sends fits, with something beside it.
pub(super) const BODIES_BYTES_LEAST: u64 = 4 << 20;
const HEALTH_ATTEMPTS_MIN_DEFAULT: u32 = 10;
const HEALTH_FAILURES_DEFAULT: f64 = 0.8;
/// A share of nothing would call every registration unstable.
const HEALTH_FAILURES: RangeInclusive<f64> = 0.01..=1.0;

/// When a failed delivery is tried again, and when no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Never empty; the last one repeats.
    pub delays: Vec<Duration>,
    /// After this long without success an event is parked.
    pub total: Duration,
    /// The share of a pause by which chance changes it, from 0 to 1.
    pub jitter: f64,
    /// After this many attempts an event is parked.
    pub attempts_max: u32,
    /// A target's `Retry-After` counts no further than this.
    pub retry_after_max: Duration,
}

/// What becomes of the events behind one that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnParked {
    /// They go on without it.
    #[default]
    StepOver,
    /// They wait with it.
    Block,
}

impl OnParked {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "step-over" => Some(Self::StepOver),
            "block" => Some(Self::Block),
            _ => None,
        }
    }
}

/// What holds for deliveries beside `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub on_parked: OnParked,
    /// Open deliveries beyond which no event is taken in.
    pub backlog_max: u64,
    pub memory: Memory,
    pub kept: Kept,
    pub health: HealthRules,
}

/// What parts that hold many events at once may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Of the uids in the dedupe window.
    pub dedupe_bytes_max: u64,
    /// Of the request bodies that are under way.
    pub request_bytes_max: u64,
    /// Of the events that are being delivered.
    pub delivery_bytes_max: u64,
}

/// How long is kept what has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Since an event was accepted; never less than the dedupe window.
    pub events: Duration,
    /// Since a run ended.
    pub activations: Duration,
    /// Above this size of the store the oldest finished events go whatever their age; below the size at which no event is
    /// taken in.
    pub store_bytes: u64,
}

/// When a registration counts as unstable, and when it is disabled.
#[derive(Debug, Clone, Copy, PartialEq)]
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

pub(super) fn retry(reader: &mut Reader<'_>, mode: Mode) -> Retry {
    let default = match mode {
        Mode::Dev => RETRY_DELAYS_DEV,
        Mode::Serve => RETRY_DELAYS_SERVE,
    };
    let expected = format!("{RETRY_DELAYS_EXPECTED} with commas between");
    let setting = Setting {
        name: "KIT_RETRY_DELAYS",
        expected: &expected,
        hint: "such as `1m,2m,4m,8m,15m`; the last one repeats",
    };
    let listed = |text: &str| retry_delays(text.split(','));
    let delays = reader.parse(setting, listed).or_else(|| listed(default)).unwrap_or_default();
    let jitter = Setting {
        name: "KIT_RETRY_JITTER",
        expected: "expected a number from 0 to 1",
        hint: "the share of a pause by which chance changes it, such as `0.1`; `0` keeps all pauses as they are",
    };
    Retry {
        delays,
        total: reader.duration("KIT_RETRY_FOR", "24h", RETRY_FOR, "`1s` to `30d`"),
        jitter: reader.parse(jitter, |text| share(text, &RETRY_JITTER)).unwrap_or(RETRY_JITTER_DEFAULT),
        attempts_max: reader.number("KIT_RETRY_ATTEMPTS_MAX", ATTEMPTS_MAX_DEFAULT, &ATTEMPTS_MAX),
        retry_after_max: reader.duration("KIT_RETRY_AFTER_MAX", "1h", RETRY_AFTER_MAX, "`1s` to `1d`"),
    }
}

/// 1 to 32 pauses.
pub(crate) fn retry_delays<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Vec<Duration>> {
    let delay = |text| quantity::duration(text).filter(|delay| RETRY_DELAY.contains(delay));
    let delays: Vec<Duration> = texts.map(delay).collect::<Option<_>>()?;
    (1..=RETRY_DELAYS_MAX).contains(&delays.len()).then_some(delays)
}

pub(super) fn read(reader: &mut Reader<'_>, dedupe_window: Duration, store_bytes_max: u64) -> Delivery {
    let on_parked = Setting { name: "KIT_ON_PARKED", expected: ON_PARKED_EXPECTED, hint: ON_PARKED_HINT };
    Delivery {
        on_parked: reader.parse(on_parked, OnParked::parse).unwrap_or_default(),
        backlog_max: reader.number("KIT_BACKLOG_MAX", BACKLOG_MAX_DEFAULT, &BACKLOG_MAX),
        memory: Memory {
            dedupe_bytes_max: bytes(reader, "KIT_DEDUPE_BYTES_MAX", 1 << 20, "256MiB"),
            request_bytes_max: bytes(reader, "KIT_REQUEST_BYTES_MAX", BODIES_BYTES_LEAST, "128MiB"),
            delivery_bytes_max: bytes(reader, "KIT_DELIVERY_BYTES_MAX", EVENTS_BYTES_LEAST, "64MiB"),
        },
        kept: Kept {
            events: events_kept(reader, dedupe_window),
            activations: reader.duration("KIT_ACTIVATIONS_KEPT", "7d", MINUTE..=DAY * 365, "`1m` to `365d`"),
            store_bytes: store_bytes_kept(reader, store_bytes_max),
        },
        health: health(reader),
    }
}

fn health(reader: &mut Reader<'_>) -> HealthRules {
    let failures = Setting {
        name: "KIT_HEALTH_FAILURES",
        expected: "expected a number from 0.01 to 1",
        hint: "the share of failed attempts that makes a registration unstable; leave it out for `0.8`",
    };
    HealthRules {
        window: reader.duration("KIT_HEALTH_WINDOW", "24h", MINUTE..=DAY * 7, "`1m` to `7d`"),
        attempts_min: reader.number("KIT_HEALTH_ATTEMPTS_MIN", HEALTH_ATTEMPTS_MIN_DEFAULT, &(1..=1_000_000)),
        failures: reader.parse(failures, |text| share(text, &HEALTH_FAILURES)).unwrap_or(HEALTH_FAILURES_DEFAULT),
        unstable_for: reader.duration("KIT_HEALTH_UNSTABLE_FOR", "24h", MINUTE..=DAY * 30, "`1m` to `30d`"),
    }
}

/// An event that is gone cannot be compared with its second copy.
fn events_kept(reader: &mut Reader<'_>, dedupe_window: Duration) -> Duration {
    let name = "KIT_EVENTS_KEPT";
    let kept = reader.duration(name, "30d", MINUTE..=DAY * 365, "`1m` to `365d`");
    if kept < dedupe_window {
        reader.fault(
            name,
            "expected at least the duration of `KIT_DEDUPE_WINDOW`",
            "an event that comes a second time is compared with the first; leave it out for `30d`",
        );
    }
    kept
}

/// Three quarters of the store's size unless something else is said.
fn store_bytes_kept(reader: &mut Reader<'_>, store_bytes_max: u64) -> u64 {
    let setting = Setting {
        name: "KIT_STORE_BYTES_KEPT",
        expected: "expected a size from `1MiB` to less than `KIT_STORE_BYTES_MAX`",
        hint: "such as `24GiB` beside `KIT_STORE_BYTES_MAX=32GiB`; leave it out for three quarters of that",
    };
    let sizes = 1 << 20..store_bytes_max;
    reader
        .parse(setting, |text| quantity::size(text).filter(|size| sizes.contains(size)))
        .unwrap_or(store_bytes_max / 4 * 3)
}

/// Memory of at least so many bytes.
fn bytes(reader: &mut Reader<'_>, name: &str, least: u64, default: &str) -> u64 {
    let expected = format!("expected a size of at least `{}MiB`", least >> 20);
    let hint = format!("write a number and a unit; leave it out for `{default}`");
    reader
        .parse(Setting { name, expected: &expected, hint: &hint }, |text| {
            quantity::size(text).filter(|size| *size >= least)
        })
        .or_else(|| quantity::size(default))
        .unwrap_or(least)
}

fn share(text: &str, range: &RangeInclusive<f64>) -> Option<f64> {
    text.trim().parse().ok().filter(|share| range.contains(share))
}
