//! What is asked of a kit that other machines reach: no API takes requests from everybody.

use std::net::SocketAddr;

use schemes::network::Network;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Events, EventsApi, Ingestion, Mode, Role, Signatures, bind, ingestion};
use crate::Variables;
use crate::environment::reader::{Reader, Setting, one_or_more};

const TOKEN: &str = "KIT_METRICS_TOKEN";
const TOKENS_MAX: usize = 4;

const WHY: &str = "`KIT_BIND` is reached from other machines";

/// Whether other machines reach a kit with these settings; what is no address is a fault elsewhere.
pub fn is_exposed(variables: &Variables) -> bool {
    let mut reader = Reader { variables, faults: Vec::new() };
    !is_local(bind(&mut reader, Mode::Serve))
}

pub(super) fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Who may read metrics, schemas and why the kit is not ready; none: everybody.
pub(super) fn operators(reader: &mut Reader<'_>) -> Vec<SecretString> {
    let setting = Setting {
        name: TOKEN,
        expected: "expected a token of visible ASCII characters, or a JSON array of at most 4",
        hint: "make one with `openssl rand -base64 32`; what reads `/metrics` brings it as `Authorization: Bearer`",
    };
    let tokens = reader.parse(setting, |text| {
        let is_sendable = |token: &SecretString| token.expose_secret().chars().all(|letter| letter.is_ascii_graphic());
        one_or_more(text, TOKENS_MAX).filter(|tokens| tokens.iter().all(is_sendable))
    });
    tokens.unwrap_or_default()
}

/// Everything that strangers could use.
pub(super) fn check(reader: &mut Reader<'_>, role: Role, ingestion: &Ingestion, events: &Events) {
    let is_unlimited = ingestion.networks.is_empty() || ingestion.networks.iter().any(Network::is_everywhere);
    if role == Role::Kit && ingestion::is_open(reader) && is_unlimited {
        reader.fault(
            ingestion::AUTH,
            format!("expected schemes: {WHY}, and `none` takes events from everybody"),
            "name one, such as `api-key`; or say in `KIT_INGESTION_IPS` from where anybody may send; or listen on \
             `127.0.0.1`, behind a proxy",
        );
    }
    if events.api == EventsApi::Adobe && events.comes_back.signatures == Signatures::Unchecked {
        reader.fault(
            "KIT_WEBHOOK_SIGNATURES",
            format!("expected `required` or `hmac-too`: {WHY}, and `none` takes deliveries from everybody"),
            "leave it out for `required`, or listen on `127.0.0.1`, behind a proxy",
        );
    }
    if !reader.is_set(TOKEN) {
        reader.fault(
            TOKEN,
            format!("expected a token: {WHY}, and metrics, schemas and health tell what goes on inside"),
            "make one with `openssl rand -base64 32`; what reads `/metrics` brings it as `Authorization: Bearer`",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::environment::Mode;
    use crate::environment::runtime::SAID;
    use crate::{Environment, Variables};

    const PRODUCTION: [(&str, &str); 7] = [
        SAID[0],
        SAID[1],
        ("KIT_BIND", "0.0.0.0:9080"),
        ("KIT_ENCRYPTION_KEY", "none"),
        ("COMMERCE_BASE_URL", "https://shop.example.com/rest/"),
        ("COMMERCE_ACCESS_TOKEN", "token"),
        ("KIT_BACKOFFICE_URL", "https://erp.example.com/"),
    ];
    const API_KEY: [(&str, &str); 2] =
        [("KIT_INGESTION_AUTH", "api-key"), ("KIT_INGESTION_API_KEY_SECRET", "5ecret-of-the-tests")];
    const NONE: (&str, &str) = ("KIT_INGESTION_AUTH", "none");
    const TOKEN: (&str, &str) = ("KIT_METRICS_TOKEN", "5ecret-of-the-tests");
    const ELSEWHERE: [(&str, &str); 7] = [
        ("KIT_EVENTS_API", "adobe"),
        ("OAUTH_CLIENT_ID", "client"),
        ("OAUTH_CLIENT_SECRET", "5ecret-of-the-tests"),
        ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
        ("IO_CONSUMER_ID", "10"),
        ("IO_PROJECT_ID", "20"),
        ("IO_WORKSPACE_ID", "30"),
    ];

    /// The variables that are at fault, in production with these laid over it.
    #[track_caller]
    fn check(pairs: &[&[(&str, &str)]], expected: &[&str]) {
        let mut variables = Variables::from_pairs(PRODUCTION);
        for (name, value) in pairs.concat() {
            variables.set(name, value);
        }
        let faults = Environment::read(&variables, Mode::Serve).map(drop);
        let faults: Vec<_> = faults.err().into_iter().flatten().collect();
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, expected, "{faults:?}");
        assert!(!format!("{faults:?}").contains("5ecret"), "{faults:?}");
    }

    #[test]
    fn whoever_is_reached_from_elsewhere_lets_nobody_in_unasked() {
        check(&[&API_KEY, &[TOKEN]], &[]);
        check(&[&[NONE]], &["KIT_INGESTION_AUTH", "KIT_METRICS_TOKEN"]);
        check(&[&[]], &["KIT_INGESTION_AUTH", "KIT_METRICS_TOKEN"]);
        check(&[&[NONE, TOKEN, ("KIT_INGESTION_IPS", "192.0.2.0/24,2001:db8::1")]], &[]);
        for everywhere in ["0.0.0.0/0", "192.0.2.7,::/0"] {
            check(&[&[NONE, TOKEN, ("KIT_INGESTION_IPS", everywhere)]], &["KIT_INGESTION_AUTH"]);
        }
        check(&[&API_KEY, &[TOKEN], &ELSEWHERE], &[]);
        check(
            &[&API_KEY, &ELSEWHERE, &[("KIT_WEBHOOK_SIGNATURES", "none")]],
            &["KIT_METRICS_TOKEN", "KIT_WEBHOOK_SIGNATURES"],
        );
        check(&[&API_KEY, &[TOKEN, ("KIT_WEBHOOK_SIGNATURES", "none")]], &[]);
    }

    #[test]
    fn an_events_service_has_no_ingestion_to_guard() {
        let role = ("KIT_ROLE", "events-service");
        check(&[&[role]], &["KIT_METRICS_TOKEN"]);
        check(&[&[role, TOKEN]], &[]);
    }

    #[test]
    fn on_loopback_nothing_of_this_is_asked() {
        for bind in ["127.0.0.1:9080", "[::1]:9080", "[::ffff:127.0.0.1]:9080"] {
            check(&[&[NONE, ("KIT_BIND", bind)]], &[]);
        }
        for bind in ["192.0.2.1:9080", "[::]:9080"] {
            check(&[&[NONE, ("KIT_BIND", bind)]], &["KIT_INGESTION_AUTH", "KIT_METRICS_TOKEN"]);
        }
    }

    #[test]
    fn tokens_are_texts_that_can_be_sent() {
        check(&[&API_KEY, &[("KIT_METRICS_TOKEN", r#"["new","old"]"#)]], &[]);
        for token in ["two words", "[]", r#"["a",""]"#, "umläut", r#"["1","2","3","4","5"]"#] {
            check(&[&API_KEY, &[("KIT_METRICS_TOKEN", token)]], &["KIT_METRICS_TOKEN"]);
        }
    }
}
