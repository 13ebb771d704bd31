//! Networks, proxies, and certificates that proxies vouch for.

use http::HeaderName;
use schemes::client_certificate::Rule;
use schemes::network::Network;
use secrecy::ExposeSecret as _;

use super::{IngestionScheme, demand, header, secrets};
use crate::environment::reader::{Reader, Setting};

const IPS: &str = "KIT_INGESTION_IPS";
const PROXIES: &str = "KIT_TRUSTED_PROXIES";
const HEADER: &str = "KIT_INGESTION_CLIENT_CERTIFICATE_HEADER";
pub(super) const ALLOWED: &str = "KIT_INGESTION_CLIENT_CERTIFICATE_ALLOWED";

const HEADER_DEFAULT: HeaderName = HeaderName::from_static("x-client-certificate");

const NETWORKS_MAX: usize = 256;

pub(super) fn networks(reader: &mut Reader<'_>) -> Vec<Network> {
    list(reader, IPS)
}

pub(super) fn proxies(reader: &mut Reader<'_>) -> Vec<Network> {
    list(reader, PROXIES)
}

pub(super) fn client_certificate(reader: &mut Reader<'_>) -> Option<IngestionScheme> {
    let proxies = demand(reader, "client-certificate", PROXIES);
    let header = header(reader, HEADER, HEADER_DEFAULT);
    let allowed = secrets(reader, "client-certificate", ALLOWED);
    proxies?;
    let allowed: Vec<String> = allowed?.iter().map(|text| text.expose_secret().to_owned()).collect();
    Some(IngestionScheme::ClientCertificate(Rule::new(header?, &allowed)))
}

fn list(reader: &mut Reader<'_>, name: &'static str) -> Vec<Network> {
    let setting = Setting {
        name,
        expected: "expected at most 256 addresses or networks, with nothing set behind a prefix",
        hint: "write them with commas between, such as `192.0.2.7,10.0.0.0/8,2001:db8::/32`",
    };
    let networks = reader.parse(setting, |text| {
        let networks: Option<Vec<Network>> = text.split(',').map(|entry| entry.trim().parse().ok()).collect();
        networks.filter(|networks| networks.len() <= NETWORKS_MAX)
    });
    networks.unwrap_or_default()
}
