use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};

use crate::allowance::Allowance;
use crate::kind::{Kind, kind};
use crate::resolver::{Lookup, Resolver, SystemLookup};

/// Decides where calls may go. Clones share what is allowed.
#[derive(Clone)]
pub struct Gate {
    allowance: Arc<Allowance>,
    lookup: Arc<dyn Lookup>,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Straight,
    Proxied,
}

/// A place that no call goes to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is not called: its address is {kind}, which only `KIT_OUTBOUND_ALLOW` permits")]
pub struct Refused {
    pub host: String,
    pub kind: Kind,
}

impl Gate {
    pub fn new(allowance: Allowance) -> Self {
        Self::with_lookup(allowance, Arc::new(SystemLookup))
    }

    /// With a lookup of somebody's own.
    pub fn with_lookup(allowance: Allowance, lookup: Arc<dyn Lookup>) -> Self {
        Self { allowance: Arc::new(allowance), lookup, way: Way::Straight }
    }

    /// Calls go through the proxy of the process's environment, which looks names up by itself and is trusted to let none
    /// lead inside. Addresses in URLs are judged as ever.
    #[must_use]
    pub fn behind_proxy(self) -> Self {
        Self { way: Way::Proxied, ..self }
    }

    /// A client whose names lead only where the gate lets them. Addresses that stand in a URL are not looked up:
    /// [`Self::check`] each URL before it is called. Redirects are not followed.
    pub fn client(&self) -> ClientBuilder {
        let client = reqwest::Client::builder().redirect(Policy::none());
        match self.way {
            Way::Proxied => client,
            Way::Straight => {
                let resolver = Resolver { gate: self.clone(), lookup: Arc::clone(&self.lookup) };
                client.no_proxy().dns_resolver(Arc::new(resolver))
            }
        }
    }

    /// Whether a URL may be called, as far as it says by itself: what its name leads to is looked at when it is called.
    ///
    /// # Errors
    /// It names an address that is not public.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        // The URL's reader knows every spelling of an address; what it leaves as a name is none.
        let host = url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => self.check_found(host, address),
            // Every resolver gives this name the one meaning (RFC 6761).
            Err(_) if is_localhost(host) => self.check_found(host, IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn check_found(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let Some(kind) = kind(address) else { return Ok(()) };
        if self.allowance.has_address(address) || self.allowance.has_host(host) {
            return Ok(());
        }
        Err(Refused { host: host.to_owned(), kind })
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

impl Refused {
    /// The refusal behind an error of a call, when there is one.
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| inner(*error)).find_map(|error| error.downcast_ref())
    }
}

/// An error of input and output that wraps another passes over it when it is asked for its source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gate").field("allowance", &self.allowance).finish_non_exhaustive()
    }
}
