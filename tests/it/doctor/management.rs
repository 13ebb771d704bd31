//! What the management API says, and what it has.

use serde_json::json;

use super::stand_in::onboarded;
use super::{Reply, StandIn, check, check_project, healthy, nowhere, project};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_the_management_api_does_not_know_us_is_told() {
    let refused = |status, message: &str| Reply::json(status, &json!({"reason": null, "message": message}));
    let (organisation, workspace) = ("/events/11/providers", "/events/11/22/33/registrations");
    check(organisation, refused(401, "Oauth token is not valid"), &["bad      management     I/O Events answered 401: Oauth token is not valid -> add the I/O Management API to the project in Adobe's Console; the token needs the scope `adobeio_api`"]).await;
    check(organisation, refused(403, "Forbidden"), &["bad      management     I/O Events answered 403: Forbidden -> `OAUTH_ORG_ID` and `IO_CONSUMER_ID` have to be those of the credential's organisation: `ims_org_id` and `id` of `project.org` in the workspace's JSON"]).await;
    check(organisation, refused(404, "none"), &["bad      management     I/O Events answered 404: none -> no organisation has this `IO_CONSUMER_ID`: it is `project.org.id` in the workspace's JSON"]).await;
    check(workspace, refused(404, "none"), &["bad      management     I/O Events answered 404: none -> the organisation has no such project or workspace: `IO_PROJECT_ID` and `IO_WORKSPACE_ID` are `project.id` and `project.workspace.id` in the workspace's JSON"]).await;
    check(workspace, Reply::page(200), &["bad      management     it answered 200 with a page in HTML or XML that is not JSON -> check `IO_MANAGEMENT_BASE_URL`; a proxy or a login page seems to answer in its place"]).await;
    let (world, gone) = (StandIn::start(healthy()).await, nowhere().await);
    let nobody = project(&world).with("IO_MANAGEMENT_BASE_URL", &format!("http://{gone}/events/"));
    check_project(
        &nobody,
        &world.address,
        &[
            "bad      management     I/O Events cannot be reached: Connection refused (os error 111) -> check `IO_MANAGEMENT_BASE_URL`, and the network",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_onboarding_would_change_is_told() {
    let hint = "-> run `kit onboard`; `--dry-run` shows all that it would change";
    let none = Reply::json(200, &json!({"_embedded": {"registrations": []}}));
    check("/events/11/22/33/registrations", none, &[&format!("bad      registrations  8 of 8 registrations are not as the files say: no `Commerce Product Sync`, no `Commerce Customer Sync`, no `Commerce Order Sync` and 5 more {hint}")]).await;
    let elsewhere = onboarded(|shown| {
        if shown["name"] == "Commerce Order Sync" {
            shown["webhook_url"] = "https://old.example/webhooks/commerce-order-sync".into();
        }
    });
    let world = StandIn::start([elsewhere, healthy()].concat()).await;
    check_project(
        &project(&world),
        &world.address,
        &[&format!(
            "bad      registrations  1 of 8 registrations are not as the files say: `Commerce Order Sync` (webhook_url) {hint}"
        )],
    );
    let metadata = Reply::json(200, &json!({"_embedded": {"eventmetadata": []}}));
    let world = StandIn::start([vec![("/events/providers/p-backoffice/", metadata)], healthy()].concat()).await;
    let (_, lines) = super::lines(&project(&world), &world.address);
    let line = lines.iter().find(|line| {
        line.starts_with(
            "bad      providers      13 of 23 providers and event metadata are not as the files say: no `be-observer.",
        )
    });
    assert!(line.is_some_and(|line| line.ends_with(hint)), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_that_are_switched_off_are_named() {
    let off = onboarded(|shown| {
        if shown["name"] == "Commerce Order Sync" {
            shown["enabled"] = false.into();
        }
    });
    let world = StandIn::start([off, healthy()].concat()).await;
    check_project(
        &project(&world),
        &world.address,
        &[
            "bad      registrations  `Commerce Order Sync` is disabled -> enable it in Adobe's Console when its webhook answers (see `callback`); events of up to 7 days wait in its journal",
        ],
    );
}
