//! Web actions with `require-adobe-auth`, in production: who gets through, and what the others and the activation learn.

mod clock;
mod ims;

use futures_util::future::join_all;
use serde_json::{Value, json};

use self::ims::{DAY, Mood, StandIn, of_ims};
use crate::support::{Answer, Project, Server, end_of};

const INFO: &str = "/api/v1/web/starter-kit/info";
const GUARDED: [&str; 3] = ["webhook/check-stock", "product-commerce/full-sync", "starter-kit/info"];
const ORG: &str = "0123456789ABCDEF01234567@AdobeOrg";
const OTHER_ORG: &str = "89ABCDEF0123456701234567@AdobeOrg";

/// A project that can serve.
fn project() -> Project {
    Project::new()
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:1/rest/")
        .with("COMMERCE_ACCESS_TOKEN", "token-of-commerce")
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:1/")
        .with("OAUTH_ORG_ID", ORG)
}

/// A client of the kit's own events service: its id and its secret.
pub fn client(project: &Project) -> (String, String) {
    let made = project.run(&["credential", "create", "shop", "--json"]);
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("OAUTH_CLIENT_ID"), text("OAUTH_CLIENT_SECRET"))
}

pub async fn token(kit: &Server, (id, secret): &(String, String), scope: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
    let request = kit.client.post(kit.url("/ims/token/v3")).body(form);
    let granted = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    granted.body["access_token"].as_str().unwrap().to_owned()
}

/// Asks for `starter-kit/info` with these headers.
async fn ask(kit: &Server, headers: &[(&str, &str)]) -> Answer {
    let mut request = kit.client.get(kit.url(INFO));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request).await
}

async fn ask_as(kit: &Server, token: &str, org_id: &str) -> Answer {
    ask(kit, &[("authorization", &format!("Bearer {token}")), ("x-gw-ims-org-id", org_id)]).await
}

