use std::time::Duration;

use secrecy::ExposeSecret;

use crate::environment::runtime::SAID;
use crate::{Environment, Events, EventsApi, Faults, IngestAck, Journals, Mode, Role, Signatures, Variables};

/// What `kit serve` needs to publish elsewhere, with `pairs` laid over it; an empty value takes one out.
fn adobe(pairs: &[(&str, &str)]) -> Result<Events, Faults> {
    adobe_in(Mode::Serve, pairs)
}

fn adobe_in(mode: Mode, pairs: &[(&str, &str)]) -> Result<Events, Faults> {
    let mut variables = Variables::from_pairs([
        SAID[0],
        SAID[1],
        ("KIT_INGESTION_AUTH", "none"),
        ("COMMERCE_BASE_URL", "https://shop.example.com/rest/"),
        ("COMMERCE_ACCESS_TOKEN", "token"),
        ("KIT_EVENTS_API", "adobe"),
        ("KIT_OUTBOUND_ALLOW", "127.0.0.1,::1,localhost"),
        ("OAUTH_CLIENT_ID", "client-1"),
        ("OAUTH_CLIENT_SECRET", "s3cr3t"),
        ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
        ("IO_CONSUMER_ID", "10"),
        ("IO_PROJECT_ID", "20"),
        ("IO_WORKSPACE_ID", "30"),
    ]);
    for (name, value) in pairs {
        variables.set(*name, *value);
    }
    Environment::read(&variables, mode).map(|environment| environment.events)
}

