use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use engine::Clock;
use events_api::Options;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::{Registration, Verification};
use tokio::net::TcpListener;

use crate::courier::{HOOK, hook};
use crate::receiver::{Received, Receiver};
use crate::world::{World, options};

const CLIENT: &str = "client-1";

async fn verified(world: &World, url: &str) -> Result<Verification, String> {
    world.service.verify_webhook(url, CLIENT).await
}

#[tokio::test]
async fn a_webhook_that_echoes_its_challenge_is_verified() {
    let world = World::new().await;
    let bare: fn(&Received) -> String = |request| request.challenge();
    let quoted: fn(&Received) -> String = |request| format!("\"{}\"", request.challenge());
    let named: fn(&Received) -> String = |request| json!({"challenge": request.challenge()}).to_string();
    for echo in [bare, quoted, named] {
        let receiver = Receiver::answering(echo).await;
        assert_eq!(verified(&world, &receiver.url).await, Ok(Verification::Verified));
        let [request] = receiver.take().try_into().unwrap();
        assert_eq!((request.method.as_str(), request.uri.path()), ("GET", "/hook"));
        assert_eq!(request.header("user-agent"), Some("Adobe/1.0"));
        assert!(uuid::Uuid::parse_str(&request.challenge()).is_ok());
    }
    let receiver = Receiver::answering(bare).await;
    assert_eq!(verified(&world, &format!("{}?key=v%20w", receiver.url)).await, Ok(Verification::Verified));
    assert!(receiver.take()[0].uri.query().unwrap().starts_with("key=v%20w&challenge="));
}

#[tokio::test]
async fn a_webhook_that_answers_anything_else_gets_a_validation_url() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "OK").await;
    let verification = verified(&world, &receiver.url).await.unwrap();
    let Verification::Pending { id, challenge, until } = &verification else { panic!("it is not verified") };
    assert_eq!(until.duration_since(world.clock.now()).as_secs(), 300);
    let [_, post] = receiver.take().try_into().unwrap();
    assert_eq!(post.method, "POST");
    assert_eq!(post.header("content-type"), Some("application/json"));
    assert_eq!(post.header("x-adobe-event-code"), Some("challenge"));
    let url = format!("{}/events/csm/registrations/validate?id={id}&challenge={challenge}", world.url);
    assert_eq!(serde_json::from_str::<Value>(&post.body).unwrap(), json!({"validationUrl": url}));
    world.register(Registration { verification: verification.clone(), ..hook(&receiver.url, "webhook") }).await;
    let fetch = async |url: &str| world.http.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(fetch(&url.replace(challenge.as_str(), "wrong")).await, 404);
    assert_eq!(fetch(&url.replace(id.as_str(), "wrong")).await, 404);
    assert_eq!(fetch(&format!("{}/events/csm/registrations/validate", world.url)).await, 404);
    assert_eq!(world.registration(HOOK).verification, verification);
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(fetch(&url).await, 200);
    assert_eq!(world.registration(HOOK).verification, Verification::Verified);
    let stored = world.store.catalogue().await.unwrap().registrations;
    assert!(stored.iter().all(|registration| registration.verification == Verification::Verified));
    assert_eq!(fetch(&url).await, 404, "it counts once");
}

#[tokio::test]
async fn a_validation_url_counts_for_five_minutes() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "OK").await;
    let verification = verified(&world, &receiver.url).await.unwrap();
    world.register(Registration { verification: verification.clone(), ..hook(&receiver.url, "webhook") }).await;
    let Verification::Pending { id, challenge, .. } = &verification else { panic!("it is not verified") };
    world.clock.advance(Duration::from_mins(5));
    let url = format!("{}/events/csm/registrations/validate?id={id}&challenge={challenge}", world.url);
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 410);
    assert_eq!(world.registration(HOOK).verification, verification);
}

