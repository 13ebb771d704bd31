use std::time::Duration;

use thiserror::Error;

use crate::jwt::TokenFault;

/// What differed. Its text is for whoever owns the receiving end: it says what came, never what would have fitted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    #[error("the header `{0}` is missing")]
    Missing(String),
    /// Two values leave open which of them was meant, and proxies differ in which one they pass on.
    #[error("the header `{header}` is given {times} times")]
    Repeated { header: String, times: usize },
    #[error("the header `{header}` has more than {bytes_max} bytes")]
    TooLong { header: String, bytes_max: usize },
    #[error("the header `{header}` is not {expected}")]
    Malformed { header: String, expected: &'static str },
    /// Negative: behind our clock.
    #[error("{}", clock_text(header, *off_s, *window))]
    Clock { header: String, off_s: i64, window: Duration },
    #[error("none of {secrets} secret(s) fits the signature in `{header}` over a body of {body_bytes} bytes")]
    Signature { header: String, secrets: usize, body_bytes: usize },
    #[error("neither the header `{header}` nor the query parameter `{parameter}` is there")]
    NoKey { header: String, parameter: &'static str },
    #[error("the query parameter `{parameter}` is given {times} times")]
    RepeatedParameter { parameter: &'static str, times: usize },
    #[error("{place} holds none of {secrets} key(s)")]
    Key { place: String, secrets: usize },
    #[error("{0}")]
    Token(TokenFault),
    #[error("it does not come from one of the proxies of `KIT_TRUSTED_PROXIES`")]
    NoProxy,
    #[error("the header `{header}` names none of {allowed} certificate(s)")]
    Certificate { header: String, allowed: usize },
    #[error("the header `authorization` holds another user, or none of {passwords} password(s)")]
    Password { passwords: usize },
}

fn clock_text(header: &str, off_s: i64, window: Duration) -> String {
    let (seconds, direction) = (off_s.unsigned_abs(), if off_s < 0 { "behind" } else { "ahead of" });
    let window_s = window.as_secs();
    format!("the time in `{header}` is {seconds} s {direction} our clock, at most {window_s} s are allowed")
}
