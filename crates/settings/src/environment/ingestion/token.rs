//! Bearer tokens with a key pair.

use std::time::Duration;

use http::Uri;
use schemes::Scheme;
use schemes::jwt::{ALGORITHMS, Algorithm, KeySet, Rule};

use super::{IngestionScheme, demand};
use crate::environment::commerce::is_set;
use crate::environment::reader::{Reader, Setting};

const ISSUER: &str = "KIT_INGESTION_JWT_ISSUER";
const AUDIENCE: &str = "KIT_INGESTION_JWT_AUDIENCE";
const JWKS_URL: &str = "KIT_INGESTION_JWT_JWKS_URL";
pub(super) const PUBLIC_KEY: &str = "KIT_INGESTION_JWT_PUBLIC_KEY";
const ALGORITHMS_NAME: &str = "KIT_INGESTION_JWT_ALGORITHMS";
const SKEW: &str = "KIT_INGESTION_JWT_SKEW";

const SKEW_MAX: Duration = Duration::from_mins(10);

pub(super) fn jwt(reader: &mut Reader<'_>) -> Option<IngestionScheme> {
    let needed = [ISSUER, AUDIENCE].map(|name| demand(reader, "jwt", name));
    let skew = reader.duration(SKEW, "1m", Duration::ZERO..=SKEW_MAX, "`0s` to `10m`");
    let algorithms = algorithms(reader);
    let has_url = is_set(reader, JWKS_URL);
    let has_key = is_set(reader, PUBLIC_KEY);
    if has_url == has_key {
        reader.fault(
            JWKS_URL,
            "expected either this or `KIT_INGESTION_JWT_PUBLIC_KEY` for the scheme `jwt`",
            "the address of the issuer's JSON Web Key Set, which follows its rotations, or one public key in PEM",
        );
        return None;
    }
    let (keys_url, keys) = if has_url { (keys_url(reader), None) } else { (None, public_key(reader)) };
    if needed.contains(&None) {
        return None;
    }
    let audiences = reader.get(AUDIENCE)?.split(',').map(|name| name.trim().to_owned()).collect();
    let rule = Rule { issuer: reader.get(ISSUER).map(str::to_owned), audiences, algorithms: algorithms?, skew };
    match (keys_url, keys) {
        (Some(keys_url), _) => Some(IngestionScheme::Token { rule, keys_url }),
        (None, Some(keys)) => Some(IngestionScheme::Request(Scheme::Token { rule, keys })),
        (None, None) => None,
    }
}

fn algorithms(reader: &mut Reader<'_>) -> Option<Vec<Algorithm>> {
    if !is_set(reader, ALGORITHMS_NAME) {
        return Some(ALGORITHMS.to_vec());
    }
    let setting = Setting {
        name: ALGORITHMS_NAME,
        expected: "expected algorithms with a key pair, such as `RS256,ES256`",
        hint: "RS256 to RS512, PS256 to PS512, ES256, ES384 and EdDSA; leave it out for all of them",
    };
    reader.parse(setting, |text| {
        let named = text.split(',').map(|name| name.trim().parse::<Algorithm>().ok());
        named.map(|algorithm| algorithm.filter(|known| ALGORITHMS.contains(known))).collect()
    })
}

/// Whoever is on the way could put his own keys in place of the issuer's, so plain HTTP is for this machine only.
fn keys_url(reader: &mut Reader<'_>) -> Option<String> {
    let setting = Setting {
        name: JWKS_URL,
        expected: "expected an `https` URL, or an `http` one of this machine",
        hint: "such as `https://login.example.com/.well-known/jwks.json`",
    };
    reader.parse(setting, |text| {
        let uri: Uri = text.trim().parse().ok()?;
        let host = uri.host().filter(|host| !host.is_empty())?;
        let is_own = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_own);
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        (is_safe && !has_user).then(|| text.trim().to_owned())
    })
}

/// PEM in one line has `\n` where its lines end.
fn public_key(reader: &mut Reader<'_>) -> Option<KeySet> {
    let text = reader.get(PUBLIC_KEY)?.replace("\\n", "\n");
    match KeySet::from_pem(&text) {
        Ok(keys) => Some(keys),
        Err(fault) => {
            reader.fault(PUBLIC_KEY, fault.to_string(), "begin with `-----BEGIN PUBLIC KEY-----`; `\\n` ends a line");
            None
        }
    }
}
