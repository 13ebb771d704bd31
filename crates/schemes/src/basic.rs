//! HTTP's basic authentication (RFC 7617): a name and a password.

use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

use crate::{Encoding, Message, Mismatch, Proven, Secrets, header};

const EXPECTED: &str = "`Basic` and the base64 of `<user>:<password>`";

#[derive(Clone, Debug)]
pub struct Basic(Secrets);

impl Basic {
    /// One user; several passwords while one takes another's place.
    pub fn new(user: &str, passwords: &[SecretString]) -> Self {
        let pair = |password: &SecretString| SecretString::from(format!("{user}:{}", password.expose_secret()));
        Self(Secrets::new(&passwords.iter().map(pair).collect::<Vec<SecretString>>()))
    }

    pub fn verify(&self, message: &Message<'_>) -> Result<Proven, Mismatch> {
        let name = AUTHORIZATION.as_str();
        let malformed = || Mismatch::Malformed { header: name.to_owned(), expected: EXPECTED };
        let (scheme, text) = header::only(message.headers, name)?.split_once(' ').ok_or_else(malformed)?;
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        let pair = Encoding::Base64.decode(text.trim()).filter(|_| is_basic).ok_or_else(malformed)?;
        if self.0.has(&pair) {
            return Ok(Proven::TIMELESS);
        }
        Err(Mismatch::Password { passwords: self.0.count() })
    }
}
