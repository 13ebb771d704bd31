//! What every answer tells browsers, unless the answer itself says something else.

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Answers are data for programs: no page, no part of a page, kept by nobody.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");

/// A year.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether browsers are told to come by TLS alone from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrictTransport {
    Told,
    /// They reach the kit without TLS, so far as anybody knows.
    Untold,
}

impl StrictTransport {
    /// Adds what an answer does not say itself.
    pub(crate) fn complete(self, headers: &mut HeaderMap) {
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(value);
        }
        let is_for_others = headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.entry(RESOURCE_POLICY).or_insert(if is_for_others { CROSS_ORIGIN } else { SAME_ORIGIN });
        if self == Self::Told {
            headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(TLS_ALONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_says_itself_wins() {
        let said = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, "max-age=60"),
            (CONTENT_SECURITY_POLICY, "default-src 'self'"),
            (RESOURCE_POLICY, "same-site"),
            (STRICT_TRANSPORT_SECURITY, "max-age=0"),
        ];
        let mut headers: HeaderMap =
            said.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        StrictTransport::Told.complete(&mut headers);
        for (name, value) in said {
            assert_eq!(headers.get_all(&name).iter().collect::<Vec<_>>(), [value], "{name}");
        }
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
    }

    #[test]
    fn an_answer_for_other_origins_may_be_read_there() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        StrictTransport::Untold.complete(&mut headers);
        assert_eq!(headers[RESOURCE_POLICY], "cross-origin");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
