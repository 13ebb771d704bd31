//! What somebody changed at the events API is found, named, and mended; what the files change is brought there.

use reqwest::Method;
use serde_json::{Value, json};

use super::Bench;

const EVENTS: &str = "onboarding/config/events.json";

impl Bench {
    async fn put(&self, path: &str, body: &Value) {
        let answer = self.service.ask(Method::PUT, &self.place(path), Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn provider(&self, label: &str) -> Value {
        self.providers().await.into_iter().find(|found| found["label"] == label).unwrap()
    }

    /// Drift is told as this line, and only this; afterwards the state is as it was.
    async fn check_mended(&self, line: &str, wanted: &Value) {
        assert_eq!(self.changes(&["onboard", "--dry-run"]), [line]);
        assert_ne!(self.snapshot().await, *wanted, "{line}");
        assert_eq!(self.changes(&["onboard"]), [line]);
        assert_eq!(self.snapshot().await, *wanted, "{line}");
        assert_eq!(self.changes(&["onboard"]), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_any_item_at_the_service_is_found_and_mended() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let wanted = bench.snapshot().await;
    let provider = bench.provider("Backoffice Provider - local").await;
    let (id, label, description) = (provider["id"].as_str().unwrap(), &provider["label"], &provider["description"]);
    for (body, why) in [
        (json!({"label": "Renamed", "description": description}), "label"),
        (json!({"label": label, "description": "Other"}), "description"),
        (json!({"label": label, "description": description, "docs_url": "https://docs.example.com"}), "docs_url"),
    ] {
        bench.put(&format!("providers/{id}"), &body).await;
        bench.check_mended(&format!("update provider Backoffice Provider - local ({why})"), &wanted).await;
    }
    let code = "be-observer.catalog_stock_update";
    let event = |member: &str, value: Value| {
        let sample = "W3sic2t1IjoiQSIsInNvdXJjZSI6ImRlZmF1bHQiLCJxdWFudGl0eSI6MTAsIm91dE9mU3RvY2siOmZhbHNlfV0=";
        let mut event =
            json!({"event_code": code, "label": code, "description": code, "sample_event_template": sample});
        event[member] = value;
        event
    };
    // The sample of this one is another in any case.
    for (body, why) in [
        (event("label", "Stock".into()), "label, sample_event_template"),
        (event("description", "Stock".into()), "description, sample_event_template"),
        (event("label", code.into()), "sample_event_template"),
    ] {
        bench.put(&format!("providers/{id}/eventmetadata/{code}"), &body).await;
        bench.check_mended(&format!("update event-metadata {code} ({why})"), &wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_registration_is_found_and_mended_and_keeps_its_id() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let wanted = bench.snapshot().await;
    let find = |all: Vec<Value>| all.into_iter().find(|found| found["name"] == "Backoffice Product Sync").unwrap();
    let found = find(bench.registrations().await);
    let id = found["registration_id"].as_str().unwrap();
    let body = |member: &str, value: Value| {
        let events = found["events_of_interest"].as_array().unwrap().iter();
        let events: Vec<Value> = events
            .map(|event| json!({"provider_id": event["provider_id"], "event_code": event["event_code"]}))
            .collect();
        let mut body = json!({"name": found["name"], "description": found["description"], "delivery_type": "journal", "events_of_interest": events});
        body[member] = value;
        body
    };
    let fewer = json!([body("name", found["name"].clone())["events_of_interest"][0]]);
    for (body, why) in [
        (body("description", "Other".into()), "description"),
        (body("events_of_interest", fewer), "events_of_interest"),
    ] {
        bench.put(&format!("registrations/{id}"), &body).await;
        bench.check_mended(&format!("update registration Backoffice Product Sync ({why})"), &wanted).await;
    }
    assert_eq!(find(bench.registrations().await)["registration_id"], id);
    // Somebody wants it to be off.
    bench.put(&format!("registrations/{id}"), &body("enabled", false.into())).await;
    assert_eq!(bench.changes(&["onboard"]), [""; 0]);
    assert_eq!(find(bench.registrations().await)["enabled"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_comes_again() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let wanted = bench.snapshot().await;
    let found = bench.registrations().await.remove(0);
    let path = bench.place(&format!("registrations/{}", found["registration_id"].as_str().unwrap()));
    assert_eq!(bench.service.ask(Method::DELETE, &path, None).await.status, 204);
    let line = format!("create registration {}", found["name"].as_str().unwrap());
    bench.check_mended(&line, &wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_event_list_changes_the_registration() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let events = bench.project.read(EVENTS);
    bench
        .project
        .write(EVENTS, &events.replace("be-observer.catalog_stock_update", "be-observer.catalog_stock_counted"));
    let changed = [
        "create event-metadata be-observer.catalog_stock_counted",
        "update registration Backoffice Stock Sync (events_of_interest)",
    ];
    assert_eq!(bench.changes(&["onboard"]), changed);
    // What the files no longer mention goes when that is said.
    assert_eq!(bench.changes(&["onboard"]), [""; 0]);
    assert_eq!(bench.changes(&["onboard", "--prune"]), ["delete event-metadata be-observer.catalog_stock_update"]);
    bench.project.write("onboarding/config/starter-kit-registrations.json",
        r#"{"product": ["commerce", "backoffice"], "customer": ["commerce"], "order": ["commerce"], "stock": ["commerce"]}"#);
    let pruned = bench.changes(&["onboard", "--prune"]);
    let registrations = ["Backoffice Customer Sync", "Backoffice Order Sync", "Backoffice Stock Sync"];
    let mut names: Vec<String> =
        pruned.iter().filter_map(|line| line.strip_prefix("delete registration ")).map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, registrations);
    assert_eq!(bench.registrations().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_namespace_keeps_its_providers() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let ids =
        |providers: Vec<Value>| -> Vec<String> { providers.iter().map(|found| found["id"].to_string()).collect() };
    let before = ids(bench.providers().await);
    let output = super::run(
        &bench.service.client_of(crate::support::Project::new()).with("AIO_runtime_namespace", "1-renamed"),
        &["onboard"],
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(ids(bench.providers().await), before);
    bench.provider("Commerce Provider - renamed").await;
    // The suffix comes once, however often it runs.
    bench.ok(&["onboard"]);
    bench.ok(&["onboard"]);
    bench.provider("Commerce Provider - local").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_another_workspace_is_not_ours_whatever_it_is_called() {
    let bench = Bench::new().await;
    let of = |workspace: &str| {
        let update = format!("https://api.adobe.io/events/1/2/{workspace}/providers/p");
        json!({"_embedded": {"providers": [{
            "id": "p", "label": "Commerce Provider - local", "description": "", "provider_metadata": "dx_commerce_events",
            "instance_id": "random", "_links": {"rel:update": {"href": update}},
        }]}})
    };
    let found = of("other");
    bench.proxy.stand_in(move |call| {
        let is_list = call.method == Method::GET && call.path.ends_with("/providers");
        is_list.then(|| axum::response::IntoResponse::into_response(axum::Json(found.clone())))
    });
    let planned = bench.changes(&["onboard", "--dry-run"]);
    assert_eq!(planned[0], "create provider Commerce Provider - local (another workspace has one of this label)");
    // And what it is called does not matter when it is ours by its instance id, as after a renaming.
    let [consumer, project, workspace] =
        ["IO_CONSUMER_ID", "IO_PROJECT_ID", "IO_WORKSPACE_ID"].map(|name| bench.service.variable(name).to_owned());
    let mut ours = of("other");
    let provider = &mut ours["_embedded"]["providers"][0];
    provider["label"] = "Renamed in the Console".into();
    provider["instance_id"] = format!("commerce-kit-commerce-{workspace}").into();
    provider["_links"]["rel:update"]["href"] =
        format!("https://api.adobe.io/events/{consumer}/{project}/{workspace}/providers/p").into();
    bench.proxy.stand_in(move |call| {
        let answer = if call.method == Method::GET && call.path.ends_with("/providers") {
            ours.clone()
        } else if call.method == Method::GET && call.path.ends_with("/eventmetadata") {
            json!({"_embedded": {"eventmetadata": []}})
        } else {
            return None;
        };
        Some(axum::response::IntoResponse::into_response(axum::Json(answer)))
    });
    let planned = bench.changes(&["onboard", "--dry-run"]);
    assert_eq!(planned[0], "update provider Commerce Provider - local (label, description)");
}
