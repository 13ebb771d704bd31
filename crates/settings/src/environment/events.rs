//! Where events are published, how they come back, and what our own events service is to be.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::environment::reader::{Reader, Setting, one_or_more};
use crate::environment::sender::{self, Signatures};
use crate::environment::url::url;
use crate::environment::{Mode, Role, quantity};

const MANAGEMENT_URL: &str = "https://api.adobe.io/events/";
pub(super) const INGRESS_URL: &str = "https://eventsingress.adobe.io/";
/// The version of the token endpoint follows.
const OAUTH_URL: &str = "https://ims-na1.adobelogin.com/ims/token/";
pub(super) const TOKEN_VERSION: &str = "v3";
/// What Adobe's kit asks for: the management API, publishing and the journal need these.
const SCOPES: &str = "AdobeID,openid,read_organizations,additional_info.projectedProductContext,\
                      additional_info.roles,adobeio_api,read_client_secret,manage_client_secrets";
const CLIENT_SECRET: &str = "OAUTH_CLIENT_SECRET";
const SECRETS_MAX: usize = 2;
const INTERVAL_MIN: Duration = Duration::from_millis(10);
const INTERVAL_MAX: Duration = Duration::from_hours(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(9);
const ANSWER_WITHIN_MIN: Duration = Duration::from_millis(100);
const ANSWER_WITHIN_MAX: Duration = Duration::from_secs(55);
/// What one client may publish in 5 seconds at Adobe.
const INGRESS_LIMIT: u32 = 3_000;

/// Who passes events on to the registrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventsApi {
    /// Our own events service, in this process.
    Embedded,
    /// An events API elsewhere: Adobe's, or our own service in another process.
    Adobe,
}

/// When the ingestion webhook answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IngestAck {
    Stored,
    /// When the events API has the event, or it takes too long.
    Published,
}

/// How to reach and convince an events API.
#[derive(Debug, Clone)]
pub struct EventsClient {
    pub ingress_url: String,
    /// Ends with `/`; `{IO_CONSUMER_ID}/...` follows.
    pub management_url: String,
    /// Where its public keys are: the path that a delivery names follows, without the slash at this one's end.
    pub keys_url: String,
    pub token_url: String,
    pub client_id: String,
    /// One, or two while one takes the other's place.
    pub client_secrets: Vec<SecretString>,
    pub scopes: Vec<String>,
    pub org_id: String,
    pub consumer_id: String,
    pub project_id: String,
    pub workspace_id: String,
}

/// Which registrations follow their journal at the events API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Journals {
    All,
    Nobody,
    /// By name.
    Named(Vec<String>),
}

/// How events come back from the events API.
#[derive(Debug, Clone)]
pub struct Return {
    pub journals: Journals,
    /// Takes the place of the pause that the events API asks for at the end of a journal.
    pub interval: Option<Duration>,
    /// What proves that a delivery by webhook comes from the events API.
    pub signatures: Signatures,
    /// For so long a sender waits for its action's answer.
    pub answer_within: Duration,
}

/// What our own events service is to be; what is not set is made and kept in the store.
#[derive(Debug, Clone)]
pub struct EventsService {
    pub consumer_id: Option<String>,
    pub project_id: Option<String>,
    pub workspace_id: Option<String>,
    pub org_id: Option<String>,
    /// The one client of `kit dev`.
    pub client_id: Option<String>,
    pub client_secrets: Vec<SecretString>,
    pub takes_plain_http: bool,
    /// Events that one client may publish in 5 seconds.
    pub ingress_limit: Option<u32>,
    pub sends_deprecated_members: bool,
}

/// All settings about events.
#[derive(Debug, Clone)]
pub struct Events {
    pub api: EventsApi,
    pub ack: IngestAck,
    /// There exactly when `api` is `Adobe`.
    pub client: Option<EventsClient>,
    pub comes_back: Return,
    pub service: EventsService,
    /// Our address as others see it, without a slash at its end.
    pub public_url: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode, role: Role, is_local: bool) -> Events {
    let api = api(reader);
    if role == Role::EventsService && api == EventsApi::Adobe {
        reader.fault(
            "KIT_EVENTS_API",
            "expected `embedded` beside `KIT_ROLE=events-service`",
            "an events service does not publish elsewhere; leave one of the two out",
        );
    }
    let public_url = url(reader, "KIT_PUBLIC_URL", None, "https://kit.example.com/");
    let client = match api {
        EventsApi::Adobe => client(reader, mode),
        EventsApi::Embedded => None,
    };
    let comes_back = comes_back(reader, public_url.is_some());
    Events {
        ack: ack(reader),
        client,
        comes_back,
        service: service(reader, mode, is_local),
        public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
        api,
    }
}

