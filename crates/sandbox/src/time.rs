//! Instants as Commerce writes them: in UTC, to the second, without a zone.

use jiff::Timestamp;

pub fn second(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
