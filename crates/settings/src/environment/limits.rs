//! What strangers may take of this process before anybody knows them.

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::environment::delivery::{BODIES_BYTES_LEAST, Memory};
use crate::environment::reader::{Reader, Setting};
use crate::environment::{MINUTE, is_local, quantity};

const SECOND: Duration = Duration::from_secs(1);

const CONNECTIONS: RangeInclusive<usize> = 8..=1_000_000;
const CONNECTIONS_DEFAULT: usize = 4_096;
/// The share of all connections, and of all bytes of bodies, that one client has unless something else is said.
const CLIENT_SHARE: usize = 8;
const HEADERS: RangeInclusive<usize> = 16..=1_000;
const HEADERS_DEFAULT: usize = 100;
const REQUESTS: RangeInclusive<usize> = 1..=100_000;
const REQUESTS_DEFAULT: usize = 2_048;
/// The strict reader of JSON goes no deeper.
const DEPTH: RangeInclusive<usize> = 4..=DEPTH_DEFAULT;
const DEPTH_DEFAULT: usize = 64;
const MEMBERS: RangeInclusive<usize> = 100..=10_000_000;
const MEMBERS_DEFAULT: usize = 100_000;
/// As Adobe's ingress limits a client.
const RATE_DEFAULT: RateLimit = RateLimit { requests: 3_000, within: Duration::from_secs(5) };
const RATE_REQUESTS: RangeInclusive<u32> = 1..=1_000_000;
const RATE_WITHIN: RangeInclusive<Duration> = SECOND..=Duration::from_hours(1);
const STREAMS: RangeInclusive<u32> = 1..=1_000;
const STREAMS_DEFAULT: u32 = 100;
const RESETS: RangeInclusive<usize> = 1..=1_000;
const RESETS_DEFAULT: usize = 20;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Limits of connections and requests.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerLimits {
    pub connections_max: usize,
    /// Connections, and requests at once, of one client; none when nobody is counted apart.
    pub per_client: Option<usize>,
    pub requests_at_once: usize,
    /// Of one client; none when nobody is counted.
    pub rate: Option<RateLimit>,
    pub request_timeout: Duration,
    pub headers: HeaderLimits,
    pub bodies: BodyLimits,
    pub http2: Http2Limits,
}

