//! Clock, token, ingress, webhooks and back office.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Reply, StandIn, check, check_project, granted, healthy, nowhere, project};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_told() {
    let told = [("/", Reply::json(404, &json!({})).with("date", "Sun, 06 Nov 2044 08:49:37 GMT"))];
    let world = StandIn::start([healthy(), told.to_vec()].concat()).await;
    let (code, lines) = super::lines(&project(&world), &world.address);
    let line = lines.iter().find(|line| line.contains("clock ")).unwrap();
    assert!(
        line.starts_with("bad      clock          ours is ") && line.contains(" min behind that of http://HOST"),
        "{line}"
    );
    assert!(
        line.ends_with(
            " -> have the machine's clock set by a time server (NTP): OAuth 1.0a and signatures are refused otherwise"
        ),
        "{line}"
    );
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_there_is_no_token_is_told() {
    let refusal =
        |error| Reply::json(400, &json!({"error": error, "error_description": "invalid client_secret parameter"}));
    let path = "/ims/token/v3";
    check(path, refusal("invalid_client"), &["bad      token          IMS does not know this client or none of its secrets (asked at http://HOST) -> copy `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET` of the OAuth Server-to-Server credential again"]).await;
    check(path, refusal("invalid_scope"), &["bad      token          IMS does not grant these scopes (asked at http://HOST) -> add the API that these scopes belong to to the project in Adobe's Console, or take them out of `OAUTH_SCOPES`"]).await;
    check(path, refusal("invalid_org"), &["bad      token          IMS refused to give a token, its reason is `invalid_org` (asked at http://HOST) -> `OAUTH_ORG_ID` is `project.org.ims_org_id` of the workspace's JSON, `<24 hex digits>@AdobeOrg`"]).await;
    check(path, Reply::page(200), &["bad      token          IMS answered 200 with `text/html` instead of JSON (asked at http://HOST) -> check `OAUTH_BASE_URL`; a proxy or login before it has to let requests through"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_that_are_missing_are_named() {
    let few =
        granted("AdobeID,openid,read_organizations,additional_info.projectedProductContext,additional_info.roles");
    check("/ims/token/v3", few, &["bad      scopes         the token has no `adobeio_api`, `read_client_secret`, `manage_client_secrets` -> add it to `OAUTH_SCOPES` (left out, it holds all but `commerce.accs`), and its API to the project in Adobe's Console"]).await;
}

/// Registrations lead to where the kit was.
const MOVED: &str = "bad      registrations  8 of 8 registrations are not as the files say: `Commerce Product Sync` (webhook_url), `Commerce Customer Sync` (webhook_url), `Commerce Order Sync` (webhook_url) and 5 more -> run `kit onboard`; `--dry-run` shows all that it would change";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_nobody_reaches_are_named() {
    let (world, gone) = (StandIn::start(healthy()).await, nowhere().await);
    let nobody = format!("http://{gone} cannot be reached: nobody listens there");
    let at = |name: &str, path: &str| project(&world).with(name, &format!("http://{gone}{path}"));
    let ingress = format!(
        "bad      ingress        {nobody} -> check `KIT_EVENTS_INGRESS_URL`, and whether this machine may call it"
    );
    check_project(&at("KIT_EVENTS_INGRESS_URL", "/"), &world.address, &[&ingress]);
    let backoffice = format!(
        "bad      back office    {nobody} -> check `KIT_BACKOFFICE_URL`, and whether the back office runs and lets this machine in"
    );
    check_project(&at("KIT_BACKOFFICE_URL", "/api/"), &world.address, &[&backoffice]);
    let callback = format!(
        "bad      callback       /webhooks/backoffice-customer-sync and 7 more: {nobody} -> start `kit serve`, and the tunnel or proxy that `KIT_PUBLIC_URL` leads to"
    );
    check_project(&at("KIT_PUBLIC_URL", ""), &world.address, &[MOVED, &callback]);
    let token = format!(
        "bad      token          IMS cannot be reached (asked at http://{gone}) -> check `OAUTH_BASE_URL`, and the network; a private address has to stand in `KIT_OUTBOUND_ALLOW`"
    );
    check_project(&at("OAUTH_BASE_URL", "/ims/token/"), &world.address, &[&token]);
    let plain = project(&world).with("KIT_PUBLIC_URL", &format!("https://{}", world.address));
    let tls = "bad      callback       /webhooks/backoffice-customer-sync and 7 more: https://HOST has no TLS that can be trusted: received corrupt message of type InvalidContentType -> give this address a certificate that public authorities vouch for, with those above it";
    check_project(&plain, &world.address, &[MOVED, tls]);
    let private = project(&world).with("KIT_OUTBOUND_ALLOW", "127.0.0.0/8").with("KIT_PUBLIC_URL", "https://10.0.0.1");
    let refused = "bad      callback       /webhooks/backoffice-customer-sync and 7 more: https://10.0.0.1 is not asked: `10.0.0.1` is not called: its address is private, which only `KIT_OUTBOUND_ALLOW` permits -> the events API cannot reach it either: `KIT_PUBLIC_URL` has to be public";
    check_project(&private, &world.address, &[MOVED, refused]);
}

/// What nobody answers is waited for at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_waited_for_longer_than_ten_seconds() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let world = StandIn::start(healthy()).await;
    let at = |name: &str, path: &str, project: crate::support::Project| {
        project.with(name, &format!("http://{address}{path}"))
    };
    let project = at("OAUTH_BASE_URL", "/ims/token/", at("KIT_EVENTS_INGRESS_URL", "/", project(&world)));
    let project = at("COMMERCE_BASE_URL", "/rest/", at("KIT_BACKOFFICE_URL", "/", at("KIT_PUBLIC_URL", "", project)));
    let begun = Instant::now();
    let (code, lines) = super::lines(&project, &address);
    assert!(begun.elapsed() < Duration::from_secs(25), "one after the other: {:?}", begun.elapsed());
    let late: Vec<&str> = lines
        .iter()
        .filter(|line| line.contains("did not answer within 10 s"))
        .map(|line| &line[9..24])
        .map(str::trim)
        .collect();
    assert_eq!((code, late), (Some(1), vec!["token", "ingress", "callback", "commerce", "back office"]), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_challenge_from_coming_back_is_told() {
    let all = "bad      callback       /webhooks/backoffice-customer-sync and 7 more: ";
    for (reply, told) in [
        (
            Reply::page(200),
            "a page in HTML (200) in place of the challenge -> a proxy, a login or a tunnel's own page answers in place of the kit: let `/webhooks/` through to it",
        ),
        (
            Reply::text("welcome"),
            "200 without the challenge -> something else than the kit answers: check `KIT_PUBLIC_URL`",
        ),
        (
            Reply::json(404, &json!({})),
            "404: the kit there has no such registration, or the path was cut -> have the proxy keep the whole path below `KIT_PUBLIC_URL`, and start `kit serve` with these config files",
        ),
        (
            Reply::json(401, &json!({})),
            "401: whoever stands before the kit wants credentials -> let `/webhooks/` through without: the kit checks the signatures of deliveries itself",
        ),
        (
            Reply::json(302, &json!({})).with("location", "https://login.example.com/in"),
            "a redirect (302) to login.example.com -> the events API follows no redirect: set `KIT_PUBLIC_URL` to where it leads",
        ),
        (
            Reply::json(400, &json!({})),
            "400: the challenge did not arrive -> have the proxy keep the query of addresses",
        ),
        (
            Reply::json(502, &json!({})),
            "an answer of 502 -> look into the logs of `kit serve` and of the proxy before it",
        ),
    ] {
        check("/webhooks/", reply, &[&format!("{all}{told}")]).await;
    }
    let one = "bad      callback       /webhooks/commerce-order-sync: 200 without the challenge -> something else than the kit answers: check `KIT_PUBLIC_URL`";
    check("/webhooks/commerce-order-sync", Reply::text("\"{challenge}-\""), &[one]).await;
    check("/webhooks/commerce-order-sync", Reply::json(200, &json!({"challenge": "{challenge}"})), &[]).await;
    check("/webhooks/commerce-order-sync", Reply::text("\"{challenge}\""), &[]).await;
}
