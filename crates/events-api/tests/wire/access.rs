use std::sync::Arc;
use std::time::Duration;

use engine::{Arrivals, Clock, Schemas};
use events_api::{Parts, Service, credentials};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use store::Beside;
use tokio::net::TcpListener;

use crate::world::{World, options};

async fn refused(request: RequestBuilder, status: u16, text: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), status, "{text}");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    let reason = if status == 401 { "Unauthorized" } else { "Forbidden" };
    assert_eq!(body, json!({"reason": format!("{reason}. Request id: {id}."), "message": text}));
}

#[tokio::test]
async fn a_token_must_be_there_whole_and_ours() {
    let world = World::new().await;
    let journal = || world.http.get(format!("{}{}", world.url, world.journal()));
    let key = world.credential.client_id.as_str();
    refused(journal().header("x-api-key", key), 401, "the token is missing").await;
    for malformed in ["", "Bearer", "token"] {
        refused(journal().header("authorization", malformed), 401, "the token is malformed").await;
    }
    refused(journal().header("authorization", "Basic YTpi"), 401, "the authorization is no bearer token").await;
    for wrong in ["x", "a.b.c", &world.token()[1..], &format!("{}x", world.token())] {
        refused(journal().bearer_auth(wrong), 401, "the token is malformed or expired").await;
    }
    refused(journal().bearer_auth("x".repeat(5_000)), 401, "the token is malformed").await;
    let answer = journal().header("AUTHORIZATION", format!("bearer {}", world.token())).header("X-Api-Key", key);
    assert_eq!(answer.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_key_must_be_the_tokens_client() {
    let world = World::new().await;
    let journal = || world.http.get(format!("{}{}", world.url, world.journal())).bearer_auth(world.token());
    let text = "the `x-api-key` is missing, wrong or revoked";
    refused(journal(), 403, text).await;
    refused(journal().header("x-api-key", "00000000000000000000000000000000"), 403, text).await;
}

#[tokio::test]
async fn a_token_expires_after_a_day() {
    let world = World::new().await;
    let ask = async || world.get(&world.journal()).send().await.unwrap().status();
    world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(ask().await, 204);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await, 401);
}

#[tokio::test]
async fn a_credential_that_another_process_revokes_counts_no_more_after_a_second() {
    let world = World::new().await;
    let ask = async || world.get(&world.journal()).send().await.unwrap().status();
    assert_eq!(ask().await, 204);
    let mut credential = world.credential.clone();
    credentials::revoke(&mut credential, world.clock.now());
    Beside::open(&world.folder.path().join("data")).unwrap().put_credential(&credential).unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await, 403);
    let published = world.publication("{}").send().await.unwrap();
    assert_eq!(published.status(), 403);
}

#[tokio::test]
async fn tokens_outlive_the_process_that_gave_them() {
    let world = World::new().await;
    let shared: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let schemas = Arc::new(Schemas::new(&[]));
    let (store, routes) = (Arc::clone(&world.store), world.routes.clone());
    let arrivals = Arrivals::new(schemas, routes.clone(), Arc::clone(&store), Arc::clone(&shared));
    let parts = Parts { store, routes, arrivals: Arc::new(arrivals) };
    let identity = crate::world::identity();
    let second = Service::open(identity, options(), parts, shared).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{}", listener.local_addr().unwrap(), world.journal());
    tokio::spawn(async move { axum::serve(listener, second.router()).await });
    let answer: Response = world.signed(world.http.get(url)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}
