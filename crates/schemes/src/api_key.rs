//! A key that goes along with every request, in a header or in the query parameter `key`.

use http::HeaderName;

use crate::{Message, Mismatch, Proven, Secrets, header};

pub const HEADER_DEFAULT: HeaderName = HeaderName::from_static("x-api-key");

/// For senders that can be given nothing but a URL.
pub const PARAMETER: &str = "key";

const QUERY_BYTES_MAX: usize = 8 * 1024;

#[derive(Clone, Debug)]
pub struct ApiKey {
    pub header: HeaderName,
    pub keys: Secrets,
}

impl ApiKey {
    /// The header counts when it is there, whatever the query says.
    pub fn verify(&self, message: &Message<'_>) -> Result<Proven, Mismatch> {
        let name = self.header.as_str();
        let secrets = self.keys.count();
        if message.headers.contains_key(&self.header) {
            let key = header::only(message.headers, name)?;
            let place = format!("the header `{name}`");
            return if self.keys.has(key.as_bytes()) {
                Ok(Proven::TIMELESS)
            } else {
                Err(Mismatch::Key { place, secrets })
            };
        }
        let query = message.query.unwrap_or_default();
        let place = || format!("the query parameter `{PARAMETER}`");
        if query.len() > QUERY_BYTES_MAX {
            return Err(Mismatch::NoKey { header: name.to_owned(), parameter: PARAMETER });
        }
        let mut said = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == PARAMETER);
        match (said.next(), said.count()) {
            (None, _) => Err(Mismatch::NoKey { header: name.to_owned(), parameter: PARAMETER }),
            (Some((_, key)), 0) if self.keys.has(key.as_bytes()) => Ok(Proven::TIMELESS),
            (Some(_), 0) => Err(Mismatch::Key { place: place(), secrets }),
            (Some(_), more) => Err(Mismatch::RepeatedParameter { parameter: PARAMETER, times: more + 1 }),
        }
    }
}
