use engine::Filter;
use sdk::json;
use serde_json::Value;

/// Sixteen names of 1 KiB, twice as long when escaped, and a sentence.
const ERROR_BYTES_MAX: usize = 40 * 1024;

/// Any text is a filter or is refused in a few words, and a filter judges any event, without a panic. The first line is
/// the filter, the rest the event.
pub fn filter(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (pattern, event) = text.split_once('\n').unwrap_or((text, "{}"));
    let filter = match Filter::parse(pattern) {
        Ok(filter) => filter,
        Err(error) => {
            assert!((1..ERROR_BYTES_MAX).contains(&error.to_string().len()));
            return;
        }
    };
    assert!(json::check(pattern.as_bytes()).is_ok(), "a filter is strict JSON");
    if json::check(event.as_bytes()).is_ok() {
        let event: Value = serde_json::from_str(event).expect("a checked document is JSON");
        assert!(event.is_object() || !filter.matches(&event));
        assert_eq!(filter.matches(&event), filter.clone().matches(&event));
    }
}
