//! The parameters in the header `Authorization`, RFC 5849, section 3.5.1.

use percent_encoding::percent_decode_str;

use super::Problem;
use super::base::Pair;

/// All names that begin so belong to the protocol.
pub const PREFIX: &str = "oauth_";
const CONSUMER_KEY: &str = "oauth_consumer_key";
const NONCE: &str = "oauth_nonce";
const SIGNATURE: &str = "oauth_signature";
const SIGNATURE_METHOD: &str = "oauth_signature_method";
const TIMESTAMP: &str = "oauth_timestamp";
const TOKEN: &str = "oauth_token";
const VERSION: &str = "oauth_version";
const KNOWN: [&str; 7] = [CONSUMER_KEY, NONCE, SIGNATURE, SIGNATURE_METHOD, TIMESTAMP, TOKEN, VERSION];
const REALM: &str = "realm";
const HEADER_BYTES_MAX: usize = 8 * 1024;
const NONCE_CHARS_MAX: usize = 128;

/// Names and values, decoded.
pub struct Parameters(Vec<(String, String)>);

/// What the protocol needs; none of it is empty.
pub struct Given<'a> {
    pub consumer_key: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
    pub signature_method: &'a str,
    pub timestamp: &'a str,
    pub token: &'a str,
    /// The RFC lets it be left out.
    pub version: Option<&'a str>,
}

impl Parameters {
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut rest = text.trim();
        if rest.len() > HEADER_BYTES_MAX {
            return Err(Problem::ParameterRejected);
        }
        while !rest.is_empty() {
            let (name, value, after) = first(rest).ok_or(Problem::ParameterRejected)?;
            let is_known = !name.starts_with(PREFIX) || KNOWN.contains(&name.as_str());
            if !is_known || pairs.iter().any(|(given, _)| *given == name) {
                return Err(Problem::ParameterRejected);
            }
            pairs.push((name, value));
            rest = after;
        }
        Ok(Self(pairs))
    }

    pub fn given(&self) -> Result<Given<'_>, Problem> {
        let given = Given {
            consumer_key: self.needed(CONSUMER_KEY)?,
            nonce: self.needed(NONCE)?,
            signature: self.needed(SIGNATURE)?,
            signature_method: self.needed(SIGNATURE_METHOD)?,
            timestamp: self.needed(TIMESTAMP)?,
            token: self.needed(TOKEN)?,
            version: self.value(VERSION),
        };
        if given.nonce.chars().count() > NONCE_CHARS_MAX {
            return Err(Problem::ParameterRejected);
        }
        Ok(given)
    }

    /// What the signature is about.
    pub fn signed(&self) -> impl Iterator<Item = Pair> {
        let signed = self.0.iter().filter(|(name, _)| name != SIGNATURE && !name.eq_ignore_ascii_case(REALM));
        signed.map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
    }

    fn needed(&self, name: &'static str) -> Result<&str, Problem> {
        self.value(name).filter(|value| !value.is_empty()).ok_or(Problem::ParameterAbsent(name))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// The first `name="value"` and what follows its comma.
fn first(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let (value, rest) = rest.strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix(',') {
        Some(rest) => Some(rest.trim_start()).filter(|rest| !rest.is_empty())?,
        None if rest.is_empty() => rest,
        None => return None,
    };
    let name = decoded(name).filter(|name| !name.is_empty())?;
    Some((name, decoded(value)?, rest))
}

/// `None` when it is no text. A plus is a plus: this is no form.
fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}
