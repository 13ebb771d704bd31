use std::time::Duration;

use events_api::credentials;
use reqwest::Response;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::world::{IMS_ORGANIZATION, World, form};

const DAY: Duration = Duration::from_hours(24);

async fn check(answer: Response, status: u16, expected: Value) {
    assert_eq!(answer.status(), status);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

async fn granted(answer: Response) {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut body: Value = answer.json().await.unwrap();
    assert_eq!(body["access_token"].take().as_str().unwrap().split('.').count(), 3);
    assert_eq!(body, json!({"access_token": null, "token_type": "bearer", "expires_in": 86399}));
}

fn error(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

#[tokio::test]
async fn a_token_is_given_for_a_form_in_the_body_in_the_query_or_in_parts() {
    let world = World::new().await;
    let fields = world.fields();
    granted(world.ask_for_token("/ims/token/v3", &fields).await).await;
    let (query, rest) = fields.split_at(1);
    granted(world.ask_for_token(&format!("/ims/token/v3?{}", form(query)), rest).await).await;
    granted(world.post(&format!("/ims/token/v3?{}", form(&fields))).send().await.unwrap()).await;
    let parts = fields
        .iter()
        .map(|(name, value)| format!("--bound\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    let body = format!("{}--bound--\r\n", parts.collect::<String>());
    let request = world.post("/ims/token/v3").header("content-type", "multipart/form-data; boundary=bound");
    granted(request.body(body).send().await.unwrap()).await;
}

#[tokio::test]
async fn scopes_stand_with_commas_or_spaces_and_must_be_known() {
    let world = World::new().await;
    let with = |scope: &str| {
        let mut fields = world.fields();
        scope.clone_into(&mut fields[3].1);
        fields
    };
    for scope in [
        "openid adobeio_api",
        "openid, AdobeID",
        "commerce.accs,event_receiver_api,email,profile",
        "AdobeID,openid,read_organizations,additional_info.projectedProductContext,additional_info.roles,adobeio_api,\
         read_client_secret,manage_client_secrets",
    ] {
        granted(world.ask_for_token("/ims/token/v3", &with(scope)).await).await;
    }
    let answer = world.ask_for_token("/ims/token/v3", &with("openid,root")).await;
    check(answer, 400, error("invalid_scope", "the scope root cannot be granted")).await;
    let answer = world.ask_for_token("/ims/token/v3", &with(" ,")).await;
    check(answer, 400, error("invalid_scope", "the parameter scope is missing")).await;
}

#[tokio::test]
async fn wrong_parameters_are_answered_as_ims_answers_them() {
    let world = World::new().await;
    let ask = async |place: usize, value: &str| {
        let mut fields = world.fields();
        value.clone_into(&mut fields[place].1);
        world.ask_for_token("/ims/token/v3", &fields).await
    };
    check(ask(0, "password").await, 400, json!({"error": "unsupported_grant_type"})).await;
    let wrong_client = error("invalid_client", "invalid client_id parameter");
    for client in ["", "00000000000000000000000000000000", &"0".repeat(1_000)] {
        check(ask(1, client).await, 400, wrong_client.clone()).await;
    }
    let wrong_secret = error("invalid_client", "invalid client_secret parameter");
    for secret in ["", "kit-wrong", &world.credential.secrets[0].hash] {
        check(ask(2, secret).await, 400, wrong_secret.clone()).await;
    }
    let mut twice = world.fields();
    twice.push(("client_id", "other".to_owned()));
    let answer = world.ask_for_token("/ims/token/v3", &twice).await;
    check(answer, 400, error("invalid_request", "a parameter has two values")).await;
    let json = world.post("/ims/token/v3").header("content-type", "application/json").body("{}").send().await.unwrap();
    let text = "the body must be a form, urlencoded or multipart/form-data";
    check(json, 400, error("invalid_request", text)).await;
    let parts = world.post("/ims/token/v3").header("content-type", "multipart/form-data; boundary=b").body("--b\r\n");
    check(parts.send().await.unwrap(), 400, error("invalid_request", "the multipart body is malformed")).await;
}

#[tokio::test]
async fn the_older_endpoint_wants_the_organisation() {
    let world = World::new().await;
    let mut fields = world.fields();
    let wrong = error("invalid_request", "invalid org_id parameter");
    check(world.ask_for_token("/ims/token/v2", &fields).await, 400, wrong.clone()).await;
    fields.push(("org_id", "FFFFFFFFFFFFFFFFFFFFFFFF@AdobeOrg".to_owned()));
    check(world.ask_for_token("/ims/token/v2", &fields).await, 400, wrong).await;
    fields[4].1 = IMS_ORGANIZATION.to_owned();
    granted(world.ask_for_token("/ims/token/v2", &fields).await).await;
}

#[tokio::test]
async fn bodies_end_at_their_limit_and_only_post_is_answered() {
    let world = World::new().await;
    let mut fields = world.fields();
    fields.push(("filler", "x".repeat(16 * 1024)));
    assert_eq!(world.ask_for_token("/ims/token/v3", &fields).await.status(), 413);
    let answer = world.http.get(format!("{}/ims/token/v3", world.url)).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn both_secrets_count_while_they_overlap() {
    let world = World::new().await;
    let mut credential = world.credential.clone();
    let second = credentials::rotate(&mut credential, engine::Clock::now(&world.clock), DAY).unwrap();
    world.store.put_credential(credential.clone()).await.unwrap();
    world.new_token(&world.secret).await;
    world.new_token(&second).await;
    world.clock.advance(DAY);
    let wrong = error("invalid_client", "invalid client_secret parameter");
    check(world.ask_for_token("/ims/token/v3", &world.fields()).await, 400, wrong).await;
    world.new_token(&second).await;
    credentials::revoke(&mut credential, engine::Clock::now(&world.clock));
    world.store.put_credential(credential).await.unwrap();
    let gone = error("invalid_client", "invalid client_id parameter");
    check(world.ask_for_token("/ims/token/v3", &world.fields()).await, 400, gone).await;
}

#[tokio::test]
async fn failures_of_one_client_are_limited_but_lock_nobody_out() {
    let world = World::new().await;
    let mut wrong = world.fields();
    "wrong".clone_into(&mut wrong[2].1);
    for _ in 0..100 {
        assert_eq!(world.ask_for_token("/ims/token/v3", &wrong).await.status(), 400);
    }
    world.clock.advance(Duration::from_millis(2_500));
    let answer = world.ask_for_token("/ims/token/v3", &wrong).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "8"));
    granted(world.ask_for_token("/ims/token/v3", &world.fields()).await).await;
    "another".clone_into(&mut wrong[1].1);
    assert_eq!(world.ask_for_token("/ims/token/v3", &wrong).await.status(), 400);
    world.credential.client_id.clone_into(&mut wrong[1].1);
    world.clock.advance(Duration::from_millis(7_500));
    assert_eq!(world.ask_for_token("/ims/token/v3", &wrong).await.status(), 400);
}

#[tokio::test]
async fn a_client_that_was_made_a_moment_ago_gets_its_token_and_uses_it() {
    let world = World::new().await;
    assert_eq!(world.get(&world.journal()).send().await.unwrap().status(), 204);
    let (credential, secret) = credentials::create("other", engine::Clock::now(&world.clock));
    world.store.put_credential(credential.clone()).await.unwrap();
    for (scope, refusal) in [
        ("openid,adobeio_api", "this is not the integration that the token belongs to"),
        ("openid", "the token lacks the scope `adobeio_api`"),
    ] {
        let fields = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", credential.client_id.clone()),
            ("client_secret", text(&secret)),
            ("scope", scope.to_owned()),
        ];
        let answer: Value = world.ask_for_token("/ims/token/v3", &fields).await.json().await.unwrap();
        let request = world.http.get(format!("{}{}", world.url, world.journal()));
        let request = request.bearer_auth(answer["access_token"].as_str().unwrap());
        let answer = request.header("x-api-key", &credential.client_id).send().await.unwrap();
        assert_eq!(answer.status(), 403, "it is known, but this is not its journal");
        assert_eq!(answer.json::<Value>().await.unwrap()["message"], refusal);
    }
}

fn text(secret: &SecretString) -> String {
    secrecy::ExposeSecret::expose_secret(secret).to_owned()
}
