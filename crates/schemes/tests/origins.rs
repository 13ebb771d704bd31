//! Where a request comes from, and certificates that proxies vouch for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use schemes::client_certificate::Rule;
use schemes::network::{Hop, Network, Origin, origin};
use schemes::{Message, Mismatch};

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn forwarded(values: &[&str]) -> HeaderMap {
    let name = HeaderName::from_static("x-forwarded-for");
    values.iter().map(|value| (name.clone(), HeaderValue::try_from(*value).unwrap())).collect()
}

#[test]
fn a_network_holds_what_begins_alike() {
    #[track_caller]
    fn check(network: &str, inside: &[&str], outside: &[&str]) {
        let network: Network = network.parse().unwrap();
        for (addresses, expected) in [(inside, true), (outside, false)] {
            for address in addresses {
                assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
            }
        }
    }
    check("10.0.0.0/8", &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], &["11.0.0.0", "9.255.255.255", "::a00:1"]);
    check("192.0.2.7", &["192.0.2.7"], &["192.0.2.6", "192.0.2.8"]);
    check("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::", "2001:db8::"]);
    check("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "192.0.2.7"]);
    check("::/0", &["::1", "ffff::"], &["192.0.2.7"]);
    for text in
        ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/", "10.0.0", "a/8", "::ffff:10.0.0.1"]
    {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

#[test]
fn behind_proxies_the_rightmost_stranger_counts() {
    #[track_caller]
    fn check(peer: &str, values: &[&str], expected: Option<&str>, hop: Hop) {
        let proxies = networks(&["10.0.0.0/8", "2001:db8::/32"]);
        let expected = Origin { address: expected.map(|text| text.parse().unwrap()), hop };
        assert_eq!(origin(Some(peer.parse().unwrap()), &forwarded(values), &proxies), expected, "{peer} {values:?}");
    }
    let (proxy, stranger) = (Hop::TrustedProxy, Hop::Stranger);
    check("192.0.2.7", &[], Some("192.0.2.7"), stranger);
    check("192.0.2.7", &["198.51.100.1"], Some("192.0.2.7"), stranger);
    check("10.0.0.1", &[], Some("10.0.0.1"), proxy);
    check("10.0.0.1", &["198.51.100.1"], Some("198.51.100.1"), proxy);
    check("10.0.0.1", &["203.0.113.9, 198.51.100.1"], Some("198.51.100.1"), proxy);
    check("10.0.0.1", &["203.0.113.9, 198.51.100.1,10.0.0.2 , 2001:db8::1"], Some("198.51.100.1"), proxy);
    check("10.0.0.1", &["203.0.113.9", "198.51.100.1", "10.0.0.2"], Some("198.51.100.1"), proxy);
    check("10.0.0.1", &["10.0.0.3,10.0.0.2"], Some("10.0.0.3"), proxy);
    check("10.0.0.1", &["198.51.100.1:4711"], Some("198.51.100.1"), proxy);
    check("10.0.0.1", &["[2001:db9::1]:4711"], Some("2001:db9::1"), proxy);
    check("10.0.0.1", &["198.51.100.1, unknown"], None, proxy);
    check("10.0.0.1", &["198.51.100.1,"], None, proxy);
    assert_eq!(origin(None, &forwarded(&["192.0.2.7"]), &[]), Origin { address: None, hop: stranger });
}

#[test]
fn a_certificate_counts_when_a_proxy_says_so() {
    let name = HeaderName::from_static("x-client-certificate");
    let fingerprint = "AB:".repeat(19) + "AB";
    let rule = Rule::new(name.clone(), &["CN=erp,O=Example".to_owned(), fingerprint]);
    let check = |value: &str, hop: Hop| {
        let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::try_from(value).unwrap())]);
        rule.verify(&Message { headers: &headers, query: None, body: b"" }, hop).map(drop)
    };
    assert_eq!(check("CN=erp,O=Example", Hop::TrustedProxy), Ok(()));
    assert_eq!(check(&"ab".repeat(20), Hop::TrustedProxy), Ok(()));
    assert_eq!(check("CN=erp,O=Example", Hop::Stranger), Err(Mismatch::NoProxy));
    let other = Mismatch::Certificate { header: "x-client-certificate".to_owned(), allowed: 2 };
    assert_eq!(check("CN=ERP,O=Example", Hop::TrustedProxy), Err(other.clone()));
    assert_eq!(check(&"ac".repeat(20), Hop::TrustedProxy), Err(other));
}

proptest! {
    #[test]
    fn no_chain_is_too_strange(text in "[0-9a-f.:, \\[\\]]{0,60}", peer: u32) {
        let peer = IpAddr::from(peer.to_be_bytes());
        let proxies = networks(&["0.0.0.0/0"]);
        let found = origin(Some(peer), &forwarded(&[&text]), &proxies);
        prop_assert_eq!(found.hop, Hop::TrustedProxy);
        let _ = text.parse::<Network>();
    }
}
