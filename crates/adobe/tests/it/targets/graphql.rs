use adobe::Graphql;
use http::Method;
use sdk::{Call, Fate, Reply, TargetPort};
use serde_json::json;

use super::{get, governor, post};
use crate::support::{Stand, json, pool};

fn graphql(url: &str) -> Graphql {
    Graphql::new(pool(), url, governor())
}

async fn ask(status: u16, answer: &str) -> Reply {
    let answer = answer.to_owned();
    let stand = Stand::start(move |_, _| json(status, &answer)).await;
    graphql(&stand.url).call(post("", r#"{"query":"{ a }"}"#)).await.unwrap()
}

#[tokio::test]
async fn a_query_is_posted_without_credentials() {
    let stand = Stand::start(|_, _| json(200, r#"{"data":{"products":{}}}"#)).await;
    let reply = graphql(&format!("{}/graphql", stand.url)).call(post("", r#"{"query":"{ a }"}"#)).await.unwrap();
    assert_eq!((reply.status, reply.body), (200, json!({"data": {"products": {}}})));
    let [seen] = &stand.seen("/")[..] else { panic!("one call") };
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/graphql"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), None);
}

async fn check(answer: &str, status: u16, error: &str) {
    let reply = ask(200, answer).await;
    assert_eq!((reply.status, reply.error.as_deref()), (status, Some(error)), "{answer}");
    assert!(reply.body.is_null());
}

#[tokio::test]
async fn errors_are_a_failure_although_the_number_says_success() {
    check(
        r#"{"errors":[{"message":"Internal server error","locations":[]},{"message":"b"}],"data":null}"#,
        502,
        r#"GraphQL query failed: "Internal server error""#,
    )
    .await;
    check(
        r#"{"errors":[{"message":"x","extensions":{"category":"graphql-authorization"}}]}"#,
        502,
        r#"GraphQL query failed: "x""#,
    )
    .await;
    check(r#"{"errors":["odd"]}"#, 502, r#"GraphQL query failed: """#).await;
    for category in ["graphql-input", "graphql-no-such-entity"] {
        let answer = json!({"errors": [{"message": "x", "extensions": {"category": category}}]}).to_string();
        check(&answer, 400, r#"GraphQL query failed: "x""#).await;
    }
}

#[tokio::test]
async fn long_errors_are_cut() {
    let answer = json!({"errors": [{"message": "ä".repeat(5_000)}]}).to_string();
    check(&answer, 502, &format!("GraphQL query failed: \"{}\"", "ä".repeat(1_000))).await;
}

#[tokio::test]
async fn no_errors_are_no_errors() {
    for answer in [r#"{"data":{},"errors":[]}"#, r#"{"data":{},"errors":null}"#] {
        assert!(ask(200, answer).await.is_success());
    }
}

#[tokio::test]
async fn other_answers_keep_their_number() {
    let reply = ask(503, "<html>").await;
    assert_eq!((reply.status, reply.error.as_deref()), (503, Some("Commerce answered 503")));
    let reply = ask(500, r#"{"errors":[{"message":"x","extensions":{"category":"graphql-input"}}]}"#).await;
    assert_eq!((reply.status, reply.error.as_deref()), (500, Some(r#"GraphQL query failed: "x""#)));
    for answer in ["", "<html>"] {
        let reply = ask(200, answer).await;
        let error = "Commerce answered 200 with something that is not JSON";
        assert_eq!((reply.status, reply.error.as_deref()), (502, Some(error)));
    }
}

#[tokio::test]
async fn only_a_post_to_the_address_itself_is_a_query() {
    for call in [get(""), post("products", "{}"), Call { method: Method::PUT, ..post("", "{}") }] {
        let stop = graphql("http://127.0.0.1:1/graphql").call(call).await.unwrap_err();
        assert_eq!(stop.fate(), &Fate::Parked);
    }
    assert_eq!(graphql("shop").call(post("", "{}")).await.unwrap_err().fate(), &Fate::Parked);
}
