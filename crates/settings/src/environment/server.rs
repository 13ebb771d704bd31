//! The server that the command line talks to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::environment::reader::Reader;
use crate::environment::{Mode, bind, url};
use crate::{Faults, Variables};

const URL: &str = "KIT_URL";

/// Where a command finds a kit that runs. Nothing else is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Ends with `/`. None when the kit picks its port itself: then only `KIT_URL` could tell.
    pub url: Option<String>,
}

impl Server {
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        let url = if reader.is_set(URL) { said(&mut reader) } else { local(bind(&mut reader, Mode::Serve)) };
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

    fn check(pairs: &[(&str, &str)], url: Option<&str>) {
        let server = Server::read(&Variables::from_pairs(pairs.iter().copied())).unwrap();
        assert_eq!(server.url.as_deref(), url, "{pairs:?}");
    }

    #[test]
    fn a_server_is_named_or_is_the_local_one() {
        check(&[], Some("http://127.0.0.1:9080/"));
        check(&[("KIT_URL", ""), ("KIT_BIND", "")], Some("http://127.0.0.1:9080/"));
        check(&[("KIT_BIND", "[::1]:80")], Some("http://[::1]:80/"));
        check(&[("KIT_BIND", "0.0.0.0:81")], Some("http://127.0.0.1:81/"));
        check(&[("KIT_BIND", "[::]:82")], Some("http://[::1]:82/"));
        check(&[("KIT_BIND", "127.0.0.1:0")], None);
        check(
            &[("KIT_URL", "https://kit.example.com/a"), ("KIT_BIND", "nonsense")],
            Some("https://kit.example.com/a/"),
        );
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (name, value) in [("KIT_URL", "kit.example.com"), ("KIT_URL", "http://me:s3cr3t@kit/"), ("KIT_BIND", "x")] {
            let faults = Server::read(&Variables::from_pairs([(name, value)])).unwrap_err().to_string();
            assert!(faults.starts_with(&format!("`{name}`: expected ")) && !faults.contains("s3cr3t"), "{faults}");
        }
    }
}
