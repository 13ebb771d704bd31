use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::join_all;
use futures_util::{FutureExt, poll};
use metrics::{Counter, Gauge, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::*;

const NOTHING: [String; 0] = [];

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A clock that goes with the runtime's time, which stands still until everybody waits.
fn clock() -> Clock {
    let (start, now) = (Instant::now(), "2026-11-22T10:00:00Z".parse::<jiff::Timestamp>().unwrap());
    Clock::new(move || now + start.elapsed())
}

fn governor(concurrency: usize, rate: Option<u32>) -> Arc<Governor> {
    Governor::new("shop", Limits { concurrency, rate, wait: seconds(20) }, clock())
}

fn answered(status: u16, retry_after: Option<u64>) -> Answered {
    Answered { status, is_deadlock: false, retry_after: retry_after.map(seconds) }
}

async fn admissions(governor: &Arc<Governor>, count: usize) -> Vec<Admission> {
    let admissions = join_all((0..count).map(|_| governor.admit(&NOTHING))).await;
    admissions.into_iter().map(Result::unwrap).collect()
}

/// Whether a call would begin at once.
fn is_free(governor: &Arc<Governor>, changes: &[&str]) -> bool {
    let changes: Vec<String> = changes.iter().map(|key| (*key).to_owned()).collect();
    governor.admit(&changes).now_or_never().is_some_and(|admission| admission.is_ok())
}

fn assert_unused(governor: &Governor) {
    let mut load = governor.load();
    assert_eq!((governor.places.available_permits(), load.repay()), (load.limit(), false));
    assert_eq!((governor.keys.len(), load.in_flight()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_place_and_gives_it_back() {
    let governor = governor(2, None);
    let mut admissions = admissions(&governor, 2).await;
    assert!(!is_free(&governor, &[]));
    admissions.pop();
    assert!(is_free(&governor, &[]));
    admissions.clear();
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_bounded() {
    let governor = governor(1, None);
    let started = Instant::now();
    let admission = governor.admit(&["sku/a".to_owned()]).await.ok();
    for changes in [&NOTHING[..], &["sku/a".to_owned()]] {
        let busy = governor.admit(changes).await.err().unwrap();
        assert_eq!(busy.after, None);
    }
    assert_eq!(started.elapsed(), seconds(40));
    drop(admission);
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn answers_of_one_round_halve_the_places_once() {
    let governor = governor(8, None);
    let first = admissions(&governor, 8).await;
    for admission in &first {
        admission.answered(answered(429, None));
    }
    assert_eq!(governor.load().limit(), 4);
    assert!(!is_free(&governor, &[]));
    drop(first);
    let second = admissions(&governor, 4).await;
    assert!(!is_free(&governor, &[]), "places in use at the halving do not come back");
    second[0].answered(Answered { is_deadlock: true, ..answered(400, None) });
    second[1].answered(answered(503, None));
    assert_eq!(governor.load().limit(), 2);
    drop(second);
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn successes_bring_the_places_back() {
    let governor = governor(4, None);
    let admissions = admissions(&governor, 4).await;
    admissions[0].answered(answered(503, None));
    assert_eq!(governor.load().limit(), 2);
    for limit in [2, 3, 3, 3, 4, 4, 4, 4, 4] {
        admissions[1].answered(answered(204, None));
        assert_eq!(governor.load().limit(), limit);
    }
    for status in [404, 500] {
        admissions[1].answered(answered(status, None));
    }
    drop(admissions);
    assert_eq!(governor.load().limit(), 4);
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn no_call_begins_in_a_pause() {
    let governor = governor(8, None);
    let mut first = governor.admit(&NOTHING).await.ok().unwrap();
    first.answered(answered(429, Some(7)));
    let started = Instant::now();
    governor.admit(&NOTHING).await.ok().unwrap();
    assert_eq!(started.elapsed(), seconds(7));
    first.answered(answered(500, Some(3)));
    first.again().await.unwrap();
    assert_eq!(started.elapsed(), seconds(10), "nor does a second attempt");
    first.answered(answered(200, Some(30)));
    assert!(is_free(&governor, &[]), "a success asks for no pause");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_is_told_at_once() {
    let governor = governor(8, None);
    let started = Instant::now();
    let mut first = governor.admit(&NOTHING).await.ok().unwrap();
    first.answered(answered(503, Some(3_600)));
    let busy = governor.admit(&NOTHING).await.err().unwrap();
    assert_eq!(busy.after, Some(seconds(60)), "longer than a minute is a minute");
    assert_eq!(first.again().await.unwrap_err().after, Some(seconds(60)));
    assert_eq!(started.elapsed(), Duration::ZERO);
    drop(first);
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn who_waits_when_a_pause_begins_learns_of_it() {
    let governor = governor(1, None);
    let first = governor.admit(&NOTHING).await.ok().unwrap();
    let (second, third) = (governor.admit(&NOTHING), governor.admit(&NOTHING));
    tokio::pin!(second, third);
    assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
    first.answered(answered(503, Some(30)));
    drop(first);
    assert_eq!(second.await.err().unwrap().after, Some(seconds(30)));
    assert_eq!(third.await.err().unwrap().after, Some(seconds(30)));
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn calls_that_change_the_same_wait_for_each_other() {
    let governor = governor(8, None);
    let changes = ["sku/a".to_owned(), "sku/b".to_owned()];
    let admission = governor.admit(&changes).await.ok().unwrap();
    for key in ["sku/a", "sku/b"] {
        assert!(!is_free(&governor, &[key]));
        assert!(!is_free(&governor, &["sku/0", key, "sku/z"]));
    }
    assert!(is_free(&governor, &["sku/c"]) && is_free(&governor, &[]));
    drop(admission);
    assert!(is_free(&governor, &["sku/b", "sku/a", "sku/a"]));
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_key_takes_no_place_and_comes_in_order() {
    let governor = governor(2, None);
    let key = ["sku/a".to_owned()];
    let first = governor.admit(&key).await.ok();
    let (second, third, fourth) = (governor.admit(&key), governor.admit(&key), governor.admit(&key));
    let mut waiting = [second.boxed(), third.boxed(), fourth.boxed()];
    for one in &mut waiting {
        assert!(poll!(one).is_pending());
    }
    assert!(is_free(&governor, &["sku/b"]));
    drop(first);
    let [mut second, third, mut fourth] = waiting;
    assert!(poll!(&mut fourth).is_pending());
    drop(third);
    let second = second.as_mut().now_or_never().unwrap().ok();
    assert!(poll!(&mut fourth).is_pending());
    drop(second);
    assert!(fourth.now_or_never().unwrap().is_ok(), "the third has gone");
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_leaves_nothing_behind() {
    let governor = governor(1, Some(1));
    let key = ["sku/a".to_owned()];
    let first = governor.admit(&key).await.ok().unwrap();
    let (same, other) = (governor.admit(&key), governor.admit(&NOTHING));
    let mut waiting = [same.boxed(), other.boxed()];
    for one in &mut waiting {
        assert!(poll!(one).is_pending());
    }
    drop(waiting);
    first.answered(answered(429, Some(10)));
    drop(first);
    for _ in 0..2 {
        let mut pausing = governor.admit(&key).boxed();
        assert!(poll!(&mut pausing).is_pending());
    }
    assert_unused(&governor);
}

#[tokio::test(start_paused = true)]
async fn calls_keep_to_the_rate() {
    let governor = governor(1_000, Some(10));
    let started = Instant::now();
    let mut admissions = admissions(&governor, 12).await;
    assert_eq!(started.elapsed(), Duration::from_millis(950), "two at once, then one each 100 ms");
    admissions[0].answered(answered(429, None));
    for _ in 0..5 {
        admissions[1].again().await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::from_millis(1_950), "one each 200 ms");
    let busy = join_all((0..200).map(|_| governor.admit(&NOTHING))).await;
    assert_eq!(busy.iter().filter(|one| one.is_err()).count(), 100);
    assert_eq!(started.elapsed(), Duration::from_millis(21_950));
}

/// Calls of all kinds come, fail, and give up; nobody's writes meet, and in the end everything is back.
#[test]
fn no_mixture_of_calls_loses_a_place_or_a_key() {
    for seed in 1..=20 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(mixture(seed));
    }
}

async fn mixture(seed: u64) {
    let governor = governor(8, Some(200));
    let chance = AtomicU64::new(seed);
    let below = |end: u64| {
        let next =
            |seed: u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        (chance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap() >> 33) % end
    };
    let held: [AtomicBool; 5] = Default::default();
    let call = || async {
        sleep(Duration::from_millis(below(3_000))).await;
        let keys: std::collections::BTreeSet<_> = (0..below(3)).map(|_| below(5)).collect();
        let changes: Vec<String> = keys.iter().rev().map(|key| format!("sku/{key}")).collect();
        let patience = Duration::from_millis(1 + below(2_000));
        let Ok(admission) = timeout_at(Instant::now() + patience, governor.admit(&changes)).await else { return };
        let Ok(admission) = admission else { return };
        for key in &keys {
            let was_held = held[usize::try_from(*key).unwrap()].swap(true, Ordering::Relaxed);
            assert!(!was_held, "seed {seed}");
        }
        sleep(Duration::from_millis(below(100))).await;
        for key in &keys {
            held[usize::try_from(*key).unwrap()].store(false, Ordering::Relaxed);
        }
        let status = [200, 200, 200, 200, 404, 500, 429, 503][usize::try_from(below(8)).unwrap()];
        admission.answered(answered(status, (below(20) == 0).then(|| below(2))));
    };
    join_all((0..500).map(|_| call())).await;
    assert_unused(&governor);
}

/// Remembers the last value of each metric, by name and labels.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<HashMap<String, f64>>>);

struct Line(Book, String);

impl Line {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut book = self.0.0.lock().unwrap();
        let value = book.entry(self.1.clone()).or_default();
        *value = change(*value);
    }
}

impl metrics::CounterFn for Line {
    fn increment(&self, value: u64) {
        self.change(|before| before + f64::from(u32::try_from(value).unwrap()));
    }

    fn absolute(&self, value: u64) {
        self.change(|_| f64::from(u32::try_from(value).unwrap()));
    }
}

impl metrics::GaugeFn for Line {
    fn increment(&self, value: f64) {
        self.change(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl Book {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        Arc::new(Line(self.clone(), format!("{} {}", key.name(), labels.join(" "))))
    }

    fn value(&self, line: &str) -> Option<f64> {
        self.0.lock().unwrap().get(line).copied()
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_of_limits_and_answers() {
    let book = Book::default();
    let _guard = metrics::set_default_local_recorder(&book);
    let limited = governor(4, Some(10));
    let admissions = admissions(&limited, 2).await;
    assert_eq!(book.value("kit_target_calls_in_flight shop"), Some(2.0));
    for status in [200, 201, 302, 404, 429, 500, 503] {
        admissions[0].answered(answered(status, None));
    }
    admissions[0].unanswered();
    drop(admissions);
    let expected = [
        ("kit_target_concurrency_limit shop", 2.0),
        ("kit_target_rate_limit shop", 5.0),
        ("kit_target_calls_in_flight shop", 0.0),
        ("kit_target_calls_total shop 2xx", 2.0),
        ("kit_target_calls_total shop 3xx", 1.0),
        ("kit_target_calls_total shop 4xx", 1.0),
        ("kit_target_calls_total shop 429", 1.0),
        ("kit_target_calls_total shop 5xx", 2.0),
        ("kit_target_calls_total shop none", 1.0),
        ("kit_target_throttled_total shop", 2.0),
    ];
    for (line, value) in expected {
        assert_eq!(book.value(line), Some(value), "{line}");
    }
    Governor::new("other", Limits::default(), clock());
    assert_eq!(
        (book.value("kit_target_concurrency_limit other"), book.value("kit_target_rate_limit other")),
        (Some(8.0), None)
    );
}
