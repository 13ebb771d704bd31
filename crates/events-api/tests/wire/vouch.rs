//! Whether a token counts, as the service says it to others and to its own process.

use std::time::Duration;

use engine::Clock;
use events_api::{Doubt, credentials};
use reqwest::Response;
use serde_json::{Value, json};

use crate::world::{IMS_ORGANIZATION, World};

const ORGANIZATIONS: &str = "/ims/organizations/v6";

/// A token of the world's client that may read the organisation.
async fn reading(world: &World) -> String {
    let mut fields = world.fields();
    "openid,read_organizations".clone_into(&mut fields[3].1);
    let answer: Value = world.ask_for_token("/ims/token/v3", &fields).await.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn validate(world: &World, kind: &str, client_id: &str, token: &str) -> Response {
    let fields = [("type", kind.to_owned()), ("client_id", client_id.to_owned()), ("token", token.to_owned())];
    world.ask_for_token("/ims/validate_token/v1", &fields).await
}

async fn check(answer: Response, expected: Value) {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

fn refused(doubt: Result<(), Doubt>) -> String {
    match doubt {
        Err(Doubt::Refused(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_token_counts_for_its_own_client_and_type_until_it_ends() {
    let world = World::new().await;
    let token = reading(&world).await;
    let client = &world.credential.client_id;
    let ends = world.clock.now().as_second() + 86_400;
    let shown = json!({"type": "access_token", "client_id": client, "expires_at": format!("{ends}000")});
    check(validate(&world, "access_token", client, &token).await, json!({"valid": true, "token": shown})).await;
    let bearer = world.post("/ims/validate_token/v1").bearer_auth(&token);
    check(bearer.send().await.unwrap(), json!({"valid": true, "token": shown})).await;
    world.service.vouch(&token).await.unwrap();
    for (kind, client_id, token, reason) in [
        ("refresh_token", client.as_str(), token.as_str(), "the token is of another type"),
        ("access_token", "somebody", &token, "the token is of another client"),
        ("access_token", client, "a.b.c", "the token is none of this events service"),
        ("access_token", client, "", "the token is none of this events service"),
    ] {
        let answer = validate(&world, kind, client_id, token).await;
        check(answer, json!({"valid": false, "reason": reason})).await;
    }
    let nothing = world.post("/ims/validate_token/v1").send().await.unwrap();
    check(nothing, json!({"valid": false, "reason": "the token is missing"})).await;
    world.clock.advance(Duration::from_secs(86_407));
    let answer = validate(&world, "access_token", client, &token).await;
    let reason = refused(world.service.vouch(&token).await);
    assert!(reason.starts_with("the token ended ") && reason.ends_with(" s ago"), "{reason}");
    check(answer, json!({"valid": false, "reason": reason})).await;
}

#[tokio::test]
async fn a_token_that_may_is_told_its_organisation() {
    let world = World::new().await;
    let organizations = async |token: &str| {
        let answer = world.http.get(format!("{}{ORGANIZATIONS}", world.url)).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, told) = organizations(&reading(&world).await).await;
    let (ident, source) = IMS_ORGANIZATION.split_once('@').unwrap();
    assert_eq!(status, 200);
    assert_eq!(told[0]["orgRef"], json!({"ident": ident, "authSrc": source}));
    assert_eq!(told.as_array().unwrap().len(), 1);
    // The world's usual token was not asked for with that scope.
    let (status, told) = organizations(&world.token()).await;
    assert_eq!((status, told["message"].as_str()), (403, Some("the scope `read_organizations` is missing")));
    assert!(refused(world.service.vouch(&world.token()).await).contains("scope `read_organizations`"));
    let (status, told) = organizations("a.b.c").await;
    assert_eq!((status, told["message"].as_str()), (401, Some("the token is none of this events service")));
    let missing = world.http.get(format!("{}{ORGANIZATIONS}", world.url)).send().await.unwrap();
    assert_eq!(missing.status(), 401);
}

#[tokio::test]
async fn nobody_vouches_for_a_client_that_was_revoked_or_a_store_that_is_closed() {
    let world = World::new().await;
    let token = reading(&world).await;
    world.service.vouch(&token).await.unwrap();
    let mut credential = world.credential.clone();
    credentials::revoke(&mut credential, world.clock.now());
    world.store.put_credential(credential).await.unwrap();
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(refused(world.service.vouch(&token).await), "the client of the token was revoked");
    let client = &world.credential.client_id;
    let answer = validate(&world, "access_token", client, &token).await;
    check(answer, json!({"valid": false, "reason": "the client of the token was revoked"})).await;
    world.store.close().await;
    world.clock.advance(Duration::from_secs(2));
    assert!(matches!(world.service.vouch(&token).await, Err(Doubt::Unknown(_))));
    assert_eq!(validate(&world, "access_token", client, &token).await.status(), 503);
}
