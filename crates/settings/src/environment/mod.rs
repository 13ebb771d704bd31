//! The variables of the environment as typed settings.

mod adobe_auth;
mod backoffice;
mod caller;
mod commerce;
pub(crate) mod delivery;
mod encryption;
mod events;
mod exposure;
mod ingestion;
mod limits;
mod names;
mod onboarding;
mod outbound;
pub(crate) mod quantity;
mod reader;
mod remote;
mod runtime;
mod sender;
mod server;
mod targets;
mod tls;
mod traces;
mod url;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use egress::Gate;
use secrecy::{SecretSlice, SecretString};

pub use crate::environment::adobe_auth::AdobeAuth;
pub use crate::environment::backoffice::{Backoffice, BackofficeAuth};
pub use crate::environment::caller::Caller;
pub use crate::environment::commerce::{Commerce, CommerceAuth, Integration};
pub use crate::environment::delivery::{Delivery, HealthRules, Kept, Memory, OnParked, Retry};
pub use crate::environment::events::{Events, EventsApi, EventsClient, EventsService, IngestAck, Journals, Return};
pub use crate::environment::exposure::is_exposed;
use crate::environment::exposure::is_local;
pub use crate::environment::ingestion::{Ingestion, IngestionScheme};
pub use crate::environment::limits::{BodyLimits, Decompression, HeaderLimits, Http2Limits, RateLimit, ServerLimits};
pub use crate::environment::onboarding::Onboarding;
use crate::environment::reader::{Reader, Setting};
pub use crate::environment::remote::Remote;
pub use crate::environment::runtime::RuntimeAuth;
use crate::environment::runtime::namespace;
pub use crate::environment::sender::Signatures;
pub use crate::environment::server::{Server, ServerUrl};
pub use crate::environment::targets::{TargetInputs, TargetLimits};
pub use crate::environment::tls::Tls;
pub use crate::environment::traces::Traces;
use crate::{Faults, Variables};

const BIND_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9080);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// How far back the journal of an events API goes.
const JOURNAL_KEPT: Duration = Duration::from_hours(7 * 24);
const STORE_BYTES_MAX_DEFAULT: u64 = 32 << 30;
const STORE_BYTES_MAX_MIN: u64 = 16 << 20;
const ECHO_WINDOW_DEFAULT: Duration = MINUTE;

/// What the settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On this machine, with stand-ins for what is not configured.
    Dev,
    /// In production: nothing is assumed that others could misuse.
    Serve,
}

/// Where events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything: ingestion, actions, and the events service unless events are published elsewhere.
    Kit,
    /// The events service alone, for other processes.
    EventsService,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// The settings of one process.
#[derive(Debug, Clone)]
pub struct Environment {
    pub bind: SocketAddr,
    /// Folder of the embedded store, relative to the working folder unless absolute.
    pub data: PathBuf,
    pub store: Store,
    /// What stored secrets are sealed with, newest first; none: they stay readable.
    pub encryption_keys: Vec<SecretSlice<u8>>,
    pub role: Role,
    /// Who may send events; nobody asks an events service.
    pub ingestion: Ingestion,
    pub events: Events,
    /// Who vouches for callers of web actions that demand it.
    pub adobe_auth: AdobeAuth,
    /// Tokens of those who may read metrics, schemas and why the kit is not ready; none: everybody may.
    pub operator_tokens: Vec<SecretString>,
    pub sandbox_token: Option<SecretString>,
    /// Whether the sandbox Commerce has the eventing module, and tells of its changes.
    pub sandbox_has_events: bool,
    /// Whose OAuth 1.0a signatures the sandbox takes, too.
    pub sandbox_integration: Option<Integration>,
    /// None in `Mode::Dev`, where the sandbox stands in, and for an events service, which calls no Commerce.
    pub commerce: Option<Commerce>,
    /// None in `Mode::Dev`, where the sandbox stands in.
    pub backoffice: Option<Backoffice>,
    pub target_limits: TargetLimits,
    /// How long a change is remembered for its echo; zero when echoes pass.
    pub echo_window: Duration,
    pub retry: Retry,
    pub delivery: Delivery,
    pub dedupe_window: Duration,
    pub store_bytes_max: u64,
    pub deliveries_at_once: usize,
    pub log_level: LogLevel,
    /// None: no trace is exported.
    pub traces: Option<Traces>,
    /// Where calls may go.
    pub egress: Gate,
    /// What strangers may take of the server.
    pub limits: ServerLimits,
    /// None: connections are plain.
    pub tls: Option<Tls>,
    pub namespace: String,
    /// Who may use the runtime API. None: `kit dev` makes a key, and an events service has no such API.
    pub runtime_auth: Option<RuntimeAuth>,
    /// Variables that are set and that nothing reads yet.
    pub unread: Vec<&'static str>,
}

