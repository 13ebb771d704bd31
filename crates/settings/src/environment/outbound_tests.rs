use super::*;
use crate::Variables;

/// Reads these variables; the faults as text.
fn read_in(mode: Mode, pairs: &[(&str, &str)]) -> (Gate, String) {
    let variables = Variables::from_pairs(pairs.iter().copied());
    let mut reader = Reader { variables: &variables, faults: Vec::new() };
    let gate = read(&mut reader, mode);
    (gate, reader.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn lets_through(gate: &Gate, url: &str) -> bool {
    gate.check(&Url::parse(url).unwrap()).is_ok()
}

#[test]
fn only_dev_reaches_loopback_by_itself() {
    let (dev, faults) = read_in(Mode::Dev, &[("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")]);
    assert_eq!((faults.as_str(), lets_through(&dev, "http://127.0.0.1:9/")), ("", true));
    assert!(!lets_through(&dev, "http://10.0.0.1/"));
    let (serve, faults) = read_in(Mode::Serve, &[("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")]);
    assert!(!lets_through(&serve, "http://127.0.0.1:9/"));
    assert!(faults.contains("`KIT_BACKOFFICE_URL`: expected an address of the public internet, this one is loopback"));
    assert!(faults.contains("hint: when it is meant, name it in `KIT_OUTBOUND_ALLOW`"), "{faults}");
}

#[test]
fn what_is_allowed_is_a_list() {
    let (gate, faults) = read_in(
        Mode::Serve,
        &[
            ("KIT_OUTBOUND_ALLOW", "10.1.0.0/16, localhost"),
            ("OAUTH_BASE_URL", "http://10.1.2.3/"),
            ("OAUTH_HOST", "http://localhost/"),
        ],
    );
    assert_eq!((faults.as_str(), lets_through(&gate, "http://10.2.0.0/")), ("", false));
    let (_, faults) = read_in(Mode::Dev, &[("KIT_OUTBOUND_ALLOW", "http://erp/")]);
    assert!(faults.contains("`KIT_OUTBOUND_ALLOW`: expected host names, addresses and networks"), "{faults}");
}

#[test]
fn a_proxy_has_to_be_trusted_by_name() {
    let proxy = ("https_proxy", "http://proxy.internal:3128");
    assert_eq!(read_in(Mode::Dev, &[proxy]).1, "", "it is not used");
    let (_, faults) = read_in(Mode::Serve, &[proxy]);
    assert!(
        faults.contains("`https_proxy`: expected no proxy") && faults.contains("KIT_OUTBOUND_PROXY=trusted"),
        "{faults}"
    );
    assert_eq!(read_in(Mode::Serve, &[proxy, ("KIT_OUTBOUND_PROXY", "trusted")]).1, "");
    let (_, faults) = read_in(Mode::Serve, &[("KIT_OUTBOUND_PROXY", "yes")]);
    assert!(faults.contains("`KIT_OUTBOUND_PROXY`: expected `trusted`"), "{faults}");
}
