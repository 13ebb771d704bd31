use std::borrow::Cow;

use crate::{REDACTED, is_secret_parameter};

/// An address without the values of query parameters that have secrets, and without user and password.
pub fn url(url: &str) -> Cow<'_, str> {
    let (address, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let (path, query) = address.split_at(address.find('?').map_or(address.len(), |at| at + 1));
    let mut told = without_user(path);
    let mut is_changed = matches!(told, Cow::Owned(_));
    for (place, parameter) in query.split('&').enumerate() {
        let name = parameter.split('=').next().unwrap_or_default();
        let is_secret = name.len() < parameter.len() && is_secret_parameter(&decoded(name));
        is_changed |= is_secret;
        let told = told.to_mut();
        if place > 0 {
            told.push('&');
        }
        told.push_str(if is_secret { name } else { parameter });
        if is_secret {
            told.push('=');
            told.push_str(REDACTED);
        }
    }
    if is_changed { Cow::Owned(told.into_owned() + fragment) } else { Cow::Borrowed(url) }
}

fn without_user(path: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = path.split_once("://") else { return Cow::Borrowed(path) };
    let host_end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://{}", &rest[at + 1..])),
        None => Cow::Borrowed(path),
    }
}

fn decoded(name: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy()
}
