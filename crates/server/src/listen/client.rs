//! Who is on the other end, by address, before anything else is known.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::places::Places;

/// Whoever has an IPv6 address has all that begin with these bits.
const IPV6_PREFIX: u32 = 64;

/// From this many on, clients that are gone are looked for.
const CLIENTS_FEW: usize = 1_024;

/// What one client has of the server.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) connections: Arc<Places>,
    pub(super) requests: Places,
}

/// The clients there are.
#[derive(Debug)]
pub(super) struct Clients {
    per_client: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    clients: HashMap<IpAddr, Arc<Client>>,
    looked_through: usize,
}

impl Clients {
    pub(super) fn new(per_client: usize) -> Self {
        Self { per_client, known: Mutex::default() }
    }

    pub(super) fn of(&self, address: IpAddr) -> Arc<Client> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget_those_gone();
        let client = known.clients.entry(key(address)).or_insert_with(|| {
            let requests = Places::new(self.per_client);
            Arc::new(Client { connections: Arc::new(Places::new(self.per_client)), requests })
        });
        Arc::clone(client)
    }
}

impl Known {
    /// Looks through all of them whenever there are twice as many as were left the last time.
    fn forget_those_gone(&mut self) {
        if self.clients.len() < self.looked_through.max(CLIENTS_FEW / 2) * 2 {
            return;
        }
        self.clients.retain(|_, client| Arc::strong_count(client) > 1 || !client.connections.is_unused());
        self.looked_through = self.clients.len();
    }
}

/// Addresses that are one client.
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let host_bits = Ipv6Addr::BITS - IPV6_PREFIX;
            Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network_of_ipv6() {
        fn check(one: &str, other: &str, is_same: bool) {
            let clients = Clients::new(1);
            let [one_client, other_client] = [one, other].map(|text| clients.of(text.parse().unwrap()));
            assert_eq!(Arc::ptr_eq(&one_client, &other_client), is_same, "{one} {other}");
        }
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("192.0.2.1", "::ffff:192.0.2.1", true);
        check("2001:db8::1", "2001:db8::ffff:1", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
    }

    #[test]
    fn clients_that_are_gone_are_forgotten_and_those_that_stay_are_not() {
        let clients = Clients::new(1);
        let stays = clients.of(Ipv6Addr::LOCALHOST.into());
        for number in 0..10 * u32::try_from(CLIENTS_FEW).unwrap() {
            clients.of(std::net::Ipv4Addr::from_bits(number).into());
        }
        assert!(clients.known.lock().unwrap().clients.len() <= CLIENTS_FEW);
        assert!(Arc::ptr_eq(&stays, &clients.of(Ipv6Addr::LOCALHOST.into())));
    }
}
