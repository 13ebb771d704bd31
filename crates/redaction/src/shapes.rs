//! Secrets that are known by how they look: those that the kit makes, tokens and private keys. So nobody has to be told
//! of each, and there is no list that could be full.

/// What such a secret begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A JSON Web Token: three parts in base64url, of which the first is an object.
    Token,
    /// The secret of a webhook (Standard Webhooks).
    WebhookSecret,
    /// The secret of a client of our events service, or of a webhook in the style of Port.
    KitSecret,
    /// A private key in PEM; `\n` stands for its lines in JSON.
    PrivateKey,
}

/// Each with its begin.
pub(crate) const SHAPES: [(&str, Shape); 6] = [
    ("eyJ", Shape::Token),
    ("whsec_", Shape::WebhookSecret),
    ("kit-", Shape::KitSecret),
    ("-----BEGIN PRIVATE KEY-----", Shape::PrivateKey),
    ("-----BEGIN RSA PRIVATE KEY-----", Shape::PrivateKey),
    ("-----BEGIN EC PRIVATE KEY-----", Shape::PrivateKey),
];

/// Header and payload of a token have this many letters at least, and so has a signature.
const PART_MIN: usize = 10;

/// 18 bytes, which is less than any secret that somebody makes.
const WEBHOOK_SECRET_MIN: usize = 24;

/// 32 bytes at random.
const KIT_SECRET_LETTERS: usize = 43;

impl Shape {
    /// How long the secret is with which `text` begins. `None`: it only begins like one.
    pub(crate) fn length(self, text: &str, prefix: usize) -> Option<usize> {
        let rest = &text.as_bytes()[prefix..];
        match self {
            Self::Token => token(text.as_bytes()),
            Self::WebhookSecret => {
                let letters = count(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
                (letters >= WEBHOOK_SECRET_MIN).then_some(prefix + letters)
            }
            Self::KitSecret => {
                let letters = count(rest, is_base64url);
                (letters >= KIT_SECRET_LETTERS).then_some(prefix + letters)
            }
            // One that was cut off is one as well. A backslash at the end escapes what comes next.
            Self::PrivateKey => {
                let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+/= \r\n\\".contains(&byte);
                let letters = count(rest, is_inside);
                let escapes = count_back(&rest[..letters], b'\\');
                Some(prefix + letters - escapes)
            }
        }
    }
}

fn token(text: &[u8]) -> Option<usize> {
    let mut length = 0;
    for part in 0..3 {
        if part > 0 {
            (text.get(length) == Some(&b'.')).then_some(())?;
            length += 1;
        }
        let letters = count(&text[length..], is_base64url);
        (letters >= PART_MIN).then_some(())?;
        length += letters;
    }
    Some(length)
}

fn count(text: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_part(**byte)).count()
}

/// How many of this byte the text ends with.
pub(crate) fn count_back(text: &[u8], wanted: u8) -> usize {
    text.iter().rev().take_while(|byte| **byte == wanted).count()
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
