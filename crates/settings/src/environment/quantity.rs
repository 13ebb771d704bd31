//! Durations and sizes as people write them: a whole number and a unit.

use std::time::Duration;

const DURATION_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60 * 1_000), ("h", 60 * 60 * 1_000), ("d", 24 * 60 * 60 * 1_000)];

const SIZE_UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Such as `500ms`, `15m` or `8d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    quantity(text, &DURATION_UNITS).map(Duration::from_millis)
}

/// Such as `500MB` or `32GiB`; without a unit it counts bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    quantity(text, &SIZE_UNITS)
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits_end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits_end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::{Duration, duration, size};

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        fn check(text: &str, expected_ms: Option<u64>) {
            assert_eq!(duration(text), expected_ms.map(Duration::from_millis), "{text}");
        }
        check("500ms", Some(500));
        check("1s", Some(1_000));
        check("15 m", Some(900_000));
        check("24h", Some(86_400_000));
        check("8d", Some(691_200_000));
        check("0s", Some(0));
        check("8", None);
        check("d", None);
        check("", None);
        check("-1s", None);
        check("1.5s", None);
        check("1S", None);
        check("99999999999999999999d", None);
        check("18446744073709551615d", None);
    }

    #[test]
    fn a_size_is_a_whole_number_and_perhaps_a_unit() {
        fn check(text: &str, expected: Option<u64>) {
            assert_eq!(size(text), expected, "{text}");
        }
        check("42", Some(42));
        check("1B", Some(1));
        check("500MB", Some(500_000_000));
        check("32GiB", Some(34_359_738_368));
        check("2 TiB", Some(2_199_023_255_552));
        check("3 KB", Some(3_000));
        check("1gb", None);
        check("1e9", None);
        check("99999999TiB", None);
    }
}
