//! How the command line proves to a kit who it is.

use secrecy::SecretString;

use crate::environment::adobe_auth::{self, Word};
use crate::environment::events::{self, EventsApi};
use crate::environment::reader::Reader;
use crate::{Faults, Variables};

/// The scope that guarded actions ask for; our own events service gives it to every client.
const SCOPE: &str = "read_organizations";

/// A client that gets access tokens, and its organisation.
#[derive(Debug, Clone)]
pub struct Caller {
    /// None: the events service of the kit that is called gives them.
    pub token_url: Option<String>,
    pub client_id: String,
    pub client_secrets: Vec<SecretString>,
    pub org_id: String,
    pub scopes: Vec<String>,
}

impl Caller {
    /// Nothing when the client, its secret or its organisation is not set.
    pub fn read(variables: &Variables) -> Result<Option<Self>, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        let is_elsewhere = events::api(&mut reader) == EventsApi::Adobe;
        let word = adobe_auth::word(&mut reader);
        let (token_url, scopes) = if is_elsewhere || word == Some(Word::Ims) {
            (events::token_url(&mut reader), events::scopes(&reader))
        } else {
            (None, vec![SCOPE.to_owned()])
        };
        let [client_id, org_id] = ["OAUTH_CLIENT_ID", "OAUTH_ORG_ID"].map(|name| reader.word(name));
        let client_secrets = events::client_secrets(&mut reader);
        let caller = match (client_id, client_secrets, org_id) {
            (Some(client_id), Some(client_secrets), Some(org_id)) => {
                Some(Self { token_url, client_id, client_secrets, org_id, scopes })
            }
            _ => None,
        };
        Faults::none_or(reader.faults, caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: &str = "0123456789ABCDEF01234567@AdobeOrg";
    const CLIENT: [(&str, &str); 3] =
        [("OAUTH_CLIENT_ID", "shop"), ("OAUTH_CLIENT_SECRET", "s3cr3t"), ("OAUTH_ORG_ID", ORG)];

    fn read(pairs: &[(&str, &str)]) -> Option<Caller> {
        Caller::read(&Variables::from_pairs(CLIENT.iter().chain(pairs).copied())).unwrap()
    }

    #[test]
    fn tokens_come_from_whoever_vouches_for_them() {
        let own = read(&[]).unwrap();
        assert_eq!((own.token_url, own.scopes), (None, vec!["read_organizations".to_owned()]));
        assert_eq!((own.client_id.as_str(), own.org_id.as_str(), own.client_secrets.len()), ("shop", ORG, 1));
        for pair in [("KIT_ADOBE_AUTH", "ims"), ("KIT_EVENTS_API", "adobe")] {
            let ims = read(&[pair]).unwrap();
            assert_eq!(ims.token_url.as_deref(), Some("https://ims-na1.adobelogin.com/ims/token/v3"));
            assert!(ims.scopes.contains(&"read_organizations".to_owned()), "{:?}", ims.scopes);
        }
        let said = read(&[
            ("KIT_EVENTS_API", "adobe"),
            ("OAUTH_BASE_URL", "http://127.0.0.1:9090/ims/token/"),
            ("OAUTH_SCOPES", "openid,read_organizations"),
        ]);
        let said = said.unwrap();
        assert_eq!(said.token_url.as_deref(), Some("http://127.0.0.1:9090/ims/token/v3"));
        assert_eq!(said.scopes, ["openid", "read_organizations"]);
    }

    #[test]
    fn without_all_three_there_is_nobody_and_what_is_wrong_is_named() {
        for (name, _) in CLIENT {
            assert!(read(&[(name, "")]).is_none(), "{name}");
        }
        let wrong = Variables::from_pairs([("OAUTH_CLIENT_ID", "a b"), ("KIT_ADOBE_AUTH", "nobody")]);
        let faults = Caller::read(&wrong).unwrap_err().to_string();
        assert!(faults.contains("`OAUTH_CLIENT_ID`") && faults.contains("`KIT_ADOBE_AUTH`"), "{faults}");
    }
}
