use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::gate::{Gate, Refused};

/// What a lookup leads to.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of a host.
pub trait Lookup: Send + Sync {
    fn addresses(&self, host: &str) -> Found;
}

/// The operating system's own lookup.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: &str) -> Found {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives out only addresses that the gate lets through: they are the ones that are connected to, so a second answer of the
/// name's server changes nothing.
pub(crate) struct Resolver {
    pub(crate) gate: Gate,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (gate, lookup) = (self.gate.clone(), Arc::clone(&self.lookup));
        Box::pin(async move {
            let host = name.as_str();
            let found = lookup.addresses(host).await?;
            // One that leads inside makes all of them suspicious.
            for address in &found {
                gate.check_found(host, *address).map_err(|refused: Refused| io::Error::other(refused))?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
