//! Step 4: Commerce's eventing configuration.

use reqwest::Method;
use serde_json::json;

use super::Bench;
use crate::support::{Answer, TOKEN};

const ENVIRONMENT_ID: &str = "COMMERCE_ADOBE_IO_EVENTS_ENVIRONMENT_ID";

impl Bench {
    /// Where the store's newest event says that it comes from.
    async fn source(&self, price: u32) -> String {
        let server = self.service.server();
        let url = self.service.url("/sandbox/commerce/rest/V1/products/24-MB01");
        let request = server.client.request(Method::PUT, url).bearer_auth(TOKEN);
        let changed = Answer::of(request.json(&json!({"product": {"price": price}}))).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let rows = server.get("/sandbox/events").await.body;
        rows.as_array().unwrap().last().unwrap()["data"]["source"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_that_of_the_workspace_or_of_the_setting() {
    let bench = Bench::with_commerce().await;
    bench.ok(&["onboard"]);
    bench.ok(&["subscribe"]);
    assert_eq!(bench.source(1).await, "shop.Stage");
    let bench = Bench { project: bench.project.with(ENVIRONMENT_ID, "Production"), ..bench };
    let changed = ["update eventing-configuration Commerce Provider - local (not what was sent last)"];
    assert_eq!(bench.changes(&["onboard", "--dry-run"]), changed);
    assert_eq!(bench.changes(&["onboard"]), changed);
    assert_eq!(bench.source(2).await, "shop.Production");
    assert_eq!(bench.changes(&["onboard"]), [""; 0]);
    let bench = Bench { project: bench.project.with(ENVIRONMENT_ID, "Pro-duction"), ..bench };
    assert!(
        bench
            .fails(&["onboard"])
            .contains("`COMMERCE_ADOBE_IO_EVENTS_ENVIRONMENT_ID`: expected letters, digits and `_` only")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_events_of_commerce_it_is_told_nothing() {
    let bench = Bench::with_commerce().await;
    std::fs::remove_file(bench.project.path().join("onboarding/config/workspace.json")).unwrap();
    let said = bench.fails(&["onboard"]);
    assert!(
        said.starts_with(
            "error: CONFIGURE_EVENTING → MISSING_WORKSPACE_FILE\n  The \"workspace.json\" file was not found."
        ),
        "{said}"
    );
    assert_eq!(bench.providers().await.len(), 0, "it is missed before anything is written");
    let entities = r#"{"product": ["backoffice"], "customer": [], "order": [], "stock": ["backoffice"]}"#;
    bench.project.write("onboarding/config/starter-kit-registrations.json", entities);
    bench.proxy.take();
    assert!(bench.ok(&["onboard"]).ends_with("7 created, 0 updated, 0 deleted, 0 left as they are\n"));
    let calls = bench.proxy.take();
    assert!(!calls.is_empty() && calls.iter().all(|call| !call.path.contains("/eventing/")), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_that_is_missing_is_told_before_anything_is_written() {
    let bench = Bench::with_commerce().await;
    let merchant = "COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID";
    let bench = Bench { project: bench.project.with(merchant, ""), ..bench };
    for command in [&["onboard", "--dry-run"][..], &["onboard"]] {
        let said = bench.fails(command);
        assert!(said.starts_with("error: CONFIGURE_EVENTING → INVALID_ENV_VARS\n"), "{said}");
        assert!(said.contains(&format!("`{merchant}` is not set\n  hint: ")), "{said}");
    }
    assert_eq!(bench.providers().await.len(), 0);
    let bench = Bench { project: bench.project.with(merchant, "shop"), ..bench };
    bench.ok(&["onboard"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_told_and_the_next_run_goes_on() {
    let bench = Bench::with_commerce().await;
    let state = bench.service.url("/sandbox/faults");
    let fault = json!({"target": "commerce", "path": "eventing", "status": 401, "count": 1});
    let ordered = Answer::of(bench.service.server().client.post(state).json(&fault)).await;
    assert_eq!(ordered.status, 201, "{ordered:?}");
    let said = bench.fails(&["onboard"]);
    assert!(said.starts_with("error: CONFIGURE_EVENTING → UNEXPECTED_ERROR\n"), "{said}");
    assert!(said.contains("401") && said.contains("check `COMMERCE_BASE_URL`"), "{said}");
    assert_eq!(
        bench.ok(&["onboard"]).lines().next(),
        Some("[1/1] create  eventing configuration  Commerce Provider - local")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_second_at_subscribing_finds_everything_done() {
    let bench = Bench::with_commerce().await;
    bench.ok(&["onboard"]);
    // The first subscription of this run is answered when another run has made them all.
    let is_first = |call: &super::proxy::Call| call.method == Method::POST && call.path.ends_with("/eventSubscribe");
    let other = bench.service.client_of_sandbox(crate::support::Project::new());
    let folder = other.path().to_owned();
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::copy(bench.project.path().join("data/onboarding.json"), folder.join("data/onboarding.json")).unwrap();
    let other = std::sync::Mutex::new(Some(other));
    bench.proxy.stand_in(move |call| {
        if let Some(other) = is_first(call).then(|| other.lock().unwrap().take()).flatten() {
            let output = tokio::task::block_in_place(|| other.command(&["subscribe"]).output().unwrap());
            assert!(output.status.success(), "{output:?}");
        }
        None
    });
    let output = bench.run(&["subscribe"]);
    let (told, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{told}{notes}");
    assert!(notes.contains("note: somebody else did the same meanwhile"), "{notes}");
    assert!(told.contains("8 events are subscribed to at ") && told.contains(", 0 failed"), "{told}");
}