pub(super) fn api(reader: &mut Reader<'_>) -> EventsApi {
    let setting = Setting {
        name: "KIT_EVENTS_API",
        expected: "expected `embedded` or `adobe`",
        hint: "`adobe` is Adobe I/O Events, or whatever speaks like it at `KIT_EVENTS_INGRESS_URL`",
    };
    let api = reader.parse(setting, |text| match text {
        "embedded" => Some(EventsApi::Embedded),
        "adobe" => Some(EventsApi::Adobe),
        _ => None,
    });
    api.unwrap_or(EventsApi::Embedded)
}

fn ack(reader: &mut Reader<'_>) -> IngestAck {
    let setting = Setting {
        name: "KIT_INGEST_ACK",
        expected: "expected `stored` or `published`",
        hint: "leave it out for `stored`",
    };
    let ack = reader.parse(setting, |text| match text {
        "stored" => Some(IngestAck::Stored),
        "published" => Some(IngestAck::Published),
        _ => None,
    });
    ack.unwrap_or(IngestAck::Stored)
}

/// Everything that is missing is a fault, not only the first.
fn client(reader: &mut Reader<'_>, mode: Mode) -> Option<EventsClient> {
    let ingress_url = url(reader, "KIT_EVENTS_INGRESS_URL", Some(INGRESS_URL), INGRESS_URL);
    let keys_url = sender::keys_url(reader, mode, ingress_url.as_deref());
    let management_url = url(reader, "IO_MANAGEMENT_BASE_URL", Some(MANAGEMENT_URL), MANAGEMENT_URL);
    let oauth_url = oauth_url(reader);
    let client_id = required(reader, "OAUTH_CLIENT_ID", "the client id of the project's credential");
    if !reader.is_set(CLIENT_SECRET) {
        let hint =
            "copy a secret of the project's credential; two, while one takes the other's place, are a JSON array";
        reader.fault(CLIENT_SECRET, "expected a value for `KIT_EVENTS_API=adobe`, it is not set", hint);
    }
    let client_secrets = client_secrets(reader);
    let org_id = required(reader, "OAUTH_ORG_ID", "the organisation, `<24 hex digits>@AdobeOrg`");
    let consumer_id = required(reader, "IO_CONSUMER_ID", "`project.org.id` of the workspace's JSON");
    let project_id = required(reader, "IO_PROJECT_ID", "`project.id` of the workspace's JSON");
    let workspace_id = required(reader, "IO_WORKSPACE_ID", "`project.workspace.id` of the workspace's JSON");
    let scopes = scopes(reader);
    Some(EventsClient {
        ingress_url: ingress_url?,
        management_url: management_url?,
        keys_url: keys_url?,
        token_url: format!("{}{TOKEN_VERSION}", oauth_url?),
        client_id: client_id?,
        client_secrets: client_secrets?,
        scopes,
        org_id: org_id?,
        consumer_id: consumer_id?,
        project_id: project_id?,
        workspace_id: workspace_id?,
    })
}

