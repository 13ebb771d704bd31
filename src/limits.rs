//! The limits of the server: what the settings say, within what the machine allows.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::{Bodies, BodyRules, Decompression, Http2Limits, JsonRules, Limits, Rate, StrictTransport};
use settings::{BodyLimits, Environment, ServerLimits};
use tracing::warn;

use crate::project::Project;

/// Files and connections that are none of the server's: the store's, those to targets, those of the program itself.
const OTHER_FILES: usize = 256;

/// So long a caller of the runtime API may wait for a run.
const INVOCATION: Duration = Duration::from_mins(1);

/// How bodies are read.
pub fn bodies(limits: &ServerLimits) -> BodyRules {
    let BodyLimits { bytes_max, timeout, json_depth_max, json_members_max, .. } = limits.bodies;
    let json = JsonRules { depth_max: json_depth_max, members_max: json_members_max };
    BodyRules { bytes_max: count(bytes_max), timeout, json }
}

/// What the bodies of all requests may take together.
pub fn all_bodies(environment: &Environment) -> Bodies {
    let decompression = match environment.limits.bodies.decompression {
        settings::Decompression::Off => Decompression::Off,
        settings::Decompression::Gzip => Decompression::Gzip,
    };
    Bodies::new(count(environment.delivery.memory.request_bytes_max), decompression)
}

/// What strangers may take of the server. Raises what the process may have open, and says when that is too little.
pub fn server(project: &Project) -> Limits {
    let environment = &project.environment;
    let said = &environment.limits;
    let kept = OTHER_FILES + environment.deliveries_at_once;
    let room = open_files().map_or(usize::MAX, |files| files.saturating_sub(kept).max(1));
    if room < said.connections_max {
        warn!(
            connections = room,
            "fewer connections than KIT_CONNECTIONS_MAX are taken, because the system lets the process open too few \
             files; raise its limit (`ulimit -n`), or lower KIT_CONNECTIONS_MAX"
        );
    }
    Limits {
        connections_max: said.connections_max.min(room),
        per_client: said.per_client,
        proxies: environment.ingestion.proxies.clone(),
        body_bytes_per_client: said.bodies.per_client.map(count),
        headers_max: said.headers.count_max,
        header_bytes_max: count(said.headers.bytes_max),
        header_timeout: said.headers.timeout,
        request_timeout: said.request_timeout.max(said.bodies.timeout + longest_answer(project)),
        requests_at_once: said.requests_at_once,
        rate: said.rate.map(|rate| Rate::new(rate.requests, rate.within)),
        http2: Http2Limits {
            streams_max: said.http2.streams_max,
            resets_max: said.http2.resets_max,
            ping_every: said.http2.ping_every,
        },
        strict_transport: strict_transport(environment),
    }
}

/// Where others come by `https://` a browser that once did may come no other way.
fn strict_transport(environment: &Environment) -> StrictTransport {
    match &environment.events.public_url {
        Some(url) if url.starts_with("https://") => StrictTransport::Told,
        Some(_) | None if environment.tls.is_some() => StrictTransport::Told,
        Some(_) | None => StrictTransport::Untold,
    }
}

/// How long a route may take to answer what it has read.
fn longest_answer(project: &Project) -> Duration {
    let web = project.manifest.actions.iter().filter(|action| action.web != settings::Web::No);
    let longest = web.map(|action| Duration::from_millis(action.limits.timeout_ms)).max().unwrap_or_default();
    longest.max(project.environment.events.comes_back.answer_within).max(INVOCATION)
}

/// How many files the process may have open, as many as it can be given.
fn open_files() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let is_raised = current != maximum && setrlimit(Resource::Nofile, raised).is_ok();
    let files = if is_raised { maximum } else { current };
    files.map(|files| usize::try_from(files).unwrap_or(usize::MAX))
}

fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
