use std::time::Duration;

use super::{RateLimit, ServerLimits};
use crate::environment::reader::Reader;
use crate::environment::{DAY, Mode, STORE_BYTES_MAX_DEFAULT, bind, delivery};
use crate::{Faults, Variables};

fn read(pairs: &[(&str, &str)]) -> Result<ServerLimits, Faults> {
    let variables = Variables::from_pairs(pairs.iter().copied());
    let mut reader = Reader { variables: &variables, faults: Vec::new() };
    let bind = bind(&mut reader, Mode::Serve);
    let memory = delivery::read(&mut reader, DAY * 8, STORE_BYTES_MAX_DEFAULT).memory;
    let limits = super::read(&mut reader, bind, &memory);
    Faults::none_or(reader.faults, limits)
}

#[test]
fn one_client_has_its_share_unless_the_kit_listens_on_loopback() {
    fn check(pairs: &[(&str, &str)], per_client: Option<usize>) {
        assert_eq!(read(pairs).unwrap().per_client, per_client, "{pairs:?}");
    }
    check(&[], None);
    check(&[("KIT_BIND", "0.0.0.0:80")], Some(512));
    check(&[("KIT_BIND", "0.0.0.0:80"), ("KIT_CONNECTIONS_MAX", "80")], Some(10));
    check(&[("KIT_BIND", "0.0.0.0:80"), ("KIT_CONNECTIONS_PER_CLIENT", "off")], None);
    check(&[("KIT_CONNECTIONS_PER_CLIENT", "7")], Some(7));
}

#[test]
fn the_bodies_of_one_client_have_their_share_in_which_each_of_them_fits() {
    fn check(pairs: &[(&str, &str)], per_client: Option<u64>) {
        assert_eq!(read(pairs).unwrap().bodies.per_client, per_client, "{pairs:?}");
    }
    let everywhere = ("KIT_BIND", "0.0.0.0:80");
    check(&[], None);
    check(&[everywhere], Some(16 << 20));
    check(&[everywhere, ("KIT_REQUEST_BYTES_MAX", "16MiB")], Some(4 << 20));
    check(&[everywhere, ("KIT_REQUEST_BYTES_PER_CLIENT", "off")], None);
    check(&[("KIT_REQUEST_BYTES_PER_CLIENT", "4MiB")], Some(4 << 20));
    for wrong in ["4MB", "129MiB", "many"] {
        let faults = read(&[("KIT_REQUEST_BYTES_PER_CLIENT", wrong)]).unwrap_err().to_string();
        let expected = "`KIT_REQUEST_BYTES_PER_CLIENT`: expected a size from 4194304 bytes to that of";
        assert!(faults.starts_with(expected), "{faults}");
    }
}

#[test]
fn a_rate_holds_unless_the_kit_listens_on_loopback() {
    fn check(pairs: &[(&str, &str)], rate: Option<(u32, u64)>) {
        let rate = rate.map(|(requests, seconds)| RateLimit { requests, within: Duration::from_secs(seconds) });
        assert_eq!(read(pairs).unwrap().rate, rate, "{pairs:?}");
    }
    check(&[], None);
    check(&[("KIT_BIND", "[::1]:80")], None);
    check(&[("KIT_BIND", "0.0.0.0:80")], Some((3_000, 5)));
    check(&[("KIT_BIND", "0.0.0.0:80"), ("KIT_RATE_LIMIT", "off")], None);
    check(&[("KIT_RATE_LIMIT", "10 / 1m")], Some((10, 60)));
    for wrong in ["10", "10/", "/5s", "0/5s", "10/5", "10/0s", "10/2h", "1000001/5s", "-1/5s"] {
        let faults = read(&[("KIT_RATE_LIMIT", wrong)]).unwrap_err().to_string();
        assert!(faults.starts_with("`KIT_RATE_LIMIT`: expected a number of requests and a duration"), "{faults}");
    }
}

#[test]
fn what_is_said_counts() {
    let limits = read(&[("KIT_HEADER_BYTES_MAX", "8KiB"), ("KIT_REQUEST_TIMEOUT", "3s")]).unwrap();
    assert_eq!((limits.headers.bytes_max, limits.request_timeout), (8_192, Duration::from_secs(3)));
}

#[test]
fn what_is_no_limit_is_named() {
    fn check(name: &str, value: &str, expected: &str) {
        let faults = read(&[(name, value)]).unwrap_err().to_string();
        assert!(faults.starts_with(&format!("`{name}`: expected {expected}")), "{faults}");
    }
    check("KIT_CONNECTIONS_MAX", "7", "a whole number from 8 to 1000000");
    check("KIT_CONNECTIONS_PER_CLIENT", "0", "a whole number from 1 to 4096, or `off`");
    check("KIT_CONNECTIONS_PER_CLIENT", "4097", "a whole number from 1 to 4096, or `off`");
    check("KIT_REQUESTS_AT_ONCE", "none", "a whole number from 1 to 100000");
    check("KIT_REQUEST_TIMEOUT", "1", "a duration from `1s` to `180m`");
    check("KIT_HEADERS_MAX", "15", "a whole number from 16 to 1000");
    check("KIT_HEADER_BYTES_MAX", "8191", "a size from `8KiB` to `1MiB`");
    check("KIT_HEADER_TIMEOUT", "999ms", "a duration from `1s` to `10m`");
    check("KIT_BODY_BYTES_MAX", "17MiB", "a size from `1KiB` to `16MiB`");
    let small = [("KIT_BODY_BYTES_MAX", "3MiB"), ("KIT_DELIVERY_BYTES_MAX", "4MiB")];
    let faults = read(&small).unwrap_err().to_string();
    assert!(faults.starts_with("`KIT_BODY_BYTES_MAX`: expected a size that fits"), "{faults}");
    check("KIT_BODY_TIMEOUT", "11m", "a duration from `1s` to `10m`");
    check("KIT_JSON_DEPTH_MAX", "65", "a whole number from 4 to 64");
    check("KIT_JSON_MEMBERS_MAX", "99", "a whole number from 100 to 10000000");
    check("KIT_DECOMPRESSION", "br", "`gzip` or `off`");
    check("KIT_HTTP2_STREAMS_MAX", "0", "a whole number from 1 to 1000");
    check("KIT_HTTP2_RESETS_MAX", "1001", "a whole number from 1 to 1000");
    check("KIT_HTTP2_PING", "0s", "a duration from `1s` to `10m`");
}