impl Environment {
    /// Reads everything and reports everything that is wrong or contradictory.
    pub fn read(variables: &Variables, mode: Mode) -> Result<Self, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        names::check(&mut reader);
        server::said(&mut reader);
        let role = role(&mut reader);
        let bind = bind(&mut reader, mode);
        let events = events::read(&mut reader, mode, role, is_local(bind));
        encryption::demand(&mut reader, mode, &events.api);
        runtime::demand(&mut reader, mode, role);
        let dedupe_window = dedupe_window(&mut reader, &events);
        let store_bytes_max = store_bytes_max(&mut reader);
        let ingestion = match role {
            Role::Kit => ingestion::read(&mut reader, mode),
            Role::EventsService => Ingestion::default(),
        };
        if mode == Mode::Serve && !is_local(bind) {
            exposure::check(&mut reader, role, &ingestion, &events);
        }
        let delivery = delivery::read(&mut reader, dedupe_window, store_bytes_max);
        let environment = Self {
            bind,
            data: data(&reader),
            store: only(&mut reader, &STORE, Store::Sqlite),
            encryption_keys: encryption::keys(&mut reader),
            role,
            ingestion,
            adobe_auth: adobe_auth::read(&mut reader, &events),
            events,
            operator_tokens: exposure::operators(&mut reader),
            sandbox_token: reader.token("KIT_SANDBOX_TOKEN"),
            sandbox_has_events: sandbox_has_events(&mut reader),
            sandbox_integration: match mode {
                Mode::Dev => commerce::of_sandbox(&mut reader),
                Mode::Serve => None,
            },
            commerce: match role {
                Role::Kit => commerce::read(&mut reader, mode),
                Role::EventsService => None,
            },
            backoffice: match role {
                Role::Kit => backoffice::read(&mut reader),
                Role::EventsService => None,
            },
            target_limits: targets::limits(&mut reader),
            echo_window: echo_window(&mut reader),
            retry: delivery::retry(&mut reader, mode),
            limits: limits::read(&mut reader, bind, &delivery.memory),
            delivery,
            dedupe_window,
            store_bytes_max,
            deliveries_at_once: reader.number("KIT_DELIVERIES_AT_ONCE", 64, &delivery::AT_ONCE),
            log_level: log_level(&mut reader),
            traces: traces::read(&mut reader),
            egress: outbound::read(&mut reader, mode),
            tls: tls::read(&mut reader, mode),
            namespace: namespace(&mut reader),
            runtime_auth: runtime::auth(&mut reader),
            unread: names::unread(variables),
        };
        Faults::none_or(reader.faults, environment)
    }

    /// How addresses of this kit begin.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// What a command needs that works on the local folder beside a kit, whatever that kit is: nothing else is demanded.
#[derive(Debug, Clone)]
pub struct Local {
    /// Folder of the embedded store, relative to the working folder unless absolute.
    pub data: PathBuf,
    /// What stored secrets are sealed with, newest first.
    pub encryption_keys: Vec<SecretSlice<u8>>,
    pub service: EventsService,
    /// Who may use the runtime API; none: the kit of this folder has made its own.
    pub runtime_auth: Option<RuntimeAuth>,
    pub namespace: String,
    /// Variables that are set and that nothing reads yet.
    pub unread: Vec<&'static str>,
}

impl Local {
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        let local = Self {
            data: data(&reader),
            encryption_keys: encryption::keys(&mut reader),
            service: events::service(&mut reader, Mode::Serve, true),
            runtime_auth: runtime::auth(&mut reader),
            namespace: namespace(&mut reader),
            unread: names::unread(variables),
        };
        Faults::none_or(reader.faults, local)
    }
}

fn data(reader: &Reader<'_>) -> PathBuf {
    PathBuf::from(reader.get("KIT_DATA").unwrap_or("data"))
}

/// A setting with one possible value so far, which is also its default.
struct Only {
    name: &'static str,
    value: &'static str,
    expected: &'static str,
    hint: &'static str,
}

