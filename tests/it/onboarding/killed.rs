use std::process::{Child, ExitStatus, Stdio};

use http::Method;
use serde_json::{Value, json};

use super::Bench;
use crate::support::{Answer, TOKEN};

/// More calls than a command makes.
const CALLS_MAX: usize = 80;

/// Few enough for a run after each call, and something of everything.
const ENTITIES: &str =
    r#"{"product": ["commerce", "backoffice"], "customer": [], "order": [], "stock": ["backoffice"]}"#;
const SUBSCRIPTIONS: &str = r#"[
    {"event": {"name": "observer.catalog_product_save_commit_after", "fields": [{"name": "*"}, {"name": "_isNew"}]}},
    {"event": {"name": "observer.catalog_product_delete_commit_after", "fields": [{"name": "*"}]}}
]"#;

impl Bench {
    /// With the sandbox Commerce on the same way.
    async fn with_commerce() -> Self {
        let bench = Self::of(crate::two_processes::EventsService::start_dev()).await;
        let project = bench.service.client_of_sandbox(bench.project);
        let project = Self::through(project, &bench.proxy)
            .with("COMMERCE_BASE_URL", &format!("{}/sandbox/commerce/rest/", bench.proxy.url));
        bench.service.download_workspace(&project).await;
        Self { project, ..bench }
    }

    async fn commerce(&self, path: &str) -> Value {
        let url = self.service.url(&format!("/sandbox/commerce/rest/V1/{path}"));
        Answer::of(reqwest::Client::new().request(Method::GET, url).bearer_auth(TOKEN)).await.body
    }

    /// What both sides have, without the ids that chance gives.
    async fn state(&self) -> Value {
        let mut providers = self.commerce("eventing/eventProvider").await;
        for provider in providers.as_array_mut().unwrap() {
            provider.as_object_mut().unwrap().remove("provider_id");
        }
        let mut subscriptions = self.commerce("eventing/getEventSubscriptions").await;
        subscriptions.as_array_mut().unwrap().sort_by_key(|found| found["name"].to_string());
        json!({"events": self.snapshot().await, "providers": providers, "subscriptions": subscriptions})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_after_any_call_is_completed_by_the_next_run() {
    let bench = Bench::with_commerce().await;
    bench.project.write("onboarding/config/starter-kit-registrations.json", ENTITIES);
    bench.project.write("onboarding/config/commerce-event-subscribe.json", SUBSCRIPTIONS);
    bench.ok(&["onboard"]);
    bench.ok(&["subscribe"]);
    let wanted = bench.state().await;
    // A token, two lists, two providers, six events, three registrations; Commerce's providers and its configuration.
    check(&bench, "onboard", 1 + 2 + 2 + 6 + 3 + 2, &wanted).await;
    // Commerce's subscriptions and providers, and two that are new.
    check(&bench, "subscribe", 2 + 2, &wanted).await;
}

/// Kills the command after each of so many calls, on an empty service; each time the next run leads to the wanted state.
async fn check(bench: &Bench, command: &str, calls: usize, wanted: &Value) {
    let mut kills = 0;
    for number in 1..=CALLS_MAX {
        bench.proxy.hold(None);
        bench.ok(&["offboard", "--yes"]);
        assert_eq!(bench.providers().await.len(), 0);
        if command != "onboard" {
            bench.ok(&["onboard"]);
        }
        bench.proxy.hold(Some(number));
        let is_killed = is_killed(bench, command).await;
        bench.proxy.hold(None);
        bench.ok(&["onboard"]);
        bench.ok(&["subscribe"]);
        assert_eq!(bench.state().await, *wanted, "{command}, call {number}");
        if !is_killed {
            break;
        }
        kills += 1;
    }
    assert_eq!(kills, calls, "a kill after each call of {command}");
}

/// Kills a run when its answer is held back; `false` when it ends before.
async fn is_killed(bench: &Bench, command: &str) -> bool {
    let mut command = bench.project.command(&[command]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    tokio::select! {
        () = bench.proxy.held() => {
            child.kill().unwrap();
            child.wait().unwrap();
            true
        }
        status = end(&mut child) => {
            assert!(status.success());
            false
        }
    }
}

async fn end(child: &mut Child) -> ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::task::yield_now().await;
    }
}
