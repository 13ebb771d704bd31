//! The server that the command line talks to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::environment::reader::Reader;
use crate::environment::{Mode, bind, tls, url};
use crate::{Faults, Variables};

pub(super) const URL: &str = "KIT_URL";

/// Where a command finds a kit that runs. Nothing else is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: ServerUrl,
}

/// What the settings tell of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerUrl {
    /// Ends with `/`.
    Known(String),
    /// The kit picks its port itself: only `KIT_URL` could tell.
    AnyPort,
    /// Its certificate is for a name: only `KIT_URL` could tell which.
    Certified,
}

impl Server {
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        let url = if reader.is_set(URL) {
            said(&mut reader).map_or(ServerUrl::AnyPort, ServerUrl::Known)
        } else if reader.is_set(tls::CERTIFICATE) {
            ServerUrl::Certified
        } else {
            local(bind(&mut reader, Mode::Serve)).map_or(ServerUrl::AnyPort, ServerUrl::Known)
        };
        Faults::none_or(reader.faults, Self { url })
    }
}

/// What `KIT_URL` says, if it is set.
pub(super) fn said(reader: &mut Reader<'_>) -> Option<String> {
    url::url(reader, URL, None, "https://kit.example.com/")
}

/// Where a kit on this machine answers that listens there.
fn local(bind: SocketAddr) -> Option<String> {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (bind.port() != 0).then(|| format!("http://{}/", SocketAddr::new(ip, bind.port())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> ServerUrl {
        Server::read(&Variables::from_pairs(pairs.iter().copied())).unwrap().url
    }

    fn check(pairs: &[(&str, &str)], url: &str) {
        assert_eq!(read(pairs), ServerUrl::Known(url.to_owned()), "{pairs:?}");
    }

    #[test]
    fn a_server_is_named_or_is_the_local_one() {
        check(&[], "http://127.0.0.1:9080/");
        check(&[("KIT_URL", ""), ("KIT_BIND", "")], "http://127.0.0.1:9080/");
        check(&[("KIT_BIND", "[::1]:80")], "http://[::1]:80/");
        check(&[("KIT_BIND", "0.0.0.0:81")], "http://127.0.0.1:81/");
        check(&[("KIT_BIND", "[::]:82")], "http://[::1]:82/");
        assert_eq!(read(&[("KIT_BIND", "127.0.0.1:0")]), ServerUrl::AnyPort);
        assert_eq!(read(&[("KIT_TLS_CERTIFICATE", "kit.pem")]), ServerUrl::Certified);
        check(&[("KIT_URL", "https://kit.example.com/a"), ("KIT_BIND", "nonsense")], "https://kit.example.com/a/");
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (name, value) in [("KIT_URL", "kit.example.com"), ("KIT_URL", "http://me:s3cr3t@kit/"), ("KIT_BIND", "x")] {
            let faults = Server::read(&Variables::from_pairs([(name, value)])).unwrap_err().to_string();
            assert!(faults.starts_with(&format!("`{name}`: expected ")) && !faults.contains("s3cr3t"), "{faults}");
        }
    }
}
