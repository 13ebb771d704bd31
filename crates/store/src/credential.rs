use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A client of the events service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Credential {
    /// Names the credential in the paths of journal and tracing.
    pub id: String,
    /// The `x-api-key` of its calls.
    pub client_id: String,
    pub name: String,
    pub created: Timestamp,
    /// Oldest first.
    pub secrets: Vec<ClientSecret>,
    /// Since then nothing of it counts any more.
    pub revoked: Option<Timestamp>,
}

/// One of a credential's secrets; the secret itself is known to its owner only.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ClientSecret {
    pub id: String,
    /// SHA-256, hex digits.
    pub hash: String,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

impl Credential {
    /// Secrets that may be alive at the same time, while one takes the other's place.
    pub const SECRETS_MAX: usize = 2;

    /// The secrets that count at this time.
    pub fn alive(&self, now: Timestamp) -> impl Iterator<Item = &ClientSecret> {
        self.secrets.iter().filter(move |secret| {
            self.revoked.is_none_or(|revoked| now < revoked) && secret.expires.is_none_or(|expires| now < expires)
        })
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

    fn credential(expires: [Option<Timestamp>; 2], revoked: Option<Timestamp>) -> Credential {
        let secrets = ["s-1", "s-2"].into_iter().zip(expires);
        let secrets = secrets.map(|(id, expires)| ClientSecret {
            id: id.to_owned(),
            hash: "c0ffee".to_owned(),
            created: NOW,
            expires,
        });
        Credential {
            id: "c".to_owned(),
            client_id: "client".to_owned(),
            name: "Backoffice".to_owned(),
            created: NOW,
            secrets: secrets.collect(),
            revoked,
        }
    }

    #[test]
    fn a_secret_counts_until_it_expires_or_its_credential_is_revoked() {
        fn check(expires: [Option<Timestamp>; 2], revoked: Option<Timestamp>, expected: &[&str]) {
            let credential = credential(expires, revoked);
            let alive: Vec<&str> = credential.alive(NOW).map(|secret| secret.id.as_str()).collect();
            assert_eq!(alive, expected, "{credential:?}");
        }
        check([None, None], None, &["s-1", "s-2"]);
        check([Some(NOW), None], None, &["s-2"]);
        check([Some(NOW - MILLISECOND), Some(NOW + MILLISECOND)], None, &["s-2"]);
        check([None, None], Some(NOW), &[]);
        check([None, Some(NOW)], Some(NOW + MILLISECOND), &["s-1"]);
    }

    #[test]
    fn a_secrets_hash_is_not_told() {
        let told = format!("{:?}", credential([None, None], None));
        assert!(told.contains("s-1") && !told.contains("c0ffee"), "{told}");
    }
}
