use super::{EventsService, Store, event_id, to_webhook};
use crate::support::{PRODUCT_CREATE, product};

/// `KIT_INGEST_ACK=published`: the sender hears what the events API said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_can_wait_for_the_publication() {
    let store = Store::open().await;
    let mut service = EventsService::start();
    let project = service.publisher(&store).with("KIT_INGEST_ACK", "published").with("KIT_JOURNAL", "none");
    let kit = project.start(&["serve"]);

    let refused = kit.send("1", PRODUCT_CREATE, &product("A")).await;
    assert_eq!(refused.status, 400, "nobody is registered yet: {refused:?}");
    assert_eq!(refused.error(), format!("Unable to publish event {PRODUCT_CREATE}: Unknown event type"));

    let registration = service.register(&to_webhook(&kit)).await;
    let published = kit.send("2", PRODUCT_CREATE, &product("A")).await;
    assert_eq!((published.status, &published.body["response"]["success"]), (200, &true.into()), "{published:?}");
    assert_eq!(service.journal(&registration).await, [event_id(&published)]);

    service.kill();
    let accepted = kit.send("3", PRODUCT_CREATE, &product("A")).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    assert_eq!(accepted.body["response"]["message"], "Event accepted for publication");
    service.start_again();
    super::all_have_effect(&kit, &store, &[event_id(&published), event_id(&accepted)]).await;
    let repeated = kit.send("3", PRODUCT_CREATE, &product("A")).await;
    assert_eq!((repeated.status, repeated.header("idempotent-replayed")), (200, Some("true")), "{repeated:?}");
    assert_eq!(event_id(&repeated), event_id(&accepted));
    assert_eq!(kit.terminate(), Some(0));
}
