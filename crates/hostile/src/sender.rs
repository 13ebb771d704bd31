use std::sync::LazyLock;

use adobe::{Clock, CommerceSignature, EventsSender, EventsSenderSettings, Pool, Transport};
use egress::{Allowance, Gate};
use jiff::Timestamp;

use crate::face::wait;
use crate::headers_and_body;

const NAMES: [&str; 6] = [
    "x-adobe-digital-signature-1",
    "x-adobe-public-key1-path",
    "x-adobe-digital-signature-2",
    "x-adobe-public-key2-path",
    "x-adobe-signature",
    "x-adobe-commerce-webhook-signature",
];

const COMMERCE_KEY: &str = include_str!("../../adobe/tests/vectors/commerce-signature/commerce.public.pem");

static SENDERS: LazyLock<(EventsSender, CommerceSignature)> = LazyLock::new(|| {
    let settings = EventsSenderSettings {
        // Nobody is there: no path leads to a key.
        keys_url: "http://127.0.0.1:1/".to_owned(),
        management_url: "http://127.0.0.1:1/events/".to_owned(),
        hmac_secrets: vec!["a secret that is not in any seed".into()],
        transport: Transport::PlainToo,
    };
    let pool = Pool::new(&Gate::new(Allowance::of_loopback())).expect("a client can be made");
    let sender =
        EventsSender::new(&settings, pool, Clock::new(|| Timestamp::UNIX_EPOCH)).expect("the settings are good");
    (sender, CommerceSignature::new(COMMERCE_KEY).expect("the key is good"))
});

/// Any headers of a delivery are read, and none of them signs a body: the fuzzer has no key.
pub fn sender(input: &[u8]) {
    let (headers, body) = headers_and_body(input, &NAMES);
    let (events, commerce) = &*SENDERS;
    assert!(!wait(events.check(&headers, body)).expect_err("nothing is proved").reason.is_empty());
    assert!(!commerce.check(&headers, body).expect_err("nothing is proved").is_empty());
}
