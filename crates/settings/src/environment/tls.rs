//! Where the server's certificate is.

use std::path::PathBuf;

use crate::environment::Mode;
use crate::environment::reader::Reader;

pub(super) const CERTIFICATE: &str = "KIT_TLS_CERTIFICATE";
pub(super) const KEY: &str = "KIT_TLS_KEY";

/// Files with a certificate and the key to it, relative to the working folder unless absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<Tls> {
    let said = (reader.get(CERTIFICATE).map(PathBuf::from), reader.get(KEY).map(PathBuf::from));
    let tls = match said {
        (None, None) => return None,
        (Some(certificate), Some(key)) => Tls { certificate, key },
        (Some(_), None) => {
            reader.fault(CERTIFICATE, format!("expected `{KEY}` beside it"), "name the file with its key, as PEM");
            return None;
        }
        (None, Some(_)) => {
            reader.fault(KEY, format!("expected `{CERTIFICATE}` beside it"), "name the file with its certificate");
            return None;
        }
    };
    if mode == Mode::Dev {
        let hint = "take it out, or use `kit serve`: `kit dev` answers on loopback, and is its own sandbox";
        reader.fault(CERTIFICATE, "expected no certificate with `kit dev`", hint);
    }
    Some(tls)
}
