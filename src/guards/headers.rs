//! Headers that stand for a proof: each once, within a size, in one form.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

/// Adobe's tokens have about 2 KiB.
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// The one value of a header, or what is wrong with it, for the activation.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| format!("`{name}` is missing"))?;
    if values.next().is_some() {
        return Err(format!("`{name}` is there more than once"));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(format!("`{name}` has {} bytes, at most {VALUE_BYTES_MAX} are read", value.len()));
    }
    match value.to_str().map(str::trim) {
        Ok("") => Err(format!("`{name}` is empty")),
        Ok(text) => Ok(text),
        Err(_) => Err(format!("`{name}` has characters other than visible ASCII")),
    }
}

/// The token of `Authorization: Bearer <token>` (RFC 6750, section 2.1).
pub fn bearer(headers: &HeaderMap) -> Result<&str, String> {
    let value = only(headers, &AUTHORIZATION)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("`authorization` is no bearer token".to_owned());
    }
    match token.trim() {
        "" => Err("`authorization` has no token after `Bearer`".to_owned()),
        token if token.contains(char::is_whitespace) => Err("`authorization` has more than one token".to_owned()),
        token => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values =
            values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header's value")));
        values.collect()
    }

    fn check(values: &[&str], expected: Result<&str, &str>) {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        assert_eq!(bearer(&headers(&values)), expected.map_err(str::to_owned), "{values:?}");
    }

    #[test]
    fn a_bearer_token_is_read_in_its_one_form() {
        check(&["Bearer abc"], Ok("abc"));
        check(&["bearer   a.b-c_d== "], Ok("a.b-c_d=="));
        check(&[], Err("`authorization` is missing"));
        check(&["Bearer abc", "Bearer abc"], Err("`authorization` is there more than once"));
        check(&[" "], Err("`authorization` is empty"));
        check(&["Basic YTpi"], Err("`authorization` is no bearer token"));
        check(&["Bearerabc"], Err("`authorization` is no bearer token"));
        check(&["Bearer"], Err("`authorization` has no token after `Bearer`"));
        check(&["Bearer a b"], Err("`authorization` has more than one token"));
        check(&["Bearer é"], Err("`authorization` has characters other than visible ASCII"));
        let long = format!("Bearer {}", "a".repeat(8_186));
        check(&[&long], Err("`authorization` has 8193 bytes, at most 8192 are read"));
        check(&[&long[..8_192]], Ok(&long[7..8_192]));
    }

    proptest! {
        #[test]
        fn whatever_the_value_the_token_is_one_word_of_it(value in proptest::collection::vec(32_u8..=255, 0..60)) {
            prop_assume!(!value.contains(&127));
            if let Ok(token) = bearer(&headers(&[&value])) {
                prop_assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(value[..6].eq_ignore_ascii_case(b"bearer"));
                prop_assert!(value.ends_with(token.as_bytes()) || value.ends_with(b" "));
            }
        }

        #[test]
        fn a_reason_never_repeats_what_was_sent(secret in "[a-z]{12}", before in "[ -~]{0,8}") {
            let value = format!("{before}{secret}\u{e9}");
            let reason = bearer(&headers(&[value.as_bytes()])).unwrap_err();
            prop_assert!(!reason.contains(&secret));
        }
    }
}