/// What access tokens are asked for.
pub(super) fn scopes(reader: &Reader<'_>) -> Vec<String> {
    let scopes = reader.get("OAUTH_SCOPES").unwrap_or(SCOPES);
    scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// Where access tokens are asked for.
pub(super) fn token_url(reader: &mut Reader<'_>) -> Option<String> {
    oauth_url(reader).map(|url| format!("{url}{TOKEN_VERSION}"))
}

/// The token endpoint up to its version.
pub(super) fn oauth_url(reader: &mut Reader<'_>) -> Option<String> {
    url(reader, "OAUTH_BASE_URL", Some(OAUTH_URL), OAUTH_URL)
}

/// What goes into a path or a header.
fn required(reader: &mut Reader<'_>, name: &str, what: &str) -> Option<String> {
    if !reader.is_set(name) {
        let hint = format!("it is {what}; `kit credential create` prints those of our own events service");
        reader.fault(name, "expected a value for `KIT_EVENTS_API=adobe`, it is not set", hint);
        return None;
    }
    reader.word(name)
}

/// One secret as it is, or a JSON array of one or two.
pub(super) fn client_secrets(reader: &mut Reader<'_>) -> Option<Vec<SecretString>> {
    let setting = Setting {
        name: CLIENT_SECRET,
        expected: "expected one client secret, or a JSON array of one or two",
        hint: r#"such as `["the old one","the new one"]`, without blanks in a secret"#,
    };
    reader.parse(setting, |text| {
        let is_sendable =
            |secret: &SecretString| secret.expose_secret().chars().all(|letter| letter.is_ascii_graphic());
        one_or_more(text, SECRETS_MAX).filter(|secrets| secrets.iter().all(is_sendable))
    })
}

fn comes_back(reader: &mut Reader<'_>, is_public: bool) -> Return {
    let journals = match reader.get("KIT_JOURNAL") {
        None if is_public => Journals::Nobody,
        None | Some("all") => Journals::All,
        Some("none") => Journals::Nobody,
        Some(names) => Journals::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    let setting = Setting {
        name: "KIT_JOURNAL_INTERVAL",
        expected: "expected a duration from `10ms` to `1h`",
        hint: "leave it out to wait as long as the events API asks for",
    };
    let interval = reader.parse(setting, |text| {
        quantity::duration(text).filter(|interval| (INTERVAL_MIN..=INTERVAL_MAX).contains(interval))
    });
    let signatures = sender::signatures(reader);
    Return { journals, interval, signatures, answer_within: answer_within(reader) }
}

/// Adobe allows 10 s for a webhook (contract, section 4.6).
fn answer_within(reader: &mut Reader<'_>) -> Duration {
    let setting = Setting {
        name: "KIT_WEBHOOK_ANSWER_WITHIN",
        expected: "expected a duration from `100ms` to `55s`",
        hint: "an events API gives a webhook 10 s; leave it out for `9s`",
    };
    let within = reader.parse(setting, |text| {
        quantity::duration(text).filter(|within| (ANSWER_WITHIN_MIN..=ANSWER_WITHIN_MAX).contains(within))
    });
    within.unwrap_or(ANSWER_WITHIN)
}

pub(super) fn service(reader: &mut Reader<'_>, mode: Mode, is_local: bool) -> EventsService {
    let [consumer_id, project_id, workspace_id, org_id, client_id] =
        ["IO_CONSUMER_ID", "IO_PROJECT_ID", "IO_WORKSPACE_ID", "OAUTH_ORG_ID", "OAUTH_CLIENT_ID"]
            .map(|name| reader.word(name));
    EventsService {
        consumer_id,
        project_id,
        workspace_id,
        org_id,
        client_id,
        client_secrets: client_secrets(reader).unwrap_or_default(),
        takes_plain_http: choice(reader, "KIT_EVENTS_PLAIN_HTTP", ["refused", "accepted"]).unwrap_or(mode == Mode::Dev),
        ingress_limit: ingress_limit(reader, is_local),
        sends_deprecated_members: choice(reader, "KIT_EVENTS_DEPRECATED_MEMBERS", ["left-out", "sent"]).unwrap_or(true),
    }
}

/// Whether the second of two words was said.
fn choice(reader: &mut Reader<'_>, name: &str, words: [&str; 2]) -> Option<bool> {
    let [no, yes] = words;
    let expected = format!("expected `{no}` or `{yes}`");
    let setting = Setting { name, expected: &expected, hint: "leave it out for the default" };
    reader.parse(setting, |text| words.contains(&text).then_some(text == yes))
}

fn ingress_limit(reader: &mut Reader<'_>, is_local: bool) -> Option<u32> {
    let setting = Setting {
        name: "KIT_EVENTS_INGRESS_LIMIT",
        expected: "expected a whole number from 1, or `none`",
        hint: "it counts the events that one client may publish in 5 seconds",
    };
    let limit = reader.parse(setting, |text| match text {
        "none" => Some(None),
        number => number.parse().ok().filter(|number| *number > 0).map(Some),
    });
    limit.unwrap_or((!is_local).then_some(INGRESS_LIMIT))
}
