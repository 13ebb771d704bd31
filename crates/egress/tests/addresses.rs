//! Addresses in every spelling, and what they are.

use std::net::IpAddr;

use egress::{Allowance, Gate, Kind, kind};
use proptest::prelude::*;
use reqwest::Url;

/// The first and the last of each block, and its neighbours outside.
const ADDRESSES: &[(&str, Option<Kind>)] = &[
    ("0.0.0.0", Some(Kind::Unspecified)),
    ("0.255.255.255", Some(Kind::Unspecified)),
    ("1.0.0.0", None),
    ("9.255.255.255", None),
    ("10.0.0.0", Some(Kind::Private)),
    ("10.255.255.255", Some(Kind::Private)),
    ("11.0.0.0", None),
    ("100.63.255.255", None),
    ("100.64.0.0", Some(Kind::Shared)),
    ("100.100.100.200", Some(Kind::Shared)),
    ("100.127.255.255", Some(Kind::Shared)),
    ("100.128.0.0", None),
    ("126.255.255.255", None),
    ("127.0.0.0", Some(Kind::Loopback)),
    ("127.0.0.1", Some(Kind::Loopback)),
    ("127.255.255.255", Some(Kind::Loopback)),
    ("128.0.0.0", None),
    ("169.253.255.255", None),
    ("169.254.0.0", Some(Kind::LinkLocal)),
    ("169.254.169.254", Some(Kind::LinkLocal)),
    ("169.254.255.255", Some(Kind::LinkLocal)),
    ("169.255.0.0", None),
    ("172.15.255.255", None),
    ("172.16.0.0", Some(Kind::Private)),
    ("172.31.255.255", Some(Kind::Private)),
    ("172.32.0.0", None),
    ("192.0.0.0", Some(Kind::Reserved)),
    ("192.0.0.192", Some(Kind::Reserved)),
    ("192.0.1.0", None),
    ("192.0.2.1", Some(Kind::Documentation)),
    ("192.88.99.1", Some(Kind::Tunnelled)),
    ("192.167.255.255", None),
    ("192.168.0.0", Some(Kind::Private)),
    ("192.168.255.255", Some(Kind::Private)),
    ("192.169.0.0", None),
    ("198.17.255.255", None),
    ("198.18.0.0", Some(Kind::Benchmarking)),
    ("198.19.255.255", Some(Kind::Benchmarking)),
    ("198.20.0.0", None),
    ("198.51.100.1", Some(Kind::Documentation)),
    ("203.0.113.1", Some(Kind::Documentation)),
    ("223.255.255.255", None),
    ("224.0.0.1", Some(Kind::Multicast)),
    ("239.255.255.255", Some(Kind::Multicast)),
    ("240.0.0.1", Some(Kind::Reserved)),
    ("255.255.255.255", Some(Kind::Reserved)),
    ("::", Some(Kind::Unspecified)),
    ("::1", Some(Kind::Loopback)),
    ("::2", Some(Kind::Tunnelled)),
    ("::127.0.0.1", Some(Kind::Tunnelled)),
    ("::ffff:127.0.0.1", Some(Kind::Loopback)),
    ("::ffff:10.0.0.1", Some(Kind::Private)),
    ("::ffff:169.254.169.254", Some(Kind::LinkLocal)),
    ("::ffff:8.8.8.8", None),
    ("::ffff:0:127.0.0.1", Some(Kind::Tunnelled)),
    ("64:ff9b::7f00:1", Some(Kind::Tunnelled)),
    ("64:ff9b:1::a00:1", Some(Kind::Tunnelled)),
    ("100::1", Some(Kind::Reserved)),
    ("2001::1", Some(Kind::Tunnelled)),
    ("2001:2::1", Some(Kind::Benchmarking)),
    ("2001:10::1", Some(Kind::Reserved)),
    ("2001:20::1", Some(Kind::Reserved)),
    ("2001:200::1", None),
    ("2001:db7:ffff::1", None),
    ("2001:db8::1", Some(Kind::Documentation)),
    ("2001:4860:4860::8888", None),
    ("2002:7f00:1::", Some(Kind::Tunnelled)),
    ("2606:4700::1111", None),
    ("3fff::1", Some(Kind::Documentation)),
    ("3fff:1000::1", None),
    ("4000::1", Some(Kind::Reserved)),
    ("5f00::1", Some(Kind::Reserved)),
    ("fc00::1", Some(Kind::Private)),
    ("fd00:ec2::254", Some(Kind::Private)),
    ("fe80::1", Some(Kind::LinkLocal)),
    ("fec0::1", Some(Kind::LinkLocal)),
    ("ff02::1", Some(Kind::Multicast)),
];

