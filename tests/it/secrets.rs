//! What a target repeats of our credentials is told to nobody, and what is told stays useful.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{PRODUCT_CREATE, Project, product};

const TOKEN: &str = "token-of-the-talkative-\"shop\"";

/// A Commerce that refuses all calls and repeats what they bring along.
async fn talkative() -> String {
    let answer = |headers: HeaderMap| async move {
        let brought = headers["authorization"].to_str().unwrap().to_owned();
        // Word for word the client finds what it sent by itself.
        let encoded = brought.replace("Bearer ", "").replace('"', "%22");
        let body = serde_json::json!({"message": format!("SKU is wrong at /?by={encoded}; you are {brought}")});
        (StatusCode::BAD_REQUEST, body.to_string())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

/// The newest run of an action, as a person reads it.
fn newest(project: &Project, action: &str) -> Option<Value> {
    let listed = project.run(&["activation", "list", "--limit", "1", "--action", action, "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).ok()?;
    listed.get(0).cloned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_repeats_our_token_leaves_no_trace_of_it() {
    let project = Project::new().with("COMMERCE_BASE_URL", &talkative().await).with("COMMERCE_ACCESS_TOKEN", TOKEN);
    let kit = project.start(&["dev"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    let run = kit.until("the attempt", || async { newest(&project, "product-backoffice/created") }).await;
    let told = run["response"]["result"].to_string();
    assert!(told.contains("SKU is wrong at /?by=[redacted]; you are Bearer ***"), "{told}");
    // The search at the end of each test looks into the log, the store and all that was printed here.
}
