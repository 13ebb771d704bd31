//! What proves that a delivery by webhook comes from the events API, and where its keys are.

use std::net::IpAddr;

use http::Uri;

use crate::environment::Mode;
use crate::environment::events::INGRESS_URL;
use crate::environment::reader::{Reader, Setting};
use crate::environment::url::url;

const KEYS_URL: &str = "https://static.adobeioevents.com/";
const NAME: &str = "KIT_EVENTS_KEYS_URL";

/// Which deliveries by webhook are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// Those with an RSA signature of the events API.
    Required,
    /// Also those with an HMAC by one of our client secrets.
    HmacToo,
    /// All of them, from everybody who knows the client id.
    Unchecked,
}

pub(super) fn signatures(reader: &mut Reader<'_>) -> Signatures {
    let setting = Setting {
        name: "KIT_WEBHOOK_SIGNATURES",
        expected: "expected `required`, `hmac-too` or `none`",
        hint: "`none` takes deliveries from everybody who reaches the webhooks and knows the client id",
    };
    let said = reader.parse(setting, |text| match text {
        "required" => Some(Signatures::Required),
        "hmac-too" => Some(Signatures::HmacToo),
        "none" => Some(Signatures::Unchecked),
        _ => None,
    });
    said.unwrap_or(Signatures::Required)
}

/// Where the keys are: what is said, or at the ingress of an events API that is not Adobe's. Whoever reaches that one
/// without TLS has accepted already that others can read and change what goes there.
pub(super) fn keys_url(reader: &mut Reader<'_>, mode: Mode, ingress_url: Option<&str>) -> Option<String> {
    if !reader.is_set(NAME) {
        let own = ingress_url.filter(|ingress| *ingress != INGRESS_URL);
        return Some(own.unwrap_or(KEYS_URL).to_owned());
    }
    let said = url(reader, NAME, None, KEYS_URL)?;
    // A wrong word there is a fault of its own, told where our own service is read.
    let is_accepted = reader.get("KIT_EVENTS_PLAIN_HTTP") == Some("accepted");
    if mode == Mode::Dev || is_accepted || said.starts_with("https://") || is_loopback(&said) {
        return Some(said);
    }
    reader.fault(
        NAME,
        "expected `https://`: whoever is on the way could put keys of his own there, and sign events with them",
        "for an events service of your own in a network that you trust, say `KIT_EVENTS_PLAIN_HTTP=accepted`",
    );
    None
}

fn is_loopback(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).map(|host| host.trim_matches(['[', ']']));
    host.is_some_and(|host| host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback()))
}
