use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is when it is not one of the public internet (IANA's registries of special-purpose addresses).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918, and `fc00::/7`.
    Private,
    /// `169.254.0.0/16` with the clouds' metadata services, `fe80::/10`, and `fec0::/10` of former days.
    LinkLocal,
    /// Carriers' networks: `100.64.0.0/10`.
    Shared,
    /// Documents and examples.
    Documentation,
    /// Measuring devices: `198.18.0.0/15`, `2001:2::/48`.
    Benchmarking,
    Multicast,
    /// `240.0.0.0/4` with the broadcast address, `192.0.0.0/24`, `100::/64`, and what is assigned to no host of IPv6.
    Reserved,
    /// An IPv4 address within one of IPv6: 6to4, Teredo, NAT64. Where it leads is another network's matter.
    Tunnelled,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Shared => "carrier-grade NAT",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Tunnelled => "tunnelled",
        })
    }
}

/// `None`: the address is a public one.
pub fn kind(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Kind> {
    Some(match address.octets() {
        [0, ..] => Kind::Unspecified,
        [127, ..] => Kind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Kind::Private,
        [169, 254, ..] => Kind::LinkLocal,
        [100, 64..=127, ..] => Kind::Shared,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Kind::Documentation,
        [198, 18..=19, ..] => Kind::Benchmarking,
        [192, 88, 99, _] => Kind::Tunnelled,
        [224..=239, ..] => Kind::Multicast,
        [240..=255, ..] | [192, 0, 0, _] => Kind::Reserved,
        _ => return None,
    })
}

fn kind_of_v6(address: Ipv6Addr) -> Option<Kind> {
    if let Some(inner) = address.to_ipv4_mapped() {
        return kind_of_v4(inner);
    }
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        // An IPv4 address in the form that was given up, translated, behind NAT64, 6to4 or Teredo.
        [0, 0, 0, 0, 0 | 0xffff, 0, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => Kind::Tunnelled,
        [0x2001, 0x2, 0, ..] => Kind::Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Kind::Documentation,
        [0xfc00..=0xfdff, ..] => Kind::Private,
        [0xfe80..=0xfeff, ..] => Kind::LinkLocal,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        // Of the rest only `2000::/3` is given to hosts, but for `2001::/23`, which is for protocols.
        [0x2000 | 0x2002..=0x3fff, ..] | [0x2001, 0x200..=0xffff, ..] => return None,
        _ => Kind::Reserved,
    })
}
