use std::sync::LazyLock;

use futures_util::FutureExt;
use http::{HeaderMap, Method};
use sdk::Entry;
use sdk::web::Request;

static WEBHOOK: LazyLock<Entry> =
    LazyLock::new(|| actions::table().into_entries().remove("ingestion/webhook").expect("the table has it"));

/// Any bytes posted to the ingestion webhook are answered: never a panic, never a 5xx, always JSON.
pub fn webhook(body: &[u8]) {
    let Entry::Web(webhook) = &*WEBHOOK else { unreachable!("the webhook is a web action") };
    let request = Request {
        method: Method::POST,
        headers: HeaderMap::new(),
        query: None,
        body: body.to_vec().into(),
        peer: None,
    };
    let cx = testkit::context().build();
    let response = webhook.run(&cx, request).now_or_never().expect("the fake publisher answers at once");
    assert!(response.status < 500, "{}", response.status);
    serde_json::from_slice::<serde_json::Value>(&response.body).expect("an answer is JSON");
}
