//! The forms in which Adobe has delivered events, and the proof of a webhook's address.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{ACTIVATION, CLIENT, CONSUMER, PRODUCTS, event, project, reason, runs};
use crate::support::{Answer, PRODUCT_CREATE, Server, product};

impl Server {
    /// A delivery as it was before CloudEvents: a header names the event.
    async fn deliver_old(&self, body: &str, code: &str) -> Answer {
        let request = self.client.post(self.url(PRODUCTS)).body(body.to_owned());
        let request = request.header("x-adobe-event-code", code).header("content-type", "application/json");
        Answer::of(request).await
    }
}

/// Delivers a body in two chunks; the first line of the answer.
fn deliver_in_chunks(kit: &Server, content_type: &str, body: &str) -> String {
    let (head, tail) = body.split_at(body.len() / 2);
    let mut connection = TcpStream::connect(&kit.address).unwrap();
    write!(
        connection,
        "POST {PRODUCTS} HTTP/1.1\r\nHost: kit\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n",
        head.len(),
        tail.len()
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// The second seed's own sample, with the keys of its form.
fn asset() -> Value {
    json!({
        "@id": "82235bac-2b81-4e70-90b5-2bd1f04b5c7b",
        "@type": "xdmCreated",
        "xdmEventEnvelope:objectType": "xdmAsset",
        "activitystreams:published": "2016-07-16T19:20:30+01:00",
        "activitystreams:to": {"xdmImsOrg:id": "08B3E5CE5822FC520A494229@AdobeOrg", "@type": "xdmImsOrg"},
        "activitystreams:generator": {
            "xdmContentRepository:root": "http://francois.corp.adobe.com:4502/", "@type": "xdmContentRepository"
        },
        "activitystreams:actor": {"xdmAemUser:id": "admin", "@type": "xdmAemUser"},
        "activitystreams:object": {
            "@type": "xdmAsset",
            "xdmAsset:asset_id": "urn:aaid:aem:4123ba4c-93a8-4c5d-b979-ffbbe4318185",
            "xdmAsset:asset_name": "Fx_DUKE-small.png",
            "xdmAsset:etag": "6fc55d0389d856ae7deccebba54f110e",
            "xdmAsset:path": "/content/dam/Fx_DUKE-small.png",
            "xdmAsset:format": "image/png"
        },
        "@context": {"activitystreams": "http://www.w3.org/ns/activitystreams#"}
    })
}

#[tokio::test]
async fn the_old_envelope_runs_once_for_its_event_id() {
    let project = project();
    let kit = project.start(&["dev"]);
    let envelope = |client: &str| {
        json!({"event_id": "e-1", "event": {"data": product("A")}, "recipient_client_id": client}).to_string()
    };
    let first = kit.deliver_old(&envelope(CLIENT), PRODUCT_CREATE).await;
    assert_eq!(first.status, 200, "{first:?}");
    let again = kit.deliver_old(&envelope(CLIENT), PRODUCT_CREATE).await;
    assert_eq!((again.status, again.text), (200, first.text));
    assert_eq!(kit.calls("products").await[0]["event_id"], "e-1");
    assert_eq!(runs(&project, CONSUMER).len(), 1);
    assert_eq!(kit.deliver_old(&envelope("client-2"), PRODUCT_CREATE).await.status, 401);
    let nobodys = json!({"event_id": "e-2", "event": {"data": product("A")}}).to_string();
    assert_eq!(kit.deliver_old(&nobodys, PRODUCT_CREATE).await.status, 401);
    let unnamed = json!({"event_id": "e-3", "event": {"data": {}}, "recipient_client_id": CLIENT});
    let unnamed = kit.deliver(&unnamed).await;
    assert_eq!((unnamed.status, &unnamed.body["details"][0]["path"]), (400, &json!("/event/@type")), "{unnamed:?}");
}

/// The key of an old event once held what a header said of its provider, so a delivery through another proxy was another
/// event. What names an event is in its body alone.
#[tokio::test]
async fn an_old_event_is_the_same_whatever_its_headers_say_of_the_provider() {
    let project = project();
    let kit = project.start(&["dev"]);
    let envelope =
        json!({"event_id": "e-1", "event": {"data": product("A")}, "recipient_client_id": CLIENT}).to_string();
    for provider in [None, Some("dx_commerce_events_ORG@AdobeOrg_1"), Some("another")] {
        let request = kit.client.post(kit.url(PRODUCTS)).body(envelope.clone());
        let request = request.header("x-adobe-event-code", PRODUCT_CREATE);
        let request = provider.into_iter().fold(request, |request, name| request.header("x-adobe-provider", name));
        assert_eq!(Answer::of(request).await.status, 200, "{provider:?}");
    }
    assert_eq!((runs(&project, CONSUMER).len(), kit.calls("products").await.len()), (1, 1));
}

/// The action of this registration has no handler for such an event, and says so; that it was asked is what matters.
#[tokio::test]
async fn the_oldest_form_reaches_the_one_action() {
    let project = project();
    let kit = project.start(&["dev"]);
    for (body, code) in [
        (asset(), "asset_created"),
        (json!({"event_id": "e", "event": asset(), "recipient_client_id": CLIENT}), "asset_created"),
    ] {
        let answer = kit.deliver_old(&body.to_string(), code).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.error().contains("asset_created"), "{answer:?}");
        let activation = answer.header(ACTIVATION).unwrap();
        assert!(reason(&project, activation)["error"].as_str().unwrap().contains("asset_created"));
    }
    assert_eq!(runs(&project, CONSUMER).len(), 2, "one for each form of the id");
}

#[tokio::test]
async fn a_chunked_body_and_any_content_type_are_taken() {
    let project = project();
    let kit = project.start(&["dev"]);
    let types = ["application/json", "application/json; charset=utf-8", "application/cloudevents+json", "text/plain"];
    for (number, content_type) in types.iter().enumerate() {
        let text = event(&number.to_string(), &product("A")).to_string();
        assert_eq!(deliver_in_chunks(&kit, content_type, &text), "HTTP/1.1 200 OK", "{content_type}");
    }
}

#[tokio::test]
async fn a_validation_url_is_called_for_the_events_api_only() {
    let project = project();
    let kit = project.start(&["dev"]);
    for url in
        ["http://127.0.0.1:9/secret?id=5", "https://example.com/csm/registrations/validate", "file:///etc/passwd", ""]
    {
        let answer = kit.deliver(&json!({"validationUrl": url})).await;
        assert_eq!(answer.status, 400, "{url}: {answer:?}");
        let told = reason(&project, answer.body["activationId"].as_str().unwrap());
        assert!(!told.to_string().contains("id=5"), "{told}");
    }
    assert!(runs(&project, CONSUMER).is_empty());
}