#[test]
fn adobe_needs_its_credential_and_knows_its_addresses() {
    let events = adobe(&[]).unwrap();
    assert_eq!((&events.api, events.ack), (&EventsApi::Adobe, IngestAck::Stored));
    let client = events.client.unwrap();
    assert_eq!(client.ingress_url, "https://eventsingress.adobe.io/");
    assert_eq!(client.management_url, "https://api.adobe.io/events/");
    assert_eq!(client.token_url, "https://ims-na1.adobelogin.com/ims/token/v3");
    assert_eq!(client.scopes.len(), 8);
    assert!(client.scopes.contains(&"adobeio_api".to_owned()), "{:?}", client.scopes);
    let missing = ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_ORG_ID", "IO_CONSUMER_ID", "IO_PROJECT_ID"];
    let faults = adobe(&missing.map(|name| (name, ""))).unwrap_err();
    let named: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(named, ["IO_CONSUMER_ID", "IO_PROJECT_ID", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_ORG_ID"]);
}

#[test]
fn another_events_api_is_reached_at_its_own_addresses() {
    let client = adobe(&[
        ("KIT_EVENTS_INGRESS_URL", "http://127.0.0.1:9090"),
        ("IO_MANAGEMENT_BASE_URL", "http://127.0.0.1:9090/events"),
        ("OAUTH_BASE_URL", "http://127.0.0.1:9090/ims/token"),
        ("OAUTH_SCOPES", "openid, adobeio_api"),
        ("OAUTH_CLIENT_SECRET", r#"["old","new"]"#),
    ])
    .unwrap()
    .client
    .unwrap();
    assert_eq!(client.ingress_url, "http://127.0.0.1:9090/");
    assert_eq!(client.management_url, "http://127.0.0.1:9090/events/");
    assert_eq!(client.token_url, "http://127.0.0.1:9090/ims/token/v3");
    assert_eq!(client.scopes, ["openid", "adobeio_api"]);
    let secrets: Vec<&str> = client.client_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["old", "new"]);
    assert!(!format!("{:?}", client.client_secrets).contains("old"));
}

#[test]
fn the_senders_keys_are_at_adobe_or_at_our_own_events_service() {
    fn check(pairs: &[(&str, &str)], keys_url: &str) {
        assert_eq!(adobe(pairs).unwrap().client.unwrap().keys_url, keys_url, "{pairs:?}");
    }
    const KEYS: &str = "KIT_EVENTS_KEYS_URL";
    let own = ("KIT_EVENTS_INGRESS_URL", "http://events:9090");
    check(&[], "https://static.adobeioevents.com/");
    check(&[own], "http://events:9090/");
    check(&[own, (KEYS, "https://keys.example.com")], "https://keys.example.com/");
    check(&[(KEYS, "http://127.0.0.1:9090/")], "http://127.0.0.1:9090/");
    check(&[(KEYS, "http://[::1]:9090/")], "http://[::1]:9090/");
    check(&[(KEYS, "http://localhost/")], "http://localhost/");
    check(&[(KEYS, "http://keys/"), ("KIT_EVENTS_PLAIN_HTTP", "accepted")], "http://keys/");
    for plain in ["http://keys.example.com/", "http://127.0.0.1.example.com/", "http://128.0.0.1/"] {
        let faults = adobe(&[(KEYS, plain)]).unwrap_err().to_string();
        assert!(faults.starts_with("`KIT_EVENTS_KEYS_URL`: expected `https://`"), "{faults}");
        assert!(faults.contains("say `KIT_EVENTS_PLAIN_HTTP=accepted`"), "{faults}");
        assert_eq!(adobe_in(Mode::Dev, &[(KEYS, plain)]).unwrap().client.unwrap().keys_url, plain);
    }
    let faults = adobe(&[(KEYS, "keys.example.com")]).unwrap_err().to_string();
    assert!(faults.contains("such as `https://static.adobeioevents.com/`"), "{faults}");
}

#[test]
fn signatures_are_required_unless_something_else_is_said() {
    let said = |word| adobe(&[("KIT_WEBHOOK_SIGNATURES", word)]).unwrap().comes_back.signatures;
    assert_eq!(said(""), Signatures::Required);
    assert_eq!(said("required"), Signatures::Required);
    assert_eq!(said("hmac-too"), Signatures::HmacToo);
    assert_eq!(said("none"), Signatures::Unchecked);
}

#[test]
fn events_come_back_by_journal_unless_webhooks_reach_us() {
    fn check(pairs: &[(&str, &str)], journals: &Journals) {
        assert_eq!(&adobe(pairs).unwrap().comes_back.journals, journals, "{pairs:?}");
    }
    let public = ("KIT_PUBLIC_URL", "https://kit.example.com/");
    check(&[], &Journals::All);
    check(&[public], &Journals::Nobody);
    check(&[public, ("KIT_JOURNAL", "all")], &Journals::All);
    let named = Journals::Named(vec!["Backoffice Product Sync".to_owned(), "X".to_owned()]);
    check(&[("KIT_JOURNAL", "Backoffice Product Sync, X")], &named);
    check(&[("KIT_JOURNAL", "none")], &Journals::Nobody);
    assert_eq!(adobe(&[public]).unwrap().public_url.as_deref(), Some("https://kit.example.com"));
    let short = ("KIT_DEDUPE_WINDOW", "6d");
    let faults = adobe(&[short]).unwrap_err().to_string();
    assert!(faults.contains("expected at least `7d` beside journals"), "{faults}");
    assert!(adobe(&[short, public]).is_ok());
    let interval = adobe(&[("KIT_JOURNAL_INTERVAL", "50ms")]).unwrap().comes_back.interval;
    assert_eq!(interval, Some(Duration::from_millis(50)));
    let within = |text| adobe(&[("KIT_WEBHOOK_ANSWER_WITHIN", text)]).unwrap().comes_back.answer_within;
    assert_eq!((within(""), within("500ms")), (Duration::from_secs(9), Duration::from_millis(500)));
}

#[test]
fn an_events_service_needs_no_commerce_and_publishes_nowhere() {
    let read = |pairs: &[(&str, &str)], mode| {
        let mut variables = Variables::from_pairs([("KIT_ROLE", "events-service"), ("KIT_ENCRYPTION_KEY", "none")]);
        for (name, value) in pairs {
            variables.set(*name, *value);
        }
        Environment::read(&variables, mode)
    };
    let environment = read(&[], Mode::Serve).unwrap();
    assert_eq!(environment.role, Role::EventsService);
    assert!(environment.commerce.is_none() && environment.events.client.is_none());
    let faults = read(&[("KIT_EVENTS_API", "adobe")], Mode::Serve).unwrap_err().to_string();
    assert!(faults.contains("expected `embedded` beside `KIT_ROLE=events-service`"), "{faults}");
}

#[test]
fn our_own_service_is_strict_where_others_reach_it() {
    let read = |mode, bind| {
        let mut variables = Variables::from_pairs([("KIT_ROLE", "events-service"), ("KIT_ENCRYPTION_KEY", "none")]);
        variables.set("KIT_BIND", bind);
        variables.set("KIT_METRICS_TOKEN", "token");
        Environment::read(&variables, mode).unwrap().events.service
    };
    let local = read(Mode::Serve, "127.0.0.1:0");
    assert_eq!((local.takes_plain_http, local.ingress_limit, local.sends_deprecated_members), (false, None, true));
    assert_eq!(read(Mode::Serve, "0.0.0.0:0").ingress_limit, Some(3_000));
    assert!(read(Mode::Dev, "127.0.0.1:0").takes_plain_http);
}
