use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use schemes::api_key::{self, ApiKey};
use schemes::basic::Basic;
use schemes::signature::Rule;
use schemes::standard_webhooks::VerifyingKeys;
use schemes::{MacKeys, Message, Scheme, Secrets, Window, jwt, network};

use crate::headers_and_body;

const NAMES: [&str; 12] = [
    "x-api-key",
    "authorization",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-port-timestamp",
    "x-port-signature",
    "x-shopify-hmac-sha256",
    "x-hub-signature-256",
    "stripe-signature",
    "x-client-certificate",
    "x-forwarded-for",
];

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let secrets = ["a secret that is not in any seed".into()];
    let standard = ["whsec_YSBzZWNyZXQgdGhhdCBpcyBub3QgaW4gYW55IHNlZWQ=".into()];
    let signature = |rule| Scheme::Signature { rule, keys: MacKeys::of_texts(&secrets) };
    vec![
        Scheme::ApiKey(ApiKey { header: api_key::HEADER_DEFAULT, keys: Secrets::new(&secrets) }),
        Scheme::Basic(Basic::new("erp", &secrets)),
        signature(Rule::port()),
        signature(Rule::shopify()),
        signature(Rule::github()),
        Scheme::Stripe(MacKeys::of_texts(&secrets)),
        Scheme::StandardWebhooks(VerifyingKeys::parse(&standard).expect("a secret of 32 bytes")),
    ]
});

/// Any headers are verified without a panic, and none of them signs a body, which is the query, too: the fuzzer has no
/// secret.
pub fn headers(input: &[u8]) {
    let (headers, body) = headers_and_body(input, &NAMES);
    let query = std::str::from_utf8(body).ok();
    let message = Message { headers: &headers, query, body };
    let now = Timestamp::from_second(1_767_225_600).expect("a time of this century");
    for scheme in SCHEMES.iter() {
        assert!(scheme.verify(&message, Window::new(now, Duration::from_mins(5))).is_err(), "{}", scheme.name());
    }
    let _ = jwt::bearer(&message);
    let proxies = ["0.0.0.0/0".parse().expect("a network")];
    network::origin(Some([127, 0, 0, 1].into()), &headers, &proxies);
}