/// What the activation of an answer says: its status and its reason.
fn recorded(project: &Project, answer: &Answer) -> Value {
    let id = answer.header("x-openwhisk-activation-id").unwrap();
    let shown = project.run(&["activation", "get", id, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["response"]["result"].clone()
}

/// A refusal tells its activation, and only that tells the reason.
fn check_refused(project: &Project, answer: &Answer, reason: &str) {
    let id = answer.header("x-openwhisk-activation-id").unwrap();
    let message = format!("the request is not authorized; activation {id} says why");
    assert_eq!((answer.status, &answer.body), (401, &json!({"error": message, "code": id})), "{reason}");
    let recorded = recorded(project, answer);
    assert_eq!((&recorded["statusCode"], &recorded["reason"]), (&json!(401), &json!(reason)));
}

fn check_undecided(project: &Project, answer: &Answer, reason: &str) {
    let id = answer.header("x-openwhisk-activation-id").unwrap();
    let message = json!({"error": "who is calling cannot be checked right now", "code": id});
    assert_eq!((answer.status, &answer.body), (503, &message), "{reason}");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0, "{answer:?}");
    assert_eq!(recorded(project, answer)["reason"], reason);
}

#[tokio::test]
async fn tokens_of_our_own_service_open_guarded_actions() {
    let project = project();
    let kit = project.start(&["serve"]);
    let client = client(&project);
    let token = token(&kit, &client, "openid,read_organizations").await;
    let answer = ask_as(&kit, &token, ORG).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")), "{answer:?}");
    assert!(answer.body["success"] == true && answer.header("x-openwhisk-activation-id").is_some(), "{answer:?}");
    for action in GUARDED {
        let request = kit.client.post(kit.url(&format!("/api/v1/web/{action}"))).bearer_auth(&token).body("{}");
        let answer = Answer::of(request.header("x-gw-ims-org-id", ORG)).await;
        assert_ne!(answer.status, 401, "{action}: {answer:?}");
    }
    let revoked = project.run(&["credential", "revoke", "shop"]);
    assert!(revoked.status.success(), "{revoked:?}");
    let refused = kit.until("the token to end", || async {
        let answer = ask_as(&kit, &token, ORG).await;
        (answer.status == 401).then_some(answer)
    });
    check_refused(&project, &refused.await, "the client of the token was revoked");
    let log = kit.log();
    assert!(!log.contains(&token) && !log.contains(&client.1), "{log}");
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn who_proves_nothing_is_told_nothing_and_the_activation_everything() {
    let project = project();
    let kit = project.start(&["serve"]);
    let client = client(&project);
    let good = token(&kit, &client, "openid,read_organizations").await;
    let bearer = format!("Bearer {good}");
    let org = ("x-gw-ims-org-id", ORG);
    let proof = ("authorization", bearer.as_str());
    let none = "the token is none of this events service";
    let (head, rest) = good.split_at(good.len() - 20);
    let flipped = format!("Bearer {head}{}{}", if rest.starts_with('A') { 'B' } else { 'A' }, &rest[1..]);
    let narrow = format!("Bearer {}", token(&kit, &client, "openid").await);
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[], "`authorization` is missing"),
        (&[org], "`authorization` is missing"),
        (&[proof], "`x-gw-ims-org-id` is missing"),
        (&[proof, proof, org], "`authorization` is there more than once"),
        (&[proof, org, org], "`x-gw-ims-org-id` is there more than once"),
        (&[("authorization", "Basic YTpi"), org], "`authorization` is no bearer token"),
        (&[proof, ("x-gw-ims-org-id", OTHER_ORG)], "`x-gw-ims-org-id` names another organisation than this kit's"),
        (&[("authorization", "Bearer a.b.c"), org], none),
        (&[("authorization", &flipped), org], none),
        (&[("authorization", "Bearer "), org], "`authorization` has no token after `Bearer`"),
        (&[("authorization", &narrow), org], "the token was not asked for with the scope `read_organizations`"),
    ];
    for (headers, reason) in cases {
        check_refused(&project, &ask(&kit, headers).await, reason);
    }
    for action in GUARDED {
        for request in [
            kit.client.post(kit.url(&format!("/api/v1/web/{action}"))),
            kit.client.delete(kit.url(&format!("/api/v1/web/{action}"))),
        ] {
            check_refused(&project, &Answer::of(request.body("{}")).await, "`authorization` is missing");
        }
    }
    let open = Answer::of(kit.client.post(kit.url("/api/v1/web/ingestion/webhook")).body("{}")).await;
    assert_eq!(open.status, 400, "this one asks for no such proof");
    assert_eq!(ask(&kit, &[proof, org]).await.status, 200);
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_guarded_actions_only() {
    let project = project();
    let kit = project.start(&["serve"]);
    let preflight = async |path: &str, asked: Option<&str>| {
        let mut request =
            kit.client.request(reqwest::Method::OPTIONS, kit.url(path)).header("origin", "https://a.example");
        if let Some(asked) = asked {
            request = request.header("access-control-request-headers", asked);
        }
        Answer::of(request.header("access-control-request-method", "POST")).await
    };
    let usual = "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent";
    for (asked, allowed) in [(Some("authorization,x-gw-ims-org-id"), "authorization,x-gw-ims-org-id"), (None, usual)] {
        let answer = preflight(INFO, asked).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let methods = "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH";
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
        assert_eq!(answer.header("access-control-allow-headers"), Some(allowed));
    }
    let refused = ask(&kit, &[]).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some("*")));
    let open = preflight("/api/v1/web/ingestion/webhook", None).await;
    assert_eq!((open.status, open.header("access-control-allow-origin")), (405, None));
    // On a developer's machine nothing is guarded, so no page in the browser may reach it.
    let kit = Project::new().start(&["dev"]);
    let answer = Answer::of(kit.client.request(reqwest::Method::OPTIONS, kit.url(INFO))).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, None));
    assert_eq!(ask(&kit, &[]).await.status, 200);
}

