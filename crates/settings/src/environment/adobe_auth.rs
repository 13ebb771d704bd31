//! Who vouches for the callers of web actions with `require-adobe-auth`.

use crate::environment::events::{self, Events, EventsApi};
use crate::environment::reader::{Reader, Setting};

const NAME: &str = "KIT_ADOBE_AUTH";
const ORG_ID: &str = "OAUTH_ORG_ID";

/// The end of the address of tokens, up to its version.
const TOKEN_PATH: &str = "token/";

/// Who is asked whether a caller's access token counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdobeAuth {
    /// The events service in this process, for tokens of its own.
    Own,
    /// Adobe's IMS, or what speaks like it.
    Ims {
        /// Usually `https://ims-na1.adobelogin.com/ims/`; ends with `/`.
        ims_url: String,
        /// The organisation whose tokens count.
        org_id: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Own,
    Ims,
}

pub(super) fn read(reader: &mut Reader<'_>, events: &Events) -> AdobeAuth {
    let is_elsewhere = events.api == EventsApi::Adobe;
    match word(reader) {
        Some(Word::Own) if is_elsewhere => {
            reader.fault(
                NAME,
                "expected `ims` beside `KIT_EVENTS_API=adobe`",
                "only an events service in this process vouches for its own tokens; leave one of the two out",
            );
            AdobeAuth::Own
        }
        Some(Word::Own) => AdobeAuth::Own,
        None if !is_elsewhere => AdobeAuth::Own,
        Some(Word::Ims) | None => ims(reader, events).unwrap_or(AdobeAuth::Own),
    }
}

pub(super) fn word(reader: &mut Reader<'_>) -> Option<Word> {
    let setting = Setting {
        name: NAME,
        expected: "expected `own` or `ims`",
        hint: "`own` takes tokens of our own events service, `ims` those of Adobe; leave it out to follow `KIT_EVENTS_API`",
    };
    reader.parse(setting, |text| match text {
        "own" => Some(Word::Own),
        "ims" => Some(Word::Ims),
        _ => None,
    })
}

/// Nothing when a variable is missing or wrong, which has its fault.
fn ims(reader: &mut Reader<'_>, events: &Events) -> Option<AdobeAuth> {
    let (url, org_id) = match &events.client {
        Some(client) => (client.token_url.trim_end_matches(events::TOKEN_VERSION).to_owned(), client.org_id.clone()),
        // What is missing for publishing elsewhere has its faults already.
        None if events.api == EventsApi::Adobe => return None,
        None => {
            let url = events::oauth_url(reader)?;
            if !reader.is_set(ORG_ID) {
                reader.fault(
                    ORG_ID,
                    "expected a value for `KIT_ADOBE_AUTH=ims`, it is not set",
                    "it is the organisation whose tokens count, `<24 hex digits>@AdobeOrg`",
                );
            }
            (url, events.service.org_id.clone()?)
        }
    };
    let ims_url = url.strip_suffix(TOKEN_PATH).unwrap_or(&url).to_owned();
    Some(AdobeAuth::Ims { ims_url, org_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::runtime::SAID;
    use crate::{Environment, Faults, Mode, Variables};

    const ORG: &str = "0123456789ABCDEF01234567@AdobeOrg";

    fn read(pairs: &[(&str, &str)]) -> Result<AdobeAuth, Faults> {
        let mut variables = Variables::from_pairs([
            SAID[0],
            SAID[1],
            ("KIT_INGESTION_AUTH", "none"),
            ("KIT_ENCRYPTION_KEY", "none"),
            ("COMMERCE_BASE_URL", "https://shop.example.com/rest/"),
            ("COMMERCE_ACCESS_TOKEN", "token"),
        ]);
        for (name, value) in pairs {
            variables.set(*name, *value);
        }
        Environment::read(&variables, Mode::Serve).map(|environment| environment.adobe_auth)
    }

    fn ims(ims_url: &str) -> AdobeAuth {
        AdobeAuth::Ims { ims_url: ims_url.to_owned(), org_id: ORG.to_owned() }
    }

    #[test]
    fn it_follows_where_events_are_published_unless_it_is_said() {
        assert_eq!(read(&[]).unwrap(), AdobeAuth::Own);
        assert_eq!(read(&[("KIT_ADOBE_AUTH", "own")]).unwrap(), AdobeAuth::Own);
        let said = [("KIT_ADOBE_AUTH", "ims"), ("OAUTH_ORG_ID", ORG)];
        assert_eq!(read(&said).unwrap(), ims("https://ims-na1.adobelogin.com/ims/"));
        let elsewhere = [
            ("KIT_EVENTS_API", "adobe"),
            ("OAUTH_CLIENT_ID", "client"),
            ("OAUTH_CLIENT_SECRET", "s3cr3t"),
            ("OAUTH_ORG_ID", ORG),
            ("IO_CONSUMER_ID", "10"),
            ("IO_PROJECT_ID", "20"),
            ("IO_WORKSPACE_ID", "30"),
            ("OAUTH_BASE_URL", "http://127.0.0.1:9090/ims/token/"),
            ("KIT_OUTBOUND_ALLOW", "127.0.0.1"),
        ];
        assert_eq!(read(&elsewhere).unwrap(), ims("http://127.0.0.1:9090/ims/"));
        let faults = read(&[&elsewhere[..], &[("KIT_ADOBE_AUTH", "own")]].concat()).unwrap_err().to_string();
        assert!(faults.contains("`KIT_ADOBE_AUTH`: expected `ims` beside `KIT_EVENTS_API=adobe`"), "{faults}");
    }

    #[test]
    fn an_address_that_does_not_end_like_adobes_is_taken_as_it_is() {
        for (url, ims_url) in [
            ("https://login.example.com/ims/token", "https://login.example.com/ims/"),
            ("https://login.example.com/ims", "https://login.example.com/ims/"),
        ] {
            let said = [("KIT_ADOBE_AUTH", "ims"), ("OAUTH_ORG_ID", ORG), ("OAUTH_BASE_URL", url)];
            assert_eq!(read(&said).unwrap(), ims(ims_url));
        }
    }

    #[test]
    fn what_is_missing_or_no_word_is_a_fault() {
        let faults = read(&[("KIT_ADOBE_AUTH", "ims")]).unwrap_err().to_string();
        assert!(faults.contains("`OAUTH_ORG_ID`: expected a value for `KIT_ADOBE_AUTH=ims`"), "{faults}");
        let faults = read(&[("KIT_ADOBE_AUTH", "none")]).unwrap_err().to_string();
        assert!(faults.contains("`KIT_ADOBE_AUTH`: expected `own` or `ims`"), "{faults}");
    }
}
