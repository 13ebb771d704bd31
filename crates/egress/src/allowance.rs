use std::fmt;
use std::net::IpAddr;

use schemes::network::Network;

/// More entries are nobody's list of exceptions.
const ENTRIES_MAX: usize = 64;

/// Hosts and networks that may be reached although they are not public: `KIT_OUTBOUND_ALLOW`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    hosts: Vec<String>,
    networks: Vec<Network>,
}

/// An entry that is neither a host, an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAllowance(pub String);

impl Allowance {
    /// Reads host names, addresses and networks with commas between: `erp.internal, 10.1.0.0/16, ::1`.
    ///
    /// # Errors
    /// The first entry that is none of these.
    pub fn parse(text: &str) -> Result<Self, NotAnAllowance> {
        let mut allowance = Self::default();
        for (number, entry) in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).enumerate() {
            if number == ENTRIES_MAX {
                return Err(NotAnAllowance(entry.to_owned()));
            }
            let bare = entry.trim_start_matches('[').trim_end_matches(']');
            if let Ok(network) = bare.parse() {
                allowance.networks.push(network);
            } else if is_host(entry) {
                allowance.hosts.push(entry.trim_end_matches('.').to_ascii_lowercase());
            } else {
                return Err(NotAnAllowance(entry.to_owned()));
            }
        }
        Ok(allowance)
    }

    /// What stands for `kit dev`, `kit demo` and tests on one machine.
    pub fn of_loopback() -> Self {
        Self {
            hosts: vec!["localhost".to_owned()],
            networks: ["127.0.0.0/8", "::1"].iter().filter_map(|network| network.parse().ok()).collect(),
        }
    }

    /// For whoever decides alone where calls lead: the user of a command line.
    pub fn everywhere() -> Self {
        let networks = ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect();
        Self { hosts: Vec::new(), networks }
    }

    /// Both lists.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.hosts.extend(other.hosts);
        self.networks.extend(other.networks);
        self
    }

    pub(crate) fn has_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

/// Labels of letters, digits and hyphens; what looks like a number is a mistyped address.
fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(is_label) && !last.starts_with(|first: char| first.is_ascii_digit())
}

impl fmt::Display for NotAnAllowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is no host, address or network", self.0)
    }
}

impl std::error::Error for NotAnAllowance {}