/// A receiver that acts on the POST at once may call before its registration is stored, and got 404 for it. A fetch in
/// time must count, however early it comes.
#[tokio::test]
async fn a_validation_url_may_be_fetched_before_the_webhook_has_answered() {
    let world = World::new().await;
    let http = world.http.clone();
    let fetch = post(async move |Json(body): Json<Value>| {
        let answer = http.get(body["validationUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", fetch.get(async || "OK"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(verified(&world, &url).await, Ok(Verification::Verified));
}

/// Between the answer to the POST and the write of the registration a fetch was answered with 404 as well. It must be
/// found when the registration is stored.
#[tokio::test]
async fn a_validation_url_may_be_fetched_before_the_registration_is_stored() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "OK").await;
    let mut urls = Vec::new();
    let mut pending = Vec::new();
    for _ in 0..2 {
        pending.push(verified(&world, &receiver.url).await.unwrap());
        let body: Value = serde_json::from_str(&receiver.take().pop().unwrap().body).unwrap();
        urls.push(body["validationUrl"].as_str().unwrap().to_owned());
    }
    let fetch = async |url: &str| world.http.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(fetch(&urls[0]).await, 200);
    let [first, second] = pending.try_into().unwrap();
    let another = Registration {
        registration_id: "another".to_owned(),
        name: "another".to_owned(),
        verification: second,
        ..hook(&receiver.url, "webhook")
    };
    world.register(Registration { verification: first, ..hook(&receiver.url, "webhook") }).await;
    world.register(another).await;
    assert!(matches!(world.registration(HOOK).verification, Verification::Pending { .. }));
    assert_eq!(fetch(&urls[1]).await, 200, "any change of the catalogue finds the note");
    assert_eq!(world.registration(HOOK).verification, Verification::Verified);
    assert_eq!(world.registration("another").verification, Verification::Verified);
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_200_is_refused() {
    let world = World::new().await;
    for status in [StatusCode::CREATED, StatusCode::FOUND, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let receiver = Receiver::answering(move |request| (status, request.challenge())).await;
        let text = format!("the webhook answered its challenge with {} and has to answer 200", status.as_u16());
        assert_eq!(verified(&world, &receiver.url).await, Err(text));
        assert_eq!(receiver.take().len(), 1);
    }
    let receiver = Receiver::answering(|request| match request.method {
        Method::GET => StatusCode::OK,
        _ => StatusCode::BAD_REQUEST,
    })
    .await;
    let text = "the webhook answered its challenge with 400 and has to answer 200";
    assert_eq!(verified(&world, &receiver.url).await, Err(text.to_owned()));
    let nobody = verified(&world, "http://127.0.0.1:1/").await.unwrap_err();
    assert!(nobody.starts_with("the webhook did not answer its challenge: the receiver could not be reached"));
    assert_eq!(verified(&world, "no address").await, Err("`webhook_url` is no address".to_owned()));
}

#[tokio::test]
async fn only_tls_is_taken_unless_the_option_says_otherwise() {
    let world = World::with(Options { takes_plain_http: false, ..options() }).await;
    let receiver = Receiver::answering(Received::challenge).await;
    let text = "`webhook_url` must begin with `https://`";
    assert_eq!(verified(&world, &receiver.url).await, Err(text.to_owned()));
    assert_eq!(verified(&world, "ftp://127.0.0.1/").await, Err(text.to_owned()));
    let tls = verified(&world, &receiver.url.replace("http://", "https://")).await.unwrap_err();
    assert_eq!(tls, "the webhook did not answer its challenge: the TLS handshake with the receiver failed");
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_no_echo() {
    let world = World::new().await;
    let receiver = Receiver::answering(|request| match request.method {
        Method::GET => format!("{}{}", request.challenge(), " ".repeat(16 * 1024)),
        _ => String::new(),
    })
    .await;
    assert!(matches!(verified(&world, &receiver.url).await, Ok(Verification::Pending { .. })));
    assert_eq!(receiver.take().len(), 2);
}

#[tokio::test]
async fn the_challenge_of_a_registration_that_is_there_leaves_a_trace_without_its_url() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "OK").await;
    let mut registration = hook(&receiver.url, "webhook");
    registration.client_id.clone_from(&world.credential.client_id);
    world.register(registration).await;
    let client = world.credential.client_id.as_str();
    world.service.verify_webhook(&receiver.url, client).await.unwrap();
    let traces: Value = world.get(&world.traces(HOOK)).send().await.unwrap().json().await.unwrap();
    assert_eq!(traces.as_array().unwrap().len(), 1);
    assert_eq!(traces[0]["event"], "challenge");
    let request = &traces[0]["trace"]["tracingRequest"];
    assert_eq!(request["requestBody"], r#"{"validationUrl":"*****"}"#);
    assert_eq!(traces[0]["trace"]["insightsInfo"], json!([]));
}