/// Spellings of addresses in URLs. None of them is a name to anybody who connects.
const SPELLINGS: &[(&str, Kind)] = &[
    ("http://127.0.0.1/", Kind::Loopback),
    ("http://127.1/", Kind::Loopback),
    ("http://127.0.1/", Kind::Loopback),
    ("http://127.0.0.1./", Kind::Loopback),
    ("http://2130706433/", Kind::Loopback),
    ("http://0x7f000001/", Kind::Loopback),
    ("http://0x7F.0x0.0x0.0x1/", Kind::Loopback),
    ("http://017700000001/", Kind::Loopback),
    ("http://0177.0.0.1/", Kind::Loopback),
    ("http://0177.0x0.1/", Kind::Loopback),
    ("http://127.0.0.1:8080/", Kind::Loopback),
    ("http://user:password@127.0.0.1/", Kind::Loopback),
    ("http://%31%32%37.0.0.1/", Kind::Loopback),
    ("http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", Kind::Loopback),
    ("http://127\u{3002}0\u{3002}0\u{3002}1/", Kind::Loopback),
    ("http:\\\\127.0.0.1\\", Kind::Loopback),
    ("http:127.0.0.1/", Kind::Loopback),
    ("http://0/", Kind::Unspecified),
    ("http://0.0.0.0/", Kind::Unspecified),
    ("http://169.254.169.254/latest/meta-data/", Kind::LinkLocal),
    ("http://2852039166/", Kind::LinkLocal),
    ("http://0xa9fea9fe/", Kind::LinkLocal),
    ("http://0251.0376.0251.0376/", Kind::LinkLocal),
    ("http://10.1/", Kind::Private),
    ("http://0xa.1/", Kind::Private),
    ("http://192.168.1/", Kind::Private),
    ("http://[::1]/", Kind::Loopback),
    ("http://[0:0:0:0:0:0:0:1]/", Kind::Loopback),
    ("http://[::ffff:127.0.0.1]/", Kind::Loopback),
    ("http://[::ffff:7f00:1]/", Kind::Loopback),
    ("http://[0:0:0:0:0:ffff:10.0.0.1]/", Kind::Private),
    ("http://[::127.0.0.1]/", Kind::Tunnelled),
    ("http://[64:ff9b::169.254.169.254]/", Kind::Tunnelled),
    ("http://[2002:a9fe:a9fe::]/", Kind::Tunnelled),
    ("http://[fd00:ec2::254]/", Kind::Private),
    ("http://[fe80::1]/", Kind::LinkLocal),
    ("http://[::]/", Kind::Unspecified),
    ("http://localhost/", Kind::Loopback),
    ("http://LOCALHOST./", Kind::Loopback),
    ("http://a.localhost:8080/", Kind::Loopback),
];

#[test]
fn every_block_that_is_not_public_is_known() {
    for (text, expected) in ADDRESSES {
        assert_eq!(kind(text.parse().unwrap()), *expected, "{text}");
    }
}

#[test]
fn no_spelling_of_an_address_gets_through() {
    let gate = Gate::new(Allowance::default());
    for (url, expected) in SPELLINGS {
        let refused = gate.check(&Url::parse(url).unwrap()).expect_err(url);
        assert_eq!(refused.kind, *expected, "{url}");
    }
    for public in
        ["https://example.com/", "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://127.0.0.1.example.com/"]
    {
        assert_eq!(gate.check(&Url::parse(public).unwrap()), Ok(()), "{public}");
    }
}

#[test]
fn what_is_allowed_is_no_more_than_was_said() {
    let gate = Gate::new(Allowance::parse("10.1.0.0/16, 192.168.7.7, ::1, [fd00::7], erp.internal").unwrap());
    let check = |url: &str| gate.check(&Url::parse(url).unwrap()).is_ok();
    for allowed in [
        "http://10.1.2.3/",
        "http://[::ffff:10.1.2.3]/",
        "http://0xa010203/",
        "http://192.168.7.7/",
        "http://[::1]/",
        "http://[fd00::7]/",
    ] {
        assert!(check(allowed), "{allowed}");
    }
    for refused in ["http://10.2.0.1/", "http://192.168.7.8/", "http://127.0.0.1/", "http://[fd00::8]/"] {
        assert!(!check(refused), "{refused}");
    }
    let local = Gate::new(Allowance::of_loopback().and(Allowance::parse("10.0.0.1").unwrap()));
    for allowed in ["http://127.0.0.1:9/", "http://[::1]/", "http://10.0.0.1/"] {
        assert_eq!(local.check(&Url::parse(allowed).unwrap()), Ok(()), "{allowed}");
    }
}

#[test]
fn an_entry_that_is_nothing_is_named() {
    for wrong in [
        "10.0.0.0/33",
        "10.1.2.3/8",
        "010.0.0.0/8",
        "::ffff:10.0.0.1",
        "10.0.0.256",
        "a b",
        "http://erp/",
        "erp:80",
        "-",
        "*",
        "1.2.3",
    ] {
        let found = Allowance::parse(&format!("erp.internal, {wrong}"));
        match wrong {
            "-" => assert!(found.is_ok(), "a label of a hyphen is nobody's, but it is a label"),
            _ => assert_eq!(found.unwrap_err().to_string(), format!("`{wrong}` is no host, address or network")),
        }
    }
    assert_eq!(Allowance::parse("").unwrap(), Allowance::default());
    assert!(Allowance::parse(&vec!["a"; 65].join(",")).is_err());
}

proptest! {
    /// Whatever an IPv4 address is, it is the same in the form that IPv6 maps it to.
    #[test]
    fn a_mapped_address_is_what_it_maps(bits: u32) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        prop_assert_eq!(kind(IpAddr::V4(address)), kind(IpAddr::V6(address.to_ipv6_mapped())));
    }

    /// An address that the URL's reader takes is judged as an address, never looked up as a name.
    #[test]
    fn a_number_in_a_url_is_judged(bits: u32) {
        let address = IpAddr::from(std::net::Ipv4Addr::from_bits(bits));
        let gate = Gate::new(Allowance::default());
        for text in [format!("{bits}"), format!("{bits:#x}"), format!("0{bits:o}"), address.to_string()] {
            let url = Url::parse(&format!("http://{text}/")).unwrap();
            prop_assert_eq!(gate.check(&url).err().map(|refused| refused.kind), kind(address), "{}", text);
        }
    }

    #[test]
    fn no_list_makes_it_panic(text in ".{0,64}") {
        let _ = Allowance::parse(&text);
    }
}
