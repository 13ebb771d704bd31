//! Networks, and which address a request comes from when proxies pass it on.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;
use thiserror::Error;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Longer chains are cut off on the left, where strangers write.
const HOPS_MAX: usize = 32;

/// One address, or all that begin alike: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("expected an address or a network, such as `192.0.2.7` or `10.0.0.0/8`, with nothing set behind the prefix")]
pub struct NetworkFault;

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether all addresses of a kind are in it.
    pub fn is_everywhere(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| NetworkFault)?;
        let network = match prefix {
            None => IpNet::from(address),
            Some(prefix) => {
                let bits = prefix.parse().map_err(|_| NetworkFault)?;
                let network = IpNet::new(address, bits).map_err(|_| NetworkFault)?;
                // `+8` and `08` are other spellings of numbers, not of prefixes.
                if bits.to_string() == prefix { network } else { return Err(NetworkFault) }
            }
        };
        // Whoever writes `10.1.2.3/8` may have meant the one address.
        let is_plain = network.trunc() == network && network.addr() == network.addr().to_canonical();
        if is_plain { Ok(Self(network)) } else { Err(NetworkFault) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The last one that no trusted proxy has; none when a proxy does not tell, or tells nonsense.
    pub address: Option<IpAddr>,
    pub hop: Hop,
}

/// Who handed the request over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// What it writes into headers is believed.
    TrustedProxy,
    /// Whoever writes what he likes.
    Stranger,
}

/// The address that a request comes from: that of the connection, and behind trusted proxies the rightmost entry of
/// `x-forwarded-for` that is none of them. What stands left of it was written by strangers.
pub fn origin(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[Network]) -> Origin {
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let Some(peer) = peer.filter(|peer| is_proxy(*peer)) else { return Origin { address: peer, hop: Hop::Stranger } };
    let hop = Hop::TrustedProxy;
    let mut address = peer;
    for value in headers.get_all(FORWARDED_FOR).iter().rev().take(HOPS_MAX) {
        let Ok(text) = value.to_str() else { return Origin { address: None, hop } };
        for entry in text.rsplit(',').take(HOPS_MAX) {
            let Some(entry) = entry_address(entry.trim()) else { return Origin { address: None, hop } };
            address = entry;
            if !is_proxy(entry) {
                return Origin { address: Some(entry), hop };
            }
        }
    }
    Origin { address: Some(address), hop }
}

/// Some proxies add the port: `192.0.2.7:51000`, `[2001:db8::7]:51000`.
fn entry_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}