const STORE: Only = Only {
    name: "KIT_STORE",
    value: "sqlite",
    expected: "expected `sqlite`",
    hint: "leave it out; PostgreSQL comes later",
};

fn only<T>(reader: &mut Reader<'_>, only: &Only, value: T) -> T {
    let setting = Setting { name: only.name, expected: only.expected, hint: only.hint };
    reader.parse(setting, |text| (text == only.value).then_some(()));
    value
}

fn bind(reader: &mut Reader<'_>, mode: Mode) -> SocketAddr {
    let setting = Setting {
        name: "KIT_BIND",
        expected: "expected an address and a port",
        hint: "write numbers, such as `127.0.0.1:9080`; port 0 picks a free one",
    };
    let Some(bind) = reader.parse(setting, |text| text.trim().parse().ok()) else {
        return BIND_DEFAULT;
    };
    match mode {
        Mode::Dev if !is_local(bind) => reader.fault(
            setting.name,
            "expected an address of this machine only, such as `127.0.0.1:9080`",
            "use `kit serve` to be reached from other machines",
        ),
        Mode::Dev | Mode::Serve => {}
    }
    bind
}

/// A journal may be read from its begin again, and then its events have to be known.
fn dedupe_window(reader: &mut Reader<'_>, events: &Events) -> Duration {
    let name = "KIT_DEDUPE_WINDOW";
    let window = reader.duration(name, "8d", MINUTE..=DAY * 30, "`1m` to `30d`");
    let is_followed = events.api == EventsApi::Adobe && events.comes_back.journals != Journals::Nobody;
    if is_followed && window < JOURNAL_KEPT {
        reader.fault(
            name,
            "expected at least `7d` beside journals that are followed",
            "a journal goes back 7 days, and what is read again must not run again; leave it out for `8d`",
        );
    }
    window
}

fn echo_window(reader: &mut Reader<'_>) -> Duration {
    let setting = Setting {
        name: "KIT_ECHO_WINDOW",
        expected: "expected a duration from `1s` to `1d`, or `off`",
        hint: "leave it out for `60s`; Commerce sends its events once a minute unless they have priority",
    };
    let window = reader.parse(setting, |text| match text {
        "off" => Some(Duration::ZERO),
        text => quantity::duration(text).filter(|window| (Duration::from_secs(1)..=DAY).contains(window)),
    });
    window.unwrap_or(ECHO_WINDOW_DEFAULT)
}

fn sandbox_has_events(reader: &mut Reader<'_>) -> bool {
    let setting = Setting {
        name: "KIT_SANDBOX_EVENTS",
        expected: "expected `on` or `off`",
        hint: "leave it out for `on`; `off` is a store without the eventing module",
    };
    let has_events = reader.parse(setting, |text| match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    });
    has_events.unwrap_or(true)
}

fn role(reader: &mut Reader<'_>) -> Role {
    let setting = Setting {
        name: "KIT_ROLE",
        expected: "expected `kit` or `events-service`",
        hint: "leave it out for `kit`, which does everything",
    };
    let role = reader.parse(setting, |text| match text {
        "kit" => Some(Role::Kit),
        "events-service" => Some(Role::EventsService),
        _ => None,
    });
    role.unwrap_or(Role::Kit)
}

fn store_bytes_max(reader: &mut Reader<'_>) -> u64 {
    let setting = Setting {
        name: "KIT_STORE_BYTES_MAX",
        expected: "expected a size of at least `16MiB`",
        hint: "write a number and a unit, such as `500MB` or `32GiB`",
    };
    reader
        .parse(setting, |text| quantity::size(text).filter(|size| *size >= STORE_BYTES_MAX_MIN))
        .unwrap_or(STORE_BYTES_MAX_DEFAULT)
}

fn log_level(reader: &mut Reader<'_>) -> LogLevel {
    let setting = Setting {
        name: "LOG_LEVEL",
        expected: "expected `error`, `warn`, `info`, `debug` or `trace`",
        hint: "leave it out for `info`",
    };
    let level = reader.parse(setting, |text| match text {
        "error" => Some(LogLevel::Error),
        "warn" => Some(LogLevel::Warn),
        "info" => Some(LogLevel::Info),
        "debug" => Some(LogLevel::Debug),
        "trace" => Some(LogLevel::Trace),
        _ => None,
    });
    level.unwrap_or_default()
}

#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod events_tests;
#[cfg(test)]
mod targets_tests;
#[cfg(test)]
mod tests;
