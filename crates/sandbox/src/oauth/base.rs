//! The signature base string of RFC 5849, section 3.4.1, and its parts. Everything is bytes, as it came.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Section 3.6: letters, digits and these four stay as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PORT_DEFAULT: &str = ":80";

/// A decoded name and its decoded value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// `url` has no query; its parameters are among the pairs.
pub fn base_string(method: &str, url: &str, pairs: impl Iterator<Item = Pair>) -> String {
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    // After the encoding, and by value where names are equal.
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let [url, pairs] = [url, &pairs.join("&")].map(|part| encoded(part.as_bytes()));
    format!("{}&{url}&{pairs}", encoded(method.as_bytes()))
}

/// The sandbox speaks plain HTTP only.
pub fn url(host: &str, path: &str) -> String {
    let host = host.to_ascii_lowercase();
    format!("http://{}{path}", host.strip_suffix(PORT_DEFAULT).unwrap_or(&host))
}

/// The query's parameters, with a plus for a space, as forms write it.
pub fn query_pairs(query: &str) -> Vec<Pair> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (form(name), form(value)))
        .collect()
}

pub fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

fn form(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        let oauth = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let oauth = oauth.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        // Its example sends a form besides, whose parameters count as well.
        let query = query_pairs("b5=%3D%253D&a3=a&c%40=&a2=r%20b").into_iter().chain(query_pairs("c2&a3=2+q"));
        assert_eq!(
            base_string("POST", &url("EXAMPLE.COM:80", "/request"), query.chain(oauth)),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26\
             c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26\
             oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_url_is_that_of_the_rfc() {
        // Section 3.4.1.2, with the scheme that the sandbox has.
        assert_eq!(url("EXAMPLE.COM:80", "/r%20v/X"), "http://example.com/r%20v/X");
        assert_eq!(url("www.example.net:8080", "/"), "http://www.example.net:8080/");
    }

    #[test]
    fn encoding_spares_the_unreserved_only() {
        assert_eq!(encoded("aZ09-._~ +%&=*/é".as_bytes()), "aZ09-._~%20%2B%25%26%3D%2A%2F%C3%A9");
    }
}
