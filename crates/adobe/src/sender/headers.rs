//! The four headers of the two signatures (contract, section 4.2).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;

use super::path::KeyPath;

/// Those of a key of 8192 bits; keys that are longer are refused anyway.
pub(super) const SIGNATURE_BYTES_MAX: usize = 1_024;

/// One signature with where its key is.
pub(super) enum Pair {
    /// Neither of its headers is there.
    Absent,
    Complete {
        path: KeyPath,
        signature: Vec<u8>,
    },
    Broken(String),
}

/// Signature 1 belongs to path 1, 2 to 2. The two names are spelled differently: that is no slip.
pub(super) fn pair(headers: &HeaderMap, number: u8) -> Pair {
    let signature_name = format!("x-adobe-digital-signature-{number}");
    let path_name = format!("x-adobe-public-key{number}-path");
    match (only(headers, &signature_name), only(headers, &path_name)) {
        (Ok(None), Ok(None)) => Pair::Absent,
        (Err(reason), _) | (_, Err(reason)) => Pair::Broken(reason),
        (Ok(Some(_)), Ok(None)) => Pair::Broken(format!("`{path_name}` is missing beside `{signature_name}`")),
        (Ok(None), Ok(Some(_))) => Pair::Broken(format!("`{signature_name}` is missing beside `{path_name}`")),
        (Ok(Some(signature)), Ok(Some(path))) => {
            let Some(signature) = decode(signature) else {
                return Pair::Broken(format!(
                    "`{signature_name}` is no standard base64 of at most {SIGNATURE_BYTES_MAX} bytes"
                ));
            };
            match KeyPath::parse(path) {
                Ok(path) => Pair::Complete { path, signature },
                Err(problem) => Pair::Broken(format!("`{path_name}` {problem}")),
            }
        }
    }
}

pub(super) fn nothing_there() -> String {
    "the delivery has no signature: neither `x-adobe-digital-signature-1` with `x-adobe-public-key1-path` \
     nor `x-adobe-digital-signature-2` with `x-adobe-public-key2-path`"
        .to_owned()
}

/// A header that must not be there twice: whoever reads the first one and whoever reads the last one would differ.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("`{name}` is there more than once"));
    }
    value.to_str().map(|text| Some(text.trim())).map_err(|_| format!("`{name}` has characters that are not ASCII"))
}

/// Strictly: with padding, and without anything in between.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let is_short = text.len() <= SIGNATURE_BYTES_MAX.div_ceil(3) * 4;
    is_short.then(|| BASE64_STANDARD.decode(text).ok()).flatten().filter(|bytes| !bytes.is_empty())
}
