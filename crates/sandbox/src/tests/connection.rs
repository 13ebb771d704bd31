//! What a client sees on a real connection.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Store, TOKEN, V1, minimal};

#[tokio::test]
async fn a_cut_ends_the_connection_without_one_byte_of_an_answer() {
    let store = Store::new();
    let address = serve(&store).await;
    for (cut, existed) in [("before", false), ("after", true)] {
        store.order(json!({ "cut": cut })).await;
        assert_eq!(exchange(address, "POST", "products", &minimal("Mug")).await, "", "{cut}");
        assert_eq!(store.sandbox.product("Mug").is_some(), existed, "{cut}");
    }
    let answer = exchange(address, "GET", "products/Mug", &Value::Null).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_cut_ends_a_connection_that_has_answered_before() {
    let store = Store::new();
    let address = serve(&store).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(text("POST", "products", &minimal("Mug"), "keep-alive").as_bytes()).await.unwrap();
    let mut first = vec![0; 15];
    connection.read_exact(&mut first).await.unwrap();
    assert_eq!(first, b"HTTP/1.1 200 OK");

    store.order(json!({"cut": "after"})).await;
    connection.write_all(text("DELETE", "products/Mug", &Value::Null, "keep-alive").as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8(rest).unwrap().contains("HTTP/1.1"), "no second answer");
    assert_eq!(store.sandbox.product("Mug"), None);
}

#[tokio::test]
async fn an_encoded_slash_stays_in_its_sku_on_the_wire() {
    let store = Store::new();
    let address = serve(&store).await;
    store.create("a/b").await;
    let answer = exchange(address, "GET", "products/a%2Fb", &Value::Null).await;
    assert!(answer.contains(r#""sku":"a/b""#), "{answer}");
    assert!(answer.contains("content-type: application/json; charset=utf-8\r\n"), "{answer}");
}

async fn serve(store: &Store) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = store.sandbox.router();
    // Ends with the test's own runtime.
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn exchange(address: SocketAddr, method: &str, path: &str, body: &Value) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(text(method, path, body, "close").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

fn text(method: &str, path: &str, body: &Value, connection: &str) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    format!(
        "{method} {V1}{path} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {TOKEN}\r\nConnection: {connection}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
