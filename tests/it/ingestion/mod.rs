//! The ingestion webhook over HTTP: what it takes, what it refuses, and in which words.

mod answers;
mod authentication;
mod bad_bytes;
mod capacity;
mod checks;
mod documented;
mod hangups;
mod mutations;
mod schemas;
mod uids;

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Answer, PATIENCE, Server};

const WEBHOOK: &str = "/api/v1/web/ingestion/webhook";

/// The request of the documents, letter by letter.
const SAMPLE: &str = r#"{
  "data": {
    "uid": "event_uid_1",
    "event": "be-observer.catalog_product_create",
    "value": {
      "sku": "PRODUCT_SKU",
      "name": "Product SKU",
      "price": 1,
      "description": "Product SKU description"
    }
  }
}
"#;

/// The documents' answer to it.
const SUCCESS: &str = r#"{"type":"be-observer.catalog_product_create","response":{"success":true,"message":"Event published successfully"}}"#;

impl Server {
    /// Posts `{"data": <data>}`.
    async fn post_data(&self, data: &Value) -> Answer {
        self.post(json!({ "data": data }).to_string()).await
    }

    /// Writes these bytes to a new connection and reads the answer: status, head and body.
    ///
    /// For requests that no client library sends; the server has to close the connection or say how long its body is.
    fn raw(&self, request: &[u8]) -> (u16, String, String) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(request).unwrap();
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&received).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.expect("an answer says how long it is").parse().unwrap();
                if body.len() >= length {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    return (status, head.to_owned(), body.to_owned());
                }
            }
            let count = connection.read(&mut buffer).unwrap();
            assert!(count > 0, "the connection ended within the answer `{text}`");
            received.extend_from_slice(&buffer[..count]);
        }
    }
}

impl Answer {
    /// The id of the run that answered: 32 hex digits.
    fn activation(&self) -> &str {
        let id = self.header("x-openwhisk-activation-id").unwrap_or_else(|| panic!("no activation id in {self:?}"));
        let is_hex = |letter: char| letter.is_ascii_digit() || matches!(letter, 'a'..='f');
        assert!(id.len() == 32 && id.chars().all(is_hex), "{id}");
        id
    }

    fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// The answer to an event that was taken for the first time.
    #[track_caller]
    fn assert_new(&self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("idempotent-replayed"), None, "{self:?}");
    }

    /// The answer to an event that had been taken before.
    #[track_caller]
    fn assert_replay_of(&self, first: &Self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.is_replay(), "{self:?}");
        assert_eq!(self.activation(), first.activation());
        assert_eq!(self.text, first.text);
    }

    /// 400 with `{"error": <text>, "details": [{"path", "message"}]}` that names these paths, in this order.
    #[track_caller]
    fn assert_faults(&self, paths: &[&str]) {
        assert_eq!(self.status, 400, "{self:?}");
        let details = self.body["details"].as_array().unwrap_or_else(|| panic!("no details in {self:?}"));
        let named: Vec<&str> = details.iter().map(|detail| detail["path"].as_str().unwrap()).collect();
        assert_eq!(named, paths, "{self:?}");
        for detail in details {
            let (path, message) = (detail["path"].as_str().unwrap(), detail["message"].as_str().unwrap());
            assert!(self.error().contains(&format!("`{path}` {message}")), "{self:?}");
        }
        assert_eq!(self.body.as_object().unwrap().len(), 2, "{self:?}");
    }
}