fn project_with(ims: &StandIn) -> Project {
    project().with("KIT_ADOBE_AUTH", "ims").with("OAUTH_BASE_URL", &ims.url)
}

#[tokio::test]
async fn ims_is_asked_once_for_a_token_that_many_bring() {
    let ims = StandIn::start(Mood::Vouches).await;
    let project = project_with(&ims);
    let kit = project.start(&["serve"]);
    let token = of_ims(1, DAY);
    let answers = join_all((0..40).map(|_| ask_as(&kit, &token, ORG))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(ims.calls(), ["/ims/validate_token/v1", "/ims/organizations/v6"]);
    // What cannot be a token, or names another organisation, costs no call.
    check_refused(
        &project,
        &ask_as(&kit, "opaque", ORG).await,
        "the token is not of three parts with dots between them",
    );
    let other = ask_as(&kit, &of_ims(2, DAY), OTHER_ORG).await;
    check_refused(&project, &other, "`x-gw-ims-org-id` names another organisation than this kit's");
    let ended = recorded(&project, &ask_as(&kit, &of_ims(3, -7_000), ORG).await);
    assert!(ended["reason"].as_str().unwrap().starts_with("the token ended "), "{ended}");
    assert_eq!(ims.calls().len(), 2);
    ims.becomes(Mood::Refuses);
    assert_eq!(ask_as(&kit, &token, ORG).await.status, 200, "the verdict counts for a while");
    assert!(!kit.log().contains(&token), "{}", kit.log());
}

#[tokio::test]
async fn what_ims_says_decides_and_without_its_word_nobody_is_refused() {
    let ims = StandIn::start(Mood::Refuses).await;
    let project = project_with(&ims);
    let kit = project.start(&["serve"]);
    let reason = "IMS says that the token is not valid, its reason is `revoked`";
    check_refused(&project, &ask_as(&kit, &of_ims(1, DAY), ORG).await, reason);
    ims.becomes(Mood::KnowsOthers);
    let refused = ask_as(&kit, &of_ims(2, DAY), ORG).await;
    check_refused(&project, &refused, "the token is of another organisation");
    ims.becomes(Mood::Floods);
    let answer = ask_as(&kit, &of_ims(3, DAY), ORG).await;
    check_undecided(&project, &answer, "IMS answered 200 with more than 65536 bytes");
    ims.becomes(Mood::Hangs);
    check_undecided(&project, &ask_as(&kit, &of_ims(4, DAY), ORG).await, "IMS did not answer in time");
    ims.becomes(Mood::Fails);
    let token = of_ims(5, DAY);
    let reason = "IMS is throttling or has a fault of its own, it answered 503";
    check_undecided(&project, &ask_as(&kit, &token, ORG).await, reason);
    ims.becomes(Mood::Vouches);
    kit.until("IMS to be asked again", || async { (ask_as(&kit, &token, ORG).await.status == 200).then_some(()) })
        .await;
}

#[tokio::test]
async fn an_ims_that_cannot_be_reached_refuses_nobody() {
    let project = project().with("KIT_ADOBE_AUTH", "ims").with("OAUTH_BASE_URL", "http://127.0.0.1:1/ims/token/");
    let kit = project.start(&["serve"]);
    check_undecided(&project, &ask_as(&kit, &of_ims(1, DAY), ORG).await, "IMS cannot be reached");
    check_refused(&project, &ask(&kit, &[]).await, "`authorization` is missing");
}

#[tokio::test]
async fn a_kit_that_publishes_to_anothers_events_service_takes_its_tokens() {
    let service = Project::new().with("KIT_ROLE", "events-service").with("OAUTH_ORG_ID", ORG);
    let events = service.start(&["serve"]);
    let client = client(&service);
    let project = project()
        .with("KIT_EVENTS_API", "adobe")
        .with("OAUTH_CLIENT_ID", &client.0)
        .with("OAUTH_CLIENT_SECRET", &client.1)
        .with("IO_CONSUMER_ID", "1")
        .with("IO_PROJECT_ID", "2")
        .with("IO_WORKSPACE_ID", "3")
        .with("KIT_EVENTS_INGRESS_URL", &events.url("/"))
        .with("IO_MANAGEMENT_BASE_URL", &events.url("/events/"))
        .with("OAUTH_BASE_URL", &events.url("/ims/token/"));
    let kit = project.start(&["serve"]);
    let good = token(&events, &client, "openid,read_organizations").await;
    assert_eq!(ask_as(&kit, &good, ORG).await.status, 200);
    let narrow = token(&events, &client, "openid").await;
    let reason = recorded(&project, &ask_as(&kit, &narrow, ORG).await)["reason"].clone();
    assert!(reason.as_str().unwrap().contains("scope `read_organizations`"), "{reason}");
}

/// Calls `starter-kit/info` from the command line.
fn invoke(project: &Project, kit: &Server, client: &[(&str, &str)]) -> std::process::Output {
    let mut command = project.command(&["action", "invoke", "starter-kit/info"]);
    command.env("KIT_URL", kit.url("")).envs(client.iter().copied());
    end_of(command)
}

#[tokio::test]
async fn the_command_line_gets_a_token_where_an_action_demands_one() {
    let project = project();
    let kit = project.start(&["serve"]);
    let (id, secret) = client(&project);
    let known = [("OAUTH_CLIENT_ID", id.as_str()), ("OAUTH_CLIENT_SECRET", secret.as_str())];
    let called = invoke(&project, &kit, &known);
    assert!(called.status.success(), "{called:?}");
    let said = |output: &std::process::Output| String::from_utf8(output.stderr.clone()).unwrap();
    let nobody = invoke(&project, &kit, &[]);
    assert_eq!(nobody.status.code(), Some(1));
    let hint =
        "`starter-kit/info` answered 401\n  hint: set `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET` and `OAUTH_ORG_ID`";
    assert!(said(&nobody).contains(hint), "{nobody:?}");
    let wrong = invoke(&project, &kit, &[known[0], ("OAUTH_CLIENT_SECRET", "wr0ng-one")]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        said(&wrong).contains("note: called without an access token: ") && !said(&wrong).contains("wr0ng"),
        "{wrong:?}"
    );
    let stranger = invoke(&project, &kit, &[known[0], known[1], ("OAUTH_ORG_ID", OTHER_ORG)]);
    assert!(said(&stranger).contains("hint: `kit activation get ID`"), "{stranger:?}");
    let activation = String::from_utf8(stranger.stdout).unwrap();
    assert!(activation.contains("the request is not authorized; activation "), "{activation}");
    let log = kit.log();
    assert!(!log.contains(&secret), "{log}");
    // On loopback `kit dev` asks nobody; what it does not know is no obstacle.
    let dev = project.with("KIT_DATA", "other").start(&["dev"]);
    assert!(
        invoke(&Project::new(), &dev, &[("OAUTH_CLIENT_ID", "x"), known[1], ("OAUTH_ORG_ID", ORG)]).status.success()
    );
}

/// The command is waited for on one thread while the stand-in answers on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_asks_adobes_ims_where_that_vouches() {
    let ims = StandIn::start(Mood::Vouches).await;
    let project = project_with(&ims);
    let kit = project.start(&["serve"]);
    let client = [("OAUTH_CLIENT_ID", "shop"), ("OAUTH_CLIENT_SECRET", "s3cr3t-of-the-shop")];
    let called = invoke(&project, &kit, &client);
    assert!(called.status.success(), "{called:?}");
    assert_eq!(ims.calls(), ["/ims/token/v3", "/ims/validate_token/v1", "/ims/organizations/v6"]);
}