/// So many requests within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: u32,
    pub within: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct HeaderLimits {
    pub count_max: usize,
    pub bytes_max: u64,
    /// Also how long a connection may be idle.
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct BodyLimits {
    pub bytes_max: u64,
    /// All bodies of one client at once; none when nobody is counted apart.
    pub per_client: Option<u64>,
    pub timeout: Duration,
    pub json_depth_max: usize,
    pub json_members_max: usize,
    pub decompression: Decompression,
}

/// Whether bodies may come compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decompression {
    Off,
    Gzip,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Http2Limits {
    pub streams_max: u32,
    pub resets_max: usize,
    pub ping_every: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>, bind: SocketAddr, memory: &Memory) -> ServerLimits {
    let connections_max = reader.number("KIT_CONNECTIONS_MAX", CONNECTIONS_DEFAULT, &CONNECTIONS);
    let body_bytes_max = body_bytes_max(reader, memory);
    ServerLimits {
        connections_max,
        per_client: per_client(reader, bind, connections_max),
        requests_at_once: reader.number("KIT_REQUESTS_AT_ONCE", REQUESTS_DEFAULT, &REQUESTS),
        rate: rate(reader, bind),
        request_timeout: reader.duration("KIT_REQUEST_TIMEOUT", "2m", SECOND..=MINUTE * 180, "`1s` to `180m`"),
        headers: HeaderLimits {
            count_max: reader.number("KIT_HEADERS_MAX", HEADERS_DEFAULT, &HEADERS),
            bytes_max: reader.size("KIT_HEADER_BYTES_MAX", "64KiB", 8 * KIB..=MIB, "`8KiB` to `1MiB`"),
            timeout: reader.duration("KIT_HEADER_TIMEOUT", "30s", SECOND..=MINUTE * 10, "`1s` to `10m`"),
        },
        bodies: BodyLimits {
            bytes_max: body_bytes_max,
            per_client: body_bytes_per_client(reader, bind, body_bytes_max, memory.request_bytes_max),
            timeout: reader.duration("KIT_BODY_TIMEOUT", "30s", SECOND..=MINUTE * 10, "`1s` to `10m`"),
            json_depth_max: reader.number("KIT_JSON_DEPTH_MAX", DEPTH_DEFAULT, &DEPTH),
            json_members_max: reader.number("KIT_JSON_MEMBERS_MAX", MEMBERS_DEFAULT, &MEMBERS),
            decompression: decompression(reader),
        },
        http2: Http2Limits {
            streams_max: reader.number("KIT_HTTP2_STREAMS_MAX", STREAMS_DEFAULT, &STREAMS),
            resets_max: reader.number("KIT_HTTP2_RESETS_MAX", RESETS_DEFAULT, &RESETS),
            ping_every: reader.duration("KIT_HTTP2_PING", "20s", SECOND..=MINUTE * 10, "`1s` to `10m`"),
        },
    }
}

fn decompression(reader: &mut Reader<'_>) -> Decompression {
    let setting = Setting {
        name: "KIT_DECOMPRESSION",
        expected: "expected `gzip` or `off`",
        hint: "leave it out for `gzip`; with `off` bodies come as they are",
    };
    let said = reader.parse(setting, |text| match text.trim() {
        "gzip" => Some(Decompression::Gzip),
        "off" => Some(Decompression::Off),
        _ => None,
    });
    said.unwrap_or(Decompression::Gzip)
}

fn body_bytes_max(reader: &mut Reader<'_>, memory: &Memory) -> u64 {
    let name = "KIT_BODY_BYTES_MAX";
    let bytes_max = reader.size(name, "1MiB", KIB..=16 * MIB, "`1KiB` to `16MiB`");
    if bytes_max > memory.request_bytes_max.min(memory.delivery_bytes_max / 2) {
        let hint = "raise `KIT_REQUEST_BYTES_MAX` to at least as much, and `KIT_DELIVERY_BYTES_MAX` to twice as much";
        reader.fault(name, "expected a size that fits into the memory for requests and deliveries", hint);
    }
    bytes_max
}

/// One body always fits: who sends one at a time is never refused.
fn body_bytes_per_client(
    reader: &mut Reader<'_>,
    bind: SocketAddr,
    body_bytes_max: u64,
    request_bytes_max: u64,
) -> Option<u64> {
    let least = body_bytes_max.max(BODIES_BYTES_LEAST).min(request_bytes_max);
    let expected = format!("expected a size from {least} bytes to that of `KIT_REQUEST_BYTES_MAX`, or `off`");
    let setting = Setting {
        name: "KIT_REQUEST_BYTES_PER_CLIENT",
        expected: &expected,
        hint: "leave it out for an eighth of `KIT_REQUEST_BYTES_MAX`",
    };
    let said = reader.parse(setting, |text| match text.trim() {
        "off" => Some(None),
        text => quantity::size(text).filter(|size| (least..=request_bytes_max).contains(size)).map(Some),
    });
    said.unwrap_or_else(|| (!is_local(bind)).then_some((request_bytes_max / CLIENT_SHARE as u64).max(least)))
}

fn rate(reader: &mut Reader<'_>, bind: SocketAddr) -> Option<RateLimit> {
    let setting = Setting {
        name: "KIT_RATE_LIMIT",
        expected: "expected a number of requests and a duration from `1s` to `1h`, or `off`",
        hint: "such as `3000/5s`, which is the default unless `KIT_BIND` is loopback",
    };
    let said = reader.parse(setting, |text| match text.trim() {
        "off" => Some(None),
        text => {
            let (requests, within) = text.split_once('/')?;
            let requests = requests.trim().parse().ok().filter(|requests| RATE_REQUESTS.contains(requests))?;
            let within = quantity::duration(within).filter(|within| RATE_WITHIN.contains(within))?;
            Some(Some(RateLimit { requests, within }))
        }
    });
    said.unwrap_or_else(|| (!is_local(bind)).then_some(RATE_DEFAULT))
}

/// On loopback there are no strangers, and whatever stands in front of the kit is one client.
fn per_client(reader: &mut Reader<'_>, bind: SocketAddr, connections_max: usize) -> Option<usize> {
    let expected = format!("expected a whole number from 1 to {connections_max}, or `off`");
    let setting = Setting {
        name: "KIT_CONNECTIONS_PER_CLIENT",
        expected: &expected,
        hint: "leave it out for an eighth of `KIT_CONNECTIONS_MAX`; clients behind `KIT_TRUSTED_PROXIES` do not count",
    };
    let said = reader.parse(setting, |text| match text.trim() {
        "off" => Some(None),
        text => text.parse().ok().filter(|number| (1..=connections_max).contains(number)).map(Some),
    });
    said.unwrap_or_else(|| (!is_local(bind)).then_some(connections_max / CLIENT_SHARE))
}
