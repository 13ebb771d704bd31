use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use sdk::web::{Request, Response, Verdict, WebAction};
use sdk::{Nonce, Refusal};
use testkit::{FakePublisher, FakeSenders, context};

use super::webhook::Webhook;

const BODY: &[u8] = br#"{"data":{"uid":"1","event":"code","value":{}}}"#;

/// What the webhook answers, with these in the place of the world.
async fn answer(senders: FakeSenders, publisher: FakePublisher, body: &'static [u8]) -> Response {
    let request =
        Request { method: Method::POST, headers: HeaderMap::new(), query: None, body: body.into(), peer: None };
    Webhook.run(&context().senders(senders).publisher(publisher).build(), request).await
}

#[tokio::test]
async fn whoever_is_not_believed_publishes_nothing_whatever_the_body() {
    let refusals = [
        (Verdict::Refuse("no".to_owned()), 401, None),
        (Verdict::Unproven("which part".to_owned()), 401, Some("which part")),
        (Verdict::Undecided { reason: "who".to_owned(), retry_after: Duration::from_secs(7) }, 503, Some("who")),
    ];
    for (verdict, status, detail) in refusals {
        let (senders, publisher) = (FakeSenders::new().then(verdict), FakePublisher::new());
        let refused = answer(senders.clone(), publisher.clone(), b"no JSON").await;
        assert_eq!((refused.status, refused.detail.as_deref()), (status, detail));
        assert!(publisher.take().is_empty());
        assert_eq!(senders.take(), [b"no JSON"], "the raw body is what is signed");
        let pause = refused.headers.iter().find(|(name, _)| *name == RETRY_AFTER).map(|(_, value)| value.clone());
        assert_eq!(pause.is_some_and(|value| value == "7"), status == 503);
    }
}

#[tokio::test]
async fn what_makes_a_request_one_of_its_kind_goes_along_with_its_event() {
    let nonce = Nonce { text: "port:abc".to_owned(), expires: Timestamp::UNIX_EPOCH };
    for (verdict, expected) in [(Verdict::AcceptOnce(nonce.clone()), Some(nonce)), (Verdict::Accept, None)] {
        let publisher = FakePublisher::new();
        assert_eq!(answer(FakeSenders::new().then(verdict), publisher.clone(), BODY).await.status, 200);
        assert_eq!(publisher.take().remove(0).nonce, expected);
    }
}

#[tokio::test]
async fn a_request_that_was_seen_before_is_answered_as_one_that_nobody_vouches_for() {
    let replayed = answer(FakeSenders::new(), FakePublisher::new().then(Err(Refusal::Replayed)), BODY).await;
    assert_eq!(replayed.status, 401);
    assert!(replayed.detail.is_some_and(|detail| detail.starts_with("seen before")));
    let body = String::from_utf8(replayed.body.to_vec()).unwrap();
    assert!(body.contains("the request is not authorized; activation ") && !body.contains("seen"), "{body}");
}
