//! What the sender of a delivery is answered, and that one event runs once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ACTIVATION, CONSUMER, PRODUCTS, event, project, reason, runs};
use crate::support::{Answer, Server, product};

impl Server {
    async fn deliver_again(&self, body: &Value, retry: u32) -> Answer {
        let request = self.client.post(self.url(PRODUCTS)).body(body.to_string());
        let request = request.header("x-adobe-event-id", "0b5c2f0a-4a52-4b39-8f5e-0a3c1d9b7e21");
        let request = if retry == 0 { request } else { request.header("x-adobe-retry-count", retry) };
        Answer::of(request.header("content-type", "application/cloudevents+json; charset=UTF-8")).await
    }
}

#[tokio::test]
async fn ten_deliveries_of_one_event_at_once_are_one_activation_of_the_action() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 400})).await;
    let event = event("1", &product("A"));
    let answers = join_all((0..10).map(|_| kit.deliver(&event))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text), "{answer:?}");
        assert_eq!(answer.header(ACTIVATION), answers[0].header(ACTIVATION));
    }
    assert_eq!(runs(&project, CONSUMER).len(), 1);
    assert_eq!(kit.calls("products").await.len(), 1);
    let validations = runs(&project, "events-api/signature-validator");
    assert_eq!(validations.len(), 10, "each request is validated");
    assert!(validations.iter().all(|run| run["response"]["success"] == true), "{validations:?}");
}

#[tokio::test]
async fn retries_repeat_no_effect() {
    let project = project();
    let kit = project.start(&["dev"]);
    let event = event("1", &product("A"));
    let first = kit.deliver_again(&event, 0).await;
    assert_eq!(first.status, 200, "{first:?}");
    for retry in 1..=5 {
        let again = kit.deliver_again(&event, retry).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        assert_eq!(again.header(ACTIVATION), first.header(ACTIVATION));
    }
    assert_eq!((runs(&project, CONSUMER).len(), kit.calls("products").await.len()), (1, 1));
}

#[tokio::test]
async fn a_failure_names_its_activation_and_only_what_asked_for_a_retry_runs_again() {
    let project = project().with("KIT_RETRY_DELAYS", "1h");
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "status": 503, "count": 2})).await;
    let event = event("1", &product("A"));
    for retry in 0..2 {
        let failed = kit.deliver_again(&event, retry).await;
        let activation = failed.body["activationId"].as_str().unwrap();
        assert_eq!((failed.status, failed.header(ACTIVATION)), (503, Some(activation)), "{failed:?}");
        assert_eq!(reason(&project, activation)["error"], failed.body["error"]);
    }
    for retry in 2..4 {
        assert_eq!(kit.deliver_again(&event, retry).await.status, 200);
    }
    assert_eq!((runs(&project, CONSUMER).len(), kit.calls("products").await.len()), (3, 3));

    kit.fault(&json!({"target": "commerce", "path": "products", "status": 400})).await;
    let event = super::event("2", &product("B"));
    let refused = kit.deliver_again(&event, 0).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let again = kit.deliver_again(&event, 1).await;
    assert_eq!((again.status, again.text), (400, refused.text), "a final answer stays");
    assert_eq!(kit.calls("products").await.len(), 4);
}

#[tokio::test]
async fn a_delivery_that_takes_too_long_is_accepted_and_belongs_to_our_schedule() {
    let project = project().with("KIT_WEBHOOK_ANSWER_WITHIN", "100ms");
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 1_000})).await;
    let event = event("1", &product("A"));
    let answer = kit.deliver_again(&event, 0).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({"success": true, "message": "Event accepted"})));
    kit.calls_reach("products", 1).await;
    let done = kit.until("the first answer", || async {
        let again = kit.deliver_again(&event, 1).await;
        (again.status != 202).then_some(again)
    });
    assert_eq!(done.await.status, 200);
    assert_eq!((runs(&project, CONSUMER).len(), kit.calls("products").await.len()), (1, 1));
}

/// A kit that was killed while the sender waited has stored the event: the sender comes again, and there is one effect.
#[tokio::test]
async fn a_kit_that_is_killed_while_the_sender_waits_has_one_effect() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 120_000})).await;
    let event = event("1", &product("A"));
    let request = kit.client.post(kit.url(PRODUCTS)).body(event.to_string());
    let sending = tokio::spawn(request.send());
    kit.until("the attempt", || async {
        let stored = project.run(&["delivery", "list", "--json"]);
        let stored: Value = serde_json::from_slice(&stored.stdout).ok()?;
        stored.as_array()?.iter().any(|delivery| delivery["state"] == "running").then_some(())
    })
    .await;
    kit.kill();
    assert!(sending.await.unwrap().is_err(), "the connection broke");
    let kit = project.start(&["dev"]);
    assert_eq!(kit.deliver_again(&event, 1).await.status, 200);
    assert_eq!(kit.calls("products").await.len(), 1);
}

#[tokio::test]
async fn a_wrong_time_for_answers_is_told() {
    for wrong in ["50ms", "56s", "soon"] {
        let output = project().with("KIT_WEBHOOK_ANSWER_WITHIN", wrong).run(&["check"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("`KIT_WEBHOOK_ANSWER_WITHIN`: expected a duration from `100ms` to `55s`"), "{said}");
    }
}
