//! Each failure ends with one readable error, exit code 1, and a state from which running again works.

use http::{Method, StatusCode};
use serde_json::json;

use super::Bench;
use super::proxy::{Call, html, problem};
use crate::support::Project;

/// The command fails with these words and sends no write; afterwards it works.
fn check(bench: &Bench, words: &[&str]) {
    bench.proxy.take();
    let said = bench.fails(&["onboard"]);
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    assert!(said.starts_with("error: ") && said.contains("\n  hint: "), "{said}");
}

fn is_list(call: &Call, end: &str) -> bool {
    call.method == Method::GET && call.path.ends_with(end)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_stops_everything() {
    let bench = Bench::new().await;
    for (end, label) in [
        ("/providers", "PROVIDER_ONBOARDING → UNEXPECTED_ERROR\n  Unexpected error occurred while creating providers"),
        (
            "/registrations",
            "REGISTRATIONS_ONBOARDING → UNEXPECTED_ERROR\n  Unexpected error occurred while creating registrations",
        ),
    ] {
        bench.proxy.stand_in(move |call| is_list(call, end).then(|| problem(StatusCode::FORBIDDEN, "no access")));
        check(&bench, &[label, "I/O Events answered 403: no access", "OAUTH_SCOPES"]);
        assert!(!bench.proxy.take().iter().any(Call::is_write), "a list that failed is no empty list");
        bench.proxy.stand_in(move |call| is_list(call, end).then(|| html(StatusCode::OK)));
        check(&bench, &[label, "a page in HTML or XML that is not JSON", "IO_MANAGEMENT_BASE_URL"]);
        bench.proxy.stand_in(move |call| is_list(call, end).then(|| html(StatusCode::FOUND)));
        check(&bench, &[label, "answered 302", "hint: check `IO_MANAGEMENT_BASE_URL`; a proxy or a login page"]);
    }
    bench.proxy.stand_in(|_| None);
    bench.ok(&["onboard"]);
    bench.proxy.stand_in(|call| is_list(call, "/eventmetadata").then(|| problem(StatusCode::BAD_GATEWAY, "later")));
    check(
        &bench,
        &[
            "METADATA_ONBOARDING → GET_EXISTING_METADATA_FAILED",
            "returned a non-2XX status code",
            "answered 502: later",
        ],
    );
    bench.proxy.stand_in(|_| None);
    assert!(bench.ok(&["onboard"]).contains("31 left as they are"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_is_told_with_its_label_and_the_next_run_goes_on() {
    let bench = Bench::new().await;
    for (end, label) in [
        ("/providers", "PROVIDER_ONBOARDING → PROVIDER_CREATION_FAILED"),
        ("/eventmetadata", "METADATA_ONBOARDING → ADD_EVENT_CODE_TO_PROVIDER_FAILED"),
        ("/registrations", "REGISTRATIONS_ONBOARDING → CREATE_EVENT_REGISTRATION_FAILED"),
    ] {
        let is_it = move |call: &Call| call.method == Method::POST && call.path.ends_with(end);
        bench.proxy.stand_in(move |call| is_it(call).then(|| problem(StatusCode::INTERNAL_SERVER_ERROR, "broken")));
        check(
            &bench,
            &[label, "returned a non-2XX status code", "I/O Events answered 500: broken", "at: create", "run it again"],
        );
        bench.proxy.stand_in(move |call| is_it(call).then(|| html(StatusCode::OK)));
        check(&bench, &[label, "did not return the expected response"]);
        bench.proxy.stand_in(move |call| {
            is_it(call).then(|| axum::response::IntoResponse::into_response(axum::Json(json!({"reason": "no"}))))
        });
        check(&bench, &[label, "did not return the expected response"]);
    }
    bench.proxy.stand_in(|_| None);
    assert!(bench.ok(&["onboard"]).starts_with("[1/8] create  registration"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_and_a_taken_name_are_told() {
    let bench = Bench::new().await;
    let is_it = |call: &Call| call.method == Method::POST && call.path.ends_with("/registrations");
    bench
        .proxy
        .stand_in(move |call| is_it(call).then(|| problem(StatusCode::CONFLICT, "a client may have 30 registrations")));
    check(
        &bench,
        &[
            "CREATE_EVENT_REGISTRATION_FAILED",
            "409: a client may have 30 registrations",
            "as many registrations as it may",
        ],
    );
    bench.proxy.stand_in(|_| None);

    // Another client of the workspace has the name.
    let other = bench.service.project.run(&["credential", "create", "other"]);
    let other = String::from_utf8(other.stdout).unwrap();
    let other = other.lines().find_map(|line| line.strip_prefix("OAUTH_CLIENT_ID=")).unwrap();
    let provider =
        bench.providers().await.into_iter().find(|found| found["label"] == "Backoffice Provider - local").unwrap();
    let registration = json!({
        "client_id": other, "name": "Backoffice Stock Sync", "delivery_type": "journal",
        "events_of_interest": [{"provider_id": provider["id"], "event_code": "be-observer.catalog_stock_update"}],
    });
    let made = bench.service.ask(Method::POST, &bench.place("registrations"), Some(&registration)).await;
    assert_eq!(made.status, 201, "{made:?}");
    check(&bench, &["The name `Backoffice Stock Sync` is taken", "another client has a registration of this name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_wrong_are_told_without_being_shown() {
    let bench = Bench::new().await;
    let with = |name: &str, value: &str| Bench::client(&bench.service, &bench.proxy).with(name, value);
    for (project, words) in [
        (with("OAUTH_CLIENT_SECRET", "a-secret-that-is-none"), "GET_ACCESS_TOKEN → UNEXPECTED_IMS_AUTH_ERROR"),
        (with("OAUTH_CLIENT_SECRET", "a-secret-that-is-none"), "check `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET`"),
        (with("OAUTH_SCOPES", "openid"), "I/O Events answered 403: the token lacks the scope `adobeio_api`"),
        (with("IO_CONSUMER_ID", "1"), "the path names an organisation other than the token's"),
        (
            with("IO_PROJECT_ID", "1"),
            "fill `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID` from workspace.json",
        ),
        (with("IO_MANAGEMENT_BASE_URL", "http://127.0.0.1:9/"), "I/O Events cannot be reached"),
        (with("OAUTH_BASE_URL", "http://127.0.0.1:9/"), "IMS cannot be reached"),
    ] {
        let output = super::run(&project, &["onboard"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words), "{words}: {said}");
        assert!(said.contains("\n  hint: "), "{said}");
    }
    assert_eq!(bench.providers().await.len(), 0);
    bench.ok(&["onboard"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_no_action_would_get_are_told() {
    let bench = Bench::new().await;
    let events = bench.project.read("onboarding/config/events.json");
    let slip = events.replace("be-observer.catalog_product_create", "be-observer.catalog_product_creat");
    bench.project.write("onboarding/config/events.json", &slip);
    let told = "`be-observer.catalog_product_creat` in events.json has no route in `product-backoffice/consumer`; did you mean \
                `be-observer.catalog_product_create`?\n";
    let output = bench.run(&["onboard", "--dry-run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said == format!("note: {told}"), "{said}");
    assert!(bench.ok(&["check"]).contains(told));
    bench.project.write("onboarding/config/events.json", &events);
    let entities = bench.project.read("onboarding/config/starter-kit-registrations.json");
    let more = entities.replace("\"stock\"", "\"invoice\": [\"backoffice\"], \"stock\"");
    bench.project.write("onboarding/config/starter-kit-registrations.json", &more);
    let with_invoices =
        events.replacen('{', "{\"invoice\": {\"backoffice\": {\"be-observer.invoice_create\": {}}},", 1);
    bench.project.write("onboarding/config/events.json", &with_invoices);
    let said = String::from_utf8(bench.run(&["onboard", "--dry-run"]).stderr).unwrap();
    let left_out = "note: `Backoffice Invoice Sync` is left out: its action `invoice-backoffice/consumer` is not in app.config.yaml\n";
    assert_eq!(said, left_out);
    bench.project.write("onboarding/config/starter-kit-registrations.json", &entities);
    bench.project.write("onboarding/config/events.json", &events);
    let output = bench.run(&["onboard"]);
    assert!(output.status.success() && !String::from_utf8(output.stderr).unwrap().contains("no route"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_file_of_another_organisation_is_refused() {
    let bench = Bench::with_commerce().await;
    let path = "onboarding/config/workspace.json";
    let file = bench.project.read(path);
    let organisation = bench.service.variable("OAUTH_ORG_ID");
    bench.project.write(path, &file.replace(organisation, "89ABCDEF0123456701234567@AdobeOrg"));
    let told = "`project.org.ims_org_id` is `89ABCDEF0123456701234567@AdobeOrg`, but `OAUTH_ORG_ID` is ";
    for command in [&["onboard"][..], &["onboard", "--dry-run"]] {
        let said = bench.fails(command);
        assert!(said.contains("workspace.json: ") && said.contains(told) && said.contains("\n  hint: "), "{said}");
    }
    assert_eq!(bench.providers().await.len(), 0);
    bench.project.write(path, &file);
    bench.ok(&["onboard"]);
}

#[test]
fn variables_and_files_are_checked_before_anything_is_asked() {
    let project = Project::new().with("KIT_EVENTS_API", "adobe").with("IO_MANAGEMENT_BASE_URL", "http://127.0.0.1:9/");
    let said = |project: &Project| {
        let output = project.run(&["onboard"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = said(&project);
    assert!(
        told.starts_with("error: ENVIRONMENT_VARIABLES → INVALID_ENV_VARS\n  Missing or invalid environment variables"),
        "{told}"
    );
    for name in
        ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_ORG_ID", "IO_CONSUMER_ID", "IO_PROJECT_ID", "IO_WORKSPACE_ID"]
    {
        assert!(told.contains(&format!("`{name}`")), "{name}: {told}");
    }
    let project = Project::new();
    project.write("onboarding/config/starter-kit-registrations.json", r#"{"product": [], "order": []}"#);
    let told = said(&project);
    assert!(
        told.contains("MISSING_REGISTRATIONS") && told.contains("├── Registration \"customer\" is required"),
        "{told}"
    );
    project.write("onboarding/config/providers.json", "[\n  {\"key\": \"commerce\", \"lable\": \"x\"}]");
    assert!(said(&project).contains("providers.json"), "{}", said(&project));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_fails_is_told_as_one_and_goes_on_the_next_time() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    bench.proxy.stand_in(|call| {
        let is_it = call.method == Method::DELETE && call.path.contains("/providers/");
        is_it.then(|| problem(StatusCode::INTERNAL_SERVER_ERROR, "broken"))
    });
    let said = bench.fails(&["offboard", "--yes"]);
    assert!(said.contains("Unexpected error occurred while removing what onboarding made"), "{said}");
    assert!(said.contains("I/O Events answered 500: broken") && said.contains("at: delete  provider"), "{said}");
    assert_eq!((bench.providers().await.len(), bench.registrations().await.len()), (2, 0));
    bench.proxy.stand_in(|_| None);
    bench.ok(&["offboard", "--yes"]);
    assert_eq!(bench.providers().await.len(), 0);
}
