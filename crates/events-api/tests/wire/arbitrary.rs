//! Whatever comes, the service answers, and never with a fault of its own.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tokio::runtime::Runtime;

use crate::world::{CODE, PROVIDER, World};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static WORLD: LazyLock<World> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let world = World::new().await;
        world.publish("first").await;
        world
    })
});

/// Sends a request; its answer must not be the service's fault.
fn answered(request: reqwest::RequestBuilder) -> Result<(), TestCaseError> {
    let answer = RUNTIME.block_on(request.send()).unwrap();
    prop_assert!(!answer.status().is_server_error(), "{}", answer.status());
    prop_assert!(answer.headers().contains_key("x-request-id"));
    Ok(())
}

/// Documents that come close to an event.
fn documents() -> impl Strategy<Value = String> {
    let names =
        prop::sample::select(vec!["id", "source", "type", "time", "data", "specversion", "datacontenttype", "x", "X"]);
    let source = format!("\"urn:uuid:{PROVIDER}\"");
    let values = prop::sample::select(vec![
        "\"1.0\"".to_owned(),
        source,
        format!("\"{CODE}\""),
        "\"2026-01-01T00:00:00Z\"".to_owned(),
        "\"application/json\"".to_owned(),
        "\"\"".to_owned(),
        "null".to_owned(),
        "[1e400]".to_owned(),
        "{\"a\":1,\"a\":2}".to_owned(),
        "\"\\ud800\"".to_owned(),
        "-0".to_owned(),
    ]);
    prop::collection::vec((names, values), 0..10).prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_bytes_at_the_ingress_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), is_raw in any::<bool>()) {
        let kind = if is_raw { "application/json" } else { "application/cloudevents+json" };
        let request = WORLD.signed(WORLD.post("/")).header("content-type", kind);
        let request = request.header("x-adobe-event-provider-id", PROVIDER).header("x-adobe-event-code", CODE);
        answered(request.body(bytes))?;
    }

    #[test]
    fn documents_that_come_close_to_an_event_are_answered(document in documents()) {
        answered(WORLD.publication(document))?;
    }

    #[test]
    fn any_query_of_a_journal_is_answered(query in "[ -~]{0,60}") {
        answered(WORLD.get(&format!("{}?{}", WORLD.journal(), query.replace('#', ""))))?;
    }

    #[test]
    fn parameters_of_a_journal_may_have_any_value(
        name in prop::sample::select(vec!["since", "latest", "seek", "limit"]),
        value in "(-?P[0-9YMWDTHS.,-]{0,20}|[a-z]{0,6}:[0-9a-f-]{0,40}|[0-9-]{0,30}|\\PC{0,10})",
    ) {
        let query = crate::world::form(&[(name, value)]);
        for path in [WORLD.journal(), format!("{}/validate", WORLD.journal())] {
            answered(WORLD.get(&format!("{path}?{query}")))?;
        }
    }

    #[test]
    fn any_form_at_the_token_endpoint_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), is_multipart in any::<bool>()) {
        let kind = if is_multipart { "multipart/form-data; boundary=b" } else { "application/x-www-form-urlencoded" };
        answered(WORLD.post("/ims/token/v3").header("content-type", kind).body(bytes))?;
    }
}
