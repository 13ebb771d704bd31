//! Signatures by HMAC-SHA256 in a header, as most senders of webhooks make them: one rule says where the signature
//! stands, how it is written and over what it is.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use thiserror::Error;

use crate::{Encoding, MacKeys, Message, Mismatch, Nonce, Proven, Window, header};

/// Where a signature stands, and what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The scheme's name; nonces begin with it.
    pub scheme: &'static str,
    pub header: HeaderName,
    /// What comes before the signature in its header.
    pub prefix: String,
    pub encoding: Encoding,
    /// The header with the time in seconds since 1970; none where the scheme has no time, and so no protection from
    /// replays.
    pub timestamp: Option<HeaderName>,
    pub template: Template,
}

impl Rule {
    /// Port's webhooks: `x-port-signature: v1,<base64>` over `<x-port-timestamp>.<body>`.
    pub fn port() -> Self {
        Self {
            scheme: "port",
            header: HeaderName::from_static("x-port-signature"),
            prefix: "v1,".to_owned(),
            encoding: Encoding::Base64,
            timestamp: Some(HeaderName::from_static("x-port-timestamp")),
            template: Template(vec![Piece::Timestamp, Piece::Text(".".to_owned()), Piece::Body]),
        }
    }

    /// Shopify's webhooks: `x-shopify-hmac-sha256: <base64>` over the body.
    pub fn shopify() -> Self {
        Self::of_body("shopify", HeaderName::from_static("x-shopify-hmac-sha256"), "", Encoding::Base64)
    }

    /// GitHub's webhooks: `x-hub-signature-256: sha256=<hex>` over the body.
    pub fn github() -> Self {
        Self::of_body("github", HeaderName::from_static("x-hub-signature-256"), "sha256=", Encoding::Hex)
    }

    fn of_body(scheme: &'static str, header: HeaderName, prefix: &str, encoding: Encoding) -> Self {
        let template = Template::default();
        Self { scheme, header, prefix: prefix.to_owned(), encoding, timestamp: None, template }
    }

    /// The headers that sign a body with the first of the keys; none without a key.
    pub fn sign(&self, keys: &MacKeys, at: Timestamp, body: &[u8]) -> HeaderMap {
        let time = at.as_second().to_string();
        let mut headers = HeaderMap::new();
        let parts = self.template.parts(&time, body);
        let signature = keys.sign_with_each(&parts).next();
        let Some(signature) = signature else { return headers };
        let value = format!("{}{}", self.prefix, self.encoding.encode(signature.as_ref()));
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.insert(self.header.clone(), value);
        }
        if let (Some(name), Ok(value)) = (&self.timestamp, HeaderValue::try_from(time)) {
            headers.insert(name.clone(), value);
        }
        headers
    }

    /// Whether one of the keys signed this message.
    pub fn verify(&self, message: &Message<'_>, keys: &MacKeys, window: Window) -> Result<Proven, Mismatch> {
        let name = self.header.as_str();
        let value = header::only(message.headers, name)?;
        let signature = value.strip_prefix(&*self.prefix).and_then(|text| self.encoding.decode(text));
        let malformed = || Mismatch::Malformed { header: name.to_owned(), expected: self.encoding.expected() };
        let signature = signature.filter(|bytes| !bytes.is_empty()).ok_or_else(malformed)?;
        let time = self.timestamp.as_ref().map(|header| header::only(message.headers, header.as_str())).transpose()?;
        let parts = self.template.parts(time.unwrap_or_default(), message.body);
        let timed = self.timestamp.as_ref().zip(time);
        let expires = timed.map(|(header, text)| window.end_of(header.as_str(), text)).transpose()?;
        if !keys.fits_any(&parts, &[signature]) {
            let body_bytes = message.body.len();
            return Err(Mismatch::Signature { header: name.to_owned(), secrets: keys.count(), body_bytes });
        }
        Ok(Proven { nonce: expires.map(|expires| Nonce::new(self.scheme, &parts, expires)) })
    }
}

/// What is signed: text with the places of timestamp and body, such as `{timestamp}.{body}`. The default is the body
/// alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Timestamp,
    Body,
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TemplateFault {
    #[error("it must hold `{{body}}` once, or the body would not be signed")]
    Body,
    #[error("it may hold `{{timestamp}}` and `{{body}}` only")]
    Unknown,
    #[error("it must have at most {PIECES_MAX} parts")]
    TooLong,
}

const PIECES_MAX: usize = 16;

impl Template {
    /// Reads text with `{timestamp}` and `{body}`; other braces have no meaning yet and are refused.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) = from.split_once('}').ok_or(TemplateFault::Unknown)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(match name {
                "timestamp" => Piece::Timestamp,
                "body" => Piece::Body,
                _ => return Err(TemplateFault::Unknown),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let is_stray = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains('}'));
        if pieces.iter().any(is_stray) {
            return Err(TemplateFault::Unknown);
        }
        if pieces.iter().filter(|piece| **piece == Piece::Body).count() != 1 {
            return Err(TemplateFault::Body);
        }
        if pieces.len() > PIECES_MAX { Err(TemplateFault::TooLong) } else { Ok(Self(pieces)) }
    }

    /// Whether the time is signed: a time that is not is worth nothing.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&Piece::Timestamp)
    }

    fn parts<'a>(&'a self, timestamp: &'a str, body: &'a [u8]) -> Vec<&'a [u8]> {
        let part = |piece: &'a Piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Timestamp => timestamp.as_bytes(),
            Piece::Body => body,
        };
        self.0.iter().map(part).collect()
    }
}

impl Default for Template {
    fn default() -> Self {
        Self(vec![Piece::Body])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_template_signs_the_body_and_knows_two_places() {
        #[track_caller]
        fn check(text: &str, expected: Result<&[u8], TemplateFault>) {
            let template = Template::parse(text);
            let signed = template.as_ref().map(|template| template.parts("17", b"{}").concat());
            assert_eq!(signed.as_deref().map_err(|fault| **fault), expected.as_ref().map(|text| *text).map_err(|f| *f));
        }
        check("{body}", Ok(b"{}"));
        check("{timestamp}.{body}", Ok(b"17.{}"));
        check("v0:{timestamp}:{body}", Ok(b"v0:17:{}"));
        check("{body}\n{timestamp}\n", Ok(b"{}\n17\n"));
        check("", Err(TemplateFault::Body));
        check("{timestamp}", Err(TemplateFault::Body));
        check("{body}{body}", Err(TemplateFault::Body));
        check("{body}{path}", Err(TemplateFault::Unknown));
        check("{body", Err(TemplateFault::Unknown));
        check("body}{body}", Err(TemplateFault::Unknown));
    }

    proptest! {
        #[test]
        fn no_template_is_too_strange(text in "[a-z{}.]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let (has_body, has_timestamp) = (text.contains("{body}"), text.contains("{timestamp}"));
                prop_assert!(has_body);
                prop_assert_eq!(template.has_timestamp(), has_timestamp);
            }
        }
    }
}
