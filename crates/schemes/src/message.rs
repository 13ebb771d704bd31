use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use jiff::Timestamp;

/// One request as it came. The body is raw: a signature is over bytes, and a document that was read and written again
/// has other bytes.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub headers: &'a HeaderMap,
    /// The raw query string.
    pub query: Option<&'a str>,
    pub body: &'a [u8],
}

/// What a verification has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Names this very request, where the scheme has a timestamp. Whoever takes each only once is safe from replays.
    pub nonce: Option<Nonce>,
}

impl Proven {
    /// A proof without a time: whoever captured the request can send it again.
    pub(crate) const TIMELESS: Self = Self { nonce: None };
}

/// Names one signed request: the scheme and a hash of what was signed.
///
/// It is not made of the signature. Some schemes take a list of signatures, and whoever captured a request could leave
/// some of them out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce {
    text: String,
    expires: Timestamp,
}

impl Nonce {
    /// `expires`: from when on the request is refused as stale anyway.
    pub(crate) fn new(scheme: &str, signed: &[&[u8]], expires: Timestamp) -> Self {
        let mut context = Context::new(&SHA256);
        for part in signed {
            context.update(part);
        }
        Self { text: format!("{scheme}:{}", BASE64_URL_SAFE_NO_PAD.encode(context.finish())), expires }
    }

    /// From when on it need not be remembered: the request is stale by then.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
