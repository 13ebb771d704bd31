use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-<trace id>-<parent id>-<flags>`.
const TRACEPARENT_BYTES: usize = 55;

/// Later versions may be longer; nobody needs to carry more than this.
const TRACEPARENT_BYTES_MAX: usize = 128;

/// What W3C asks everybody to carry.
const TRACESTATE_BYTES_MAX: usize = 512;
const TRACESTATE_MEMBERS_MAX: usize = 32;

/// The place in a trace where something goes on: `traceparent` and `tracestate` of W3C Trace Context, as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: Arc<str>,
    tracestate: Option<Arc<str>>,
}

impl TraceContext {
    /// The name of the header and of the CloudEvents extension.
    pub const TRACEPARENT: &str = "traceparent";
    pub const TRACESTATE: &str = "tracestate";

    /// `None` when `traceparent` breaks the standard. A `tracestate` that breaks it, or is too long, is left out.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        if !is_traceparent(traceparent) {
            return None;
        }
        let tracestate = tracestate.map(str::trim).filter(|text| is_tracestate(text)).map(Arc::from);
        Some(Self { traceparent: traceparent.into(), tracestate })
    }

    /// The context that a request brings along. Two of them are none.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let traceparent = parents.next().filter(|_| parents.next().is_none())?.to_str().ok()?;
        let states: Option<Vec<&str>> = headers.get_all(TRACESTATE).iter().map(|value| value.to_str().ok()).collect();
        let tracestate = states.filter(|states| !states.is_empty()).map(|states| states.join(","));
        Self::parse(traceparent, tracestate.as_deref())
    }

    /// Goes along with a request, in place of what stood there.
    pub fn write_to(&self, headers: &mut HeaderMap) {
        headers.remove(TRACESTATE);
        for (name, text) in [(TRACEPARENT, Some(&self.traceparent)), (TRACESTATE, self.tracestate.as_ref())] {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
                headers.insert(name, value);
            }
        }
    }

    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// 32 hex digits.
    pub fn trace_id(&self) -> &str {
        &self.traceparent[3..35]
    }

    /// 16 hex digits: the span whose child comes next.
    pub fn parent_id(&self) -> &str {
        &self.traceparent[36..52]
    }

    /// 2 hex digits.
    pub fn flags(&self) -> &str {
        &self.traceparent[53..55]
    }
}

/// A later version may add fields behind those of version 00; ff is none.
fn is_traceparent(text: &str) -> bool {
    let is_plain = text.len() <= TRACEPARENT_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let Some((fields, rest)) = text.split_at_checked(TRACEPARENT_BYTES).filter(|_| is_plain) else { return false };
    let mut fields = fields.split('-');
    let mut field = |digits: usize| fields.next().filter(|field| field.len() == digits && is_hex(field));
    let (Some(version), Some(trace), Some(parent), Some(_)) = (field(2), field(32), field(16), field(2)) else {
        return false;
    };
    let is_whole = if version == "00" { rest.is_empty() } else { rest.is_empty() || rest.starts_with('-') };
    version != "ff" && is_whole && !is_zero(trace) && !is_zero(parent)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

/// `key=value` with commas between; each key once.
fn is_tracestate(text: &str) -> bool {
    if text.len() > TRACESTATE_BYTES_MAX {
        return false;
    }
    let mut keys = Vec::new();
    for member in text.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty()) {
        let Some((key, value)) = member.split_once('=') else { return false };
        if !(is_key(key) && is_value(value)) || keys.contains(&key) {
            return false;
        }
        keys.push(key);
    }
    (1..=TRACESTATE_MEMBERS_MAX).contains(&keys.len())
}

fn is_key(key: &str) -> bool {
    let is_key_byte = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit()) && key.bytes().all(is_key_byte)
}

fn is_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[track_caller]
    fn check(traceparent: &str, is_one: bool) {
        assert_eq!(TraceContext::parse(traceparent, None).is_some(), is_one, "{traceparent}");
    }

    #[test]
    fn a_traceparent_keeps_to_the_standard() {
        check(PARENT, true);
        check(&format!("{PARENT}-later"), false);
        check(&PARENT.replacen("00", "cc", 1), true);
        check(&format!("{}-later", PARENT.replacen("00", "cc", 1)), true);
        check(&format!("{}later", PARENT.replacen("00", "cc", 1)), false);
        check(&format!("{}-{}", PARENT.replacen("00", "cc", 1), "x".repeat(100)), false);
        check(&PARENT.replacen("00", "ff", 1), false);
        check(&PARENT.to_uppercase(), false);
        check(&PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)), false);
        check(&PARENT.replace("b7ad6b7169203331", &"0".repeat(16)), false);
        check(&PARENT.replace('-', "_"), false);
        check(&PARENT[..54], false);
        check(&format!(" {PARENT}"), false);
        check("", false);
    }

    #[test]
    fn the_parts_of_a_traceparent_can_be_read() {
        let context = TraceContext::parse(PARENT, None).unwrap();
        assert_eq!(context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((context.parent_id(), context.flags()), ("b7ad6b7169203331", "01"));
    }

    #[track_caller]
    fn check_state(tracestate: &str, kept: Option<&str>) {
        let context = TraceContext::parse(PARENT, Some(tracestate)).expect("the parent is fine whatever the state is");
        assert_eq!(context.tracestate(), kept, "{tracestate}");
    }

    #[test]
    fn a_tracestate_that_breaks_the_standard_is_left_out() {
        for fine in ["a=1", "a=1, b=2", "a=1,,b=2", "7tenant@vendor=opaque value"] {
            check_state(fine, Some(fine));
        }
        check_state(" a=1 ", Some("a=1"));
        for wrong in ["", ",", "a", "a=", "=1", "A=1", "a=1=2", "a=1,a=2", "a=ü", "a=\n"] {
            check_state(wrong, None);
        }
        let members = |count: usize| (0..count).map(|key| format!("k{key}=v")).collect::<Vec<_>>().join(",");
        check_state(&members(32), Some(&members(32)));
        check_state(&members(33), None);
        check_state(&format!("a={}", "v".repeat(TRACESTATE_BYTES_MAX)), None);
    }

    #[test]
    fn headers_that_contradict_each_other_are_no_context() {
        let mut headers = HeaderMap::new();
        assert_eq!(TraceContext::from_headers(&headers), None);
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_static("b=2"));
        let context = TraceContext::from_headers(&headers).unwrap();
        assert_eq!((context.traceparent(), context.tracestate()), (PARENT, Some("a=1,b=2")));
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        assert_eq!(TraceContext::from_headers(&headers), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(traceparent in ".*", tracestate in ".*") {
            let _ = TraceContext::parse(&traceparent, Some(&tracestate));
        }

        #[test]
        fn what_is_nearly_a_traceparent_does_not_make_it_panic(
            text in "[0-9a-fÿ]{2}-[0-9a-f]{30,34}-[0-9a-fü]{16}-[0-9a-f]{2}(-.{0,80})?",
        ) {
            if let Some(context) = TraceContext::parse(&text, None) {
                prop_assert_eq!(context.traceparent(), text);
                prop_assert_eq!(context.trace_id().len() + context.parent_id().len() + context.flags().len(), 50);
            }
        }

        #[test]
        fn headers_carry_it_as_it_is(
            trace in "[0-9a-f]{31}[1-9a-f]",
            parent in "[0-9a-f]{15}[1-9a-f]",
            flags in "[0-9a-f]{2}",
            state in proptest::option::of("[a-z][a-z0-9]{0,9}=[!-+\\--<>-~]{1,40}"),
        ) {
            let context = TraceContext::parse(&format!("00-{trace}-{parent}-{flags}"), state.as_deref()).unwrap();
            prop_assert_eq!(context.tracestate(), state.as_deref());
            let mut headers = HeaderMap::from_iter([(TRACESTATE, HeaderValue::from_static("old=1"))]);
            context.write_to(&mut headers);
            prop_assert_eq!(TraceContext::from_headers(&headers), Some(context));
        }
    }
}
