use proptest::prelude::*;
use reqwest::{Method, Request, Url};

use super::*;

/// The same answer every time, so that only what is asked changes it.
const NOW: &str = "2026-11-22T10:00:00Z";

fn oauth() -> OAuth1 {
    let now: Timestamp = NOW.parse().unwrap();
    OAuth1::new(
        OAuth1Credentials {
            consumer_key: "consumer of shop".to_owned(),
            consumer_secret: SecretString::from("consumer&secret"),
            access_token: "access+token".to_owned(),
            access_token_secret: SecretString::from("token/sécret"),
        },
        Clock::new(move || now),
    )
}

fn base(method: &str, url: &str) -> String {
    let url = Url::parse(url).unwrap();
    base_string(method, &url, query_parameters(url.query().unwrap_or_default()))
}

/// Section 3.4.1.1; its form's parameters count as the query's do.
#[test]
fn the_example_of_the_standard_has_its_base_string() {
    let url = Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
    let mut parameters = query_parameters(url.query().unwrap());
    parameters.extend(query_parameters("c2&a3=2+q"));
    let oauth = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ];
    parameters.extend(oauth.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        base_string("post", &url, parameters),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D\
         %26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
         %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
}

/// `address` and `parameters` as they stand in the base string, but for its own encoding.
fn check(url: &str, address: &str, parameters: &str) {
    let [address, parameters] = [address, parameters].map(|part| encode(part.as_bytes()));
    assert_eq!(base("GET", url), format!("GET&{address}&{parameters}"));
}

#[test]
fn addresses_lose_what_the_connection_implies() {
    check("HTTPS://Shop.Example:443/rest/V1/x?", "https://shop.example/rest/V1/x", "");
    check("https://shop.example:8443/X", "https://shop.example:8443/X", "");
    check("http://shop.example:443/", "http://shop.example:443/", "");
    check("http://[::1]:8080", "http://[::1]:8080/", "");
}

#[test]
fn what_a_sku_may_have_in_it_is_encoded_once_more() {
    check("http://s/V1/products/A%2FB%201", "http://s/V1/products/A%2FB%201", "");
    check("http://s/V1/products/Tür", "http://s/V1/products/T%C3%BCr", "");
    check("http://s/V1/products/%C3%BC+%2B", "http://s/V1/products/%C3%BC+%2B", "");
}

#[test]
fn queries_are_decoded_encoded_and_sorted() {
    check("http://s/?a=Tür&a=%c3%bc", "http://s/", "a=%C3%BC&a=T%C3%BCr");
    check("http://s/?q=a+b&q=a%2Bb", "http://s/", "q=a%20b&q=a%2Bb");
    check("http://s/?b=1&b=1&a&c=", "http://s/", "a=&b=1&b=1&c=");
    check("http://s/?&&b==&", "http://s/", "b=%3D");
    check("http://s/?x[1]=~*'()!", "http://s/", "x%5B1%5D=~%2A%27%28%29%21");
    check("http://s/?raw=%FF%zz%+a%", "http://s/", "raw=%FF%25zz%25%20a%25");
    // By encoded name: `[` as `%5B` comes before letters and digits.
    check("http://s/?ab=2&a[b]=1&a=3", "http://s/", "a=3&a%5Bb%5D=1&ab=2");
}

#[test]
fn the_header_is_sorted_and_encoded() {
    let request = Request::new(Method::GET, Url::parse("https://shop.example/rest/V1/products/A").unwrap());
    let header = oauth().header(&request, "0123", NOW.parse().unwrap());
    let (before, signed) = header.split_once("oauth_signature=\"").unwrap();
    assert_eq!(before, r#"OAuth oauth_consumer_key="consumer%20of%20shop", oauth_nonce="0123", "#);
    let (signature, after) = signed.split_once('"').unwrap();
    assert!(signature.ends_with("%3D"), "{signature}");
    assert_eq!(
        after,
        ", oauth_signature_method=\"HMAC-SHA256\", oauth_timestamp=\"1795341600\", oauth_token=\"access%2Btoken\", \
         oauth_version=\"1.0\""
    );
}

#[tokio::test]
async fn nothing_shows_the_credentials() {
    let mut request = Request::new(Method::GET, Url::parse("https://shop.example/").unwrap());
    let oauth = oauth();
    oauth.authorize(&mut request).await.unwrap();
    let shown = format!("{oauth:?} {request:?} {:?}", request.headers());
    for secret in ["consumer&", "sécret", "access+", "access%2B", "oauth_signature"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// A server's side of it, written on its own: percent-decodes by hand and knows nothing of the signer's helpers.
mod verifier {
    use super::*;

    fn decode(text: &str, is_form: bool) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let [first, tail @ ..] = rest {
            let code = tail.get(..2).filter(|code| code.iter().all(u8::is_ascii_hexdigit));
            let code = code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
            (rest, ()) = match (first, code) {
                (b'%', Some(byte)) => (&tail[2..], bytes.push(byte)),
                (b'+', _) if is_form => (tail, bytes.push(b' ')),
                _ => (tail, bytes.push(*first)),
            };
        }
        bytes
    }

    fn escape(bytes: &[u8]) -> String {
        let one = |byte: &u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        bytes.iter().map(one).collect()
    }

    /// `target` is the request's, path and query.
    pub fn is_signed(method: &str, origin: &str, target: &str, header: &str, secrets: [&str; 2]) -> bool {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut pairs = Vec::new();
        let mut signature = Vec::new();
        for parameter in header.strip_prefix("OAuth ").unwrap().split(", ") {
            let (name, value) = parameter.split_once('=').unwrap();
            let value = decode(value.strip_prefix('"').unwrap().strip_suffix('"').unwrap(), false);
            if name == "oauth_signature" {
                signature = value;
            } else {
                pairs.push((escape(name.as_bytes()), escape(&value)));
            }
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((escape(&decode(name, true)), escape(&decode(value, true))));
        }
        pairs.sort();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text =
            [method, &escape(format!("{origin}{path}").as_bytes()), &escape(pairs.join("&").as_bytes())].join("&");
        let key = secrets.map(|secret| escape(secret.as_bytes())).join("&");
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        hmac::verify(&key, text.as_bytes(), &STANDARD.decode(signature).unwrap()).is_ok()
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_a_server_can_verify_it(
        segments in prop::collection::vec("\\PC{0,12}", 0..4),
        pairs in prop::collection::vec(("\\PC{0,8}", "\\PC{0,8}"), 0..6),
        raw in "[a-z+%=&\\[\\]üß ]{0,20}",
        nonce in "[A-Za-z0-9]{32}",
    ) {
        let mut url = Url::parse("https://shop.example:8443/rest").unwrap();
        url.path_segments_mut().unwrap().extend(segments);
        url.query_pairs_mut().extend_pairs(pairs);
        let url = Url::parse(&format!("{url}&{raw}")).unwrap();
        let target = url.as_str().strip_prefix("https://shop.example:8443").unwrap().to_owned();
        let request = Request::new(Method::PUT, url);
        let header = oauth().header(&request, &nonce, NOW.parse().unwrap());
        let secrets = ["consumer&secret", "token/sécret"];
        let origin = "https://shop.example:8443";
        prop_assert!(verifier::is_signed("PUT", origin, &target, &header, secrets), "{target} {header}");
        prop_assert!(!verifier::is_signed("GET", origin, &target, &header, secrets));
        let other = format!("{target}&x");
        prop_assert!(!verifier::is_signed("PUT", origin, &other, &header, secrets));
    }
}
