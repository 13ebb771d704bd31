//! Where outgoing calls may go.

#[cfg(test)]
#[path = "outbound_tests.rs"]
mod tests;

use egress::{Allowance, Gate};
use reqwest::Url;

use crate::environment::Mode;
use crate::environment::reader::{Reader, Setting};

const ALLOW: &str = "KIT_OUTBOUND_ALLOW";
const PROXY: &str = "KIT_OUTBOUND_PROXY";

/// Where proxies are configured by custom; the names count in lower case, too.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// What is called, so that a place that no call may go to is told at start.
const URLS: [&str; 10] = [
    "COMMERCE_BASE_URL",
    "COMMERCE_GRAPHQL_ENDPOINT",
    "KIT_BACKOFFICE_URL",
    "KIT_BACKOFFICE_TOKEN_URL",
    "KIT_EVENTS_INGRESS_URL",
    "KIT_EVENTS_KEYS_URL",
    "KIT_INGESTION_JWT_JWKS_URL",
    "IO_MANAGEMENT_BASE_URL",
    "OAUTH_BASE_URL",
    "OAUTH_HOST",
];

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Gate {
    let setting = Setting {
        name: ALLOW,
        expected: "expected host names, addresses and networks, with commas between",
        hint: "such as `erp.internal,10.1.0.0/16`",
    };
    let said = reader.parse(setting, |text| Allowance::parse(text).ok()).unwrap_or_default();
    let allowance = match mode {
        // It listens on loopback itself, where its sandbox is.
        Mode::Dev => Allowance::of_loopback().and(said),
        Mode::Serve => said,
    };
    let gate = Gate::new(allowance);
    let gate = if trusts_proxy(reader, mode) { gate.behind_proxy() } else { gate };
    for name in URLS {
        let Some(url) = reader.get(name).and_then(|text| Url::parse(text.trim()).ok()) else { continue };
        if let Err(refused) = gate.check(&url) {
            let problem = format!("expected an address of the public internet, this one is {}", refused.kind);
            reader.fault(name, problem, format!("when it is meant, name it in `{ALLOW}`"));
        }
    }
    gate
}

fn trusts_proxy(reader: &mut Reader<'_>, mode: Mode) -> bool {
    let setting = Setting { name: PROXY, expected: "expected `trusted`", hint: "leave it out to call without a proxy" };
    let is_trusted = reader.parse(setting, |text| (text == "trusted").then_some(())).is_some();
    let proxy = PROXIES.into_iter().find(|name| reader.is_set(name));
    if let (Some(proxy), Mode::Serve, false) = (proxy, mode, is_trusted) {
        reader.fault(
            proxy,
            "expected no proxy: where it leads cannot be looked at here",
            format!("take it out, or say `{PROXY}=trusted` when the proxy itself lets no call reach what is private"),
        );
    }
    is_trusted
}
