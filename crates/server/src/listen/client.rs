//! Who is on the other end, by address, before anything else is known.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::places::Places;
use super::rate::Allowance;

/// Whoever has an IPv6 address has all that begin with these bits.
const IPV6_PREFIX: u32 = 64;

/// Those beyond them are counted as one client, which takes more clients in a second than are likely.
const CLIENTS_MAX: usize = 100_000;

/// Clients that are gone are looked for when there are this many, and twice as many as were left the last time, and no
/// more often than this.
const CLIENTS_FEW: usize = 1_024;
const LOOKED_THROUGH_EVERY: Duration = Duration::from_secs(1);

/// What one client has of the server.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) connections: Arc<Places>,
    pub(super) requests: Places,
    /// Bytes of bodies that are here.
    pub(super) bodies: Arc<AtomicUsize>,
    pub(super) allowance: Allowance,
}

impl Client {
    fn new(per_client: usize) -> Self {
        let connections = Arc::new(Places::new(per_client));
        let requests = Places::new(per_client);
        Self { connections, requests, bodies: Arc::default(), allowance: Allowance::default() }
    }

    /// Nothing would be forgotten with it.
    fn is_gone(&self, now: Duration) -> bool {
        self.connections.is_unused() && self.requests.is_unused() && self.allowance.is_full(now)
    }
}

/// The clients there are.
#[derive(Debug)]
pub(super) struct Clients {
    per_client: usize,
    known: Mutex<Known>,
    others: Arc<Client>,
}

#[derive(Debug, Default)]
struct Known {
    clients: HashMap<IpAddr, Arc<Client>>,
    left: usize,
    look_through_at: Duration,
}

impl Clients {
    pub(super) fn new(per_client: usize) -> Self {
        Self { per_client, known: Mutex::default(), others: Arc::new(Client::new(per_client)) }
    }

    pub(super) fn of(&self, address: IpAddr, now: Duration) -> Arc<Client> {
        let key = key(address);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.clients.get(&key) {
            return Arc::clone(client);
        }
        known.make_room(now);
        if known.clients.len() >= CLIENTS_MAX {
            return Arc::clone(&self.others);
        }
        let client = Arc::new(Client::new(self.per_client));
        known.clients.insert(key, Arc::clone(&client));
        client
    }
}

impl Known {
    fn make_room(&mut self, now: Duration) {
        let many = self.left.max(CLIENTS_FEW / 2).saturating_mul(2).min(CLIENTS_MAX);
        if self.clients.len() < many || now < self.look_through_at {
            return;
        }
        self.clients.retain(|_, client| Arc::strong_count(client) > 1 || !client.is_gone(now));
        self.left = self.clients.len();
        self.look_through_at = now.saturating_add(LOOKED_THROUGH_EVERY);
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
    use std::net::Ipv4Addr;

    use super::*;
    use crate::listen::Rate;

    const RATE: fn() -> Rate = || Rate::new(1, Duration::from_secs(100));

    #[test]
    fn a_client_is_an_address_or_a_network_of_ipv6() {
        fn check(one: &str, other: &str, is_same: bool) {
            let clients = Clients::new(1);
            let [one_client, other_client] = [one, other].map(|text| clients.of(text.parse().unwrap(), Duration::ZERO));
            assert_eq!(Arc::ptr_eq(&one_client, &other_client), is_same, "{one} {other}");
        }
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("192.0.2.1", "::ffff:192.0.2.1", true);
        check("2001:db8::1", "2001:db8::ffff:1", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
    }

    fn fill(clients: &Clients, count: usize, now: Duration) {
        for number in 0..u32::try_from(count).unwrap() {
            let client = clients.of(Ipv4Addr::from_bits(number).into(), now);
            let _ = client.allowance.take(RATE(), now);
        }
    }

    fn known(clients: &Clients) -> usize {
        clients.known.lock().unwrap().clients.len()
    }

    #[test]
    fn clients_are_forgotten_when_they_are_gone_and_have_all_their_requests_again() {
        let clients = Clients::new(1);
        let stays = clients.of(Ipv6Addr::LOCALHOST.into(), Duration::ZERO);
        fill(&clients, 5_000, Duration::ZERO);
        assert_eq!(known(&clients), 5_001, "each of them has to wait");
        let later = Duration::from_secs(101);
        clients.of(Ipv4Addr::BROADCAST.into(), later);
        assert_eq!(known(&clients), 2, "the new one and the one that is still there");
        assert!(Arc::ptr_eq(&stays, &clients.of(Ipv6Addr::LOCALHOST.into(), later)));
    }

    #[test]
    fn more_clients_than_can_be_known_are_one() {
        let clients = Clients::new(1);
        fill(&clients, CLIENTS_MAX, Duration::ZERO);
        let [one, other] = ["2001:db8::1", "192.0.2.1"].map(|text| clients.of(text.parse().unwrap(), Duration::ZERO));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(known(&clients), CLIENTS_MAX);
    }
}
