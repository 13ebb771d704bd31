use serde_json::json;

use super::{EventsService, Store, all_have_effect, event_id, to_webhook};
use crate::support::{PRODUCT_CREATE, product};

const RESTARTS: usize = 4;
const EVENTS_PER_RESTART: usize = 6;

/// No inbound access: the kit reads the journal of its registration. Both processes are killed in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_back_by_journal_also_when_both_processes_are_killed() {
    let store = Store::open().await;
    let mut service = EventsService::start();
    let project = service.publisher(&store);
    let mut kit = project.start(&["serve"]);
    let registration = service.register(&json!({"delivery_type": "journal"})).await;
    let mut ids = Vec::new();
    for restart in 0..RESTARTS {
        for number in 0..EVENTS_PER_RESTART {
            let answer = kit.send(&format!("{restart}-{number}"), PRODUCT_CREATE, &product("A")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            ids.push(event_id(&answer));
        }
        if restart % 2 == 0 {
            service.kill();
            service.start_again();
        } else {
            kit.kill();
            kit = project.start(&["serve"]);
        }
    }
    all_have_effect(&kit, &store, &ids).await;
    // A kit that is killed between Commerce's answer and its own record calls again; nothing else repeats.
    let mut called = store.event_ids();
    called.dedup();
    assert_eq!(called, ids, "one SKU, one order");
    assert_eq!(service.journal(&registration).await, ids);
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook_and_journal_together_give_one_effect() {
    let store = Store::open().await;
    let service = EventsService::start();
    let project = service.publisher(&store).with("KIT_JOURNAL", "all");
    let kit = project.start(&["serve"]);
    let registration = service.register(&to_webhook(&kit)).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let answer = kit.send(&number.to_string(), PRODUCT_CREATE, &product(&format!("SKU-{number}"))).await;
        ids.push(event_id(&answer));
    }
    all_have_effect(&kit, &store, &ids).await;
    assert_eq!(service.journal(&registration).await.len(), ids.len());
    // One more event, so that whatever the journal brings of the others has been brought.
    let last = kit.send("last", PRODUCT_CREATE, &product("LAST")).await;
    ids.push(event_id(&last));
    all_have_effect(&kit, &store, &ids).await;
    assert_eq!(store.event_ids().len(), ids.len(), "one effect for each event");
    assert_eq!(kit.terminate(), Some(0));
}
