use std::time::Duration;

use crate::{Environment, Faults, HealthRules, Kept, Memory, Mode, OnParked, Variables};

fn read(pairs: &[(&str, &str)]) -> Result<Environment, Faults> {
    Environment::read(&Variables::from_pairs(pairs.iter().copied()), Mode::Dev)
}

const DAY: Duration = Duration::from_hours(24);

#[test]
fn everything_has_a_default() {
    let environment = read(&[]).unwrap();
    let retry = environment.retry;
    assert!((retry.jitter - 0.1).abs() < f64::EPSILON);
    assert_eq!((retry.attempts_max, retry.retry_after_max), (200, Duration::from_hours(1)));
    let delivery = environment.delivery;
    assert_eq!((delivery.on_parked, delivery.backlog_max), (OnParked::StepOver, 5_000_000));
    let memory = Memory { dedupe_bytes_max: 256 << 20, request_bytes_max: 128 << 20, delivery_bytes_max: 64 << 20 };
    assert_eq!(delivery.memory, memory);
    assert_eq!(delivery.kept, Kept { events: DAY * 30, activations: DAY * 7, store_bytes: 24 << 30 });
    let health = HealthRules { window: DAY, attempts_min: 10, failures: 0.8, unstable_for: DAY };
    assert_eq!(delivery.health, health);
}

#[test]
fn what_is_set_is_taken() {
    let environment = read(&[
        ("KIT_RETRY_JITTER", "0"),
        ("KIT_RETRY_ATTEMPTS_MAX", "10000"),
        ("KIT_RETRY_AFTER_MAX", "24h"),
        ("KIT_ON_PARKED", "block"),
        ("KIT_BACKLOG_MAX", "1000"),
        ("KIT_DEDUPE_BYTES_MAX", "1MiB"),
        ("KIT_REQUEST_BYTES_MAX", "4MiB"),
        ("KIT_DELIVERY_BYTES_MAX", "3MB"),
        ("KIT_EVENTS_KEPT", "8d"),
        ("KIT_ACTIVATIONS_KEPT", "1h"),
        ("KIT_STORE_BYTES_MAX", "1GiB"),
        ("KIT_STORE_BYTES_KEPT", "512MiB"),
        ("KIT_HEALTH_WINDOW", "1h"),
        ("KIT_HEALTH_ATTEMPTS_MIN", "3"),
        ("KIT_HEALTH_FAILURES", "0.5"),
        ("KIT_HEALTH_UNSTABLE_FOR", "2h"),
    ])
    .unwrap();
    assert!(environment.retry.jitter.abs() < f64::EPSILON);
    assert_eq!((environment.retry.attempts_max, environment.retry.retry_after_max), (10_000, DAY));
    let delivery = environment.delivery;
    assert_eq!((delivery.on_parked, delivery.backlog_max), (OnParked::Block, 1_000));
    let memory = Memory { dedupe_bytes_max: 1 << 20, request_bytes_max: 4 << 20, delivery_bytes_max: 3_000_000 };
    assert_eq!(delivery.memory, memory);
    let kept = Kept { events: DAY * 8, activations: Duration::from_hours(1), store_bytes: 512 << 20 };
    assert_eq!(delivery.kept, kept);
    let (window, unstable_for) = (Duration::from_hours(1), Duration::from_hours(2));
    assert_eq!(delivery.health, HealthRules { window, attempts_min: 3, failures: 0.5, unstable_for });
}

#[test]
fn what_is_kept_of_a_small_store_is_three_quarters_of_it() {
    let kept = read(&[("KIT_STORE_BYTES_MAX", "16MiB")]).unwrap().delivery.kept;
    assert_eq!(kept.store_bytes, 12 << 20);
}

#[test]
fn wrong_values_are_refused_by_name() {
    fn check(name: &str, values: &[&str], hint: &str) {
        for value in values {
            let faults = read(&[(name, value)]).unwrap_err();
            let shown = faults.to_string();
            assert_eq!(faults.len(), 1, "{value}: {shown}");
            assert!(shown.starts_with(&format!("`{name}`: expected ")), "{value}: {shown}");
            assert!(shown.contains(hint), "{value}: {shown}");
        }
    }
    check("KIT_RETRY_JITTER", &["-0.1", "1.1", "NaN", "10%"], "such as `0.1`");
    check("KIT_RETRY_ATTEMPTS_MAX", &["0", "10001", "many"], "default of 200");
    check("KIT_RETRY_AFTER_MAX", &["0s", "25h", "1"], "such as `1h`");
    check("KIT_ON_PARKED", &["stop", "stepover", "Block"], "leave it out for `step-over`");
    check("KIT_BACKLOG_MAX", &["999", "1000000001", "5M"], "default of 5000000");
    check("KIT_DEDUPE_BYTES_MAX", &["1023KiB", "0", "many"], "leave it out for `256MiB`");
    check("KIT_REQUEST_BYTES_MAX", &["1MiB", "2"], "leave it out for `128MiB`");
    check("KIT_DELIVERY_BYTES_MAX", &["1MiB", "2"], "leave it out for `64MiB`");
    check("KIT_EVENTS_KEPT", &["7d", "1h"], "compared with the first");
    check("KIT_ACTIVATIONS_KEPT", &["59s", "366d", "7"], "such as `7d`");
    check("KIT_STORE_BYTES_KEPT", &["32GiB", "1TiB", "1KiB", "75%"], "three quarters");
    check("KIT_HEALTH_WINDOW", &["0s", "8d"], "such as `24h`");
    check("KIT_HEALTH_ATTEMPTS_MIN", &["0", "-1"], "default of 10");
    check("KIT_HEALTH_FAILURES", &["0", "1.5", "80%"], "leave it out for `0.8`");
    check("KIT_HEALTH_UNSTABLE_FOR", &["0s", "31d"], "such as `24h`");
}
