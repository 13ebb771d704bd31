//! How a registration is doing is shown, and one that was disabled comes back.

use engine::{Clock, Enabler};
use serde_json::{Value, json};
use store::RegistrationHealth;

use crate::webhook::{Manner, Webhook};
use crate::world::{REGISTRATIONS, World};

async fn put(world: &World, id: &str, health: RegistrationHealth) {
    let number = world.stored(id).await.id;
    assert!(world.store.put_health(number, health).await.unwrap());
}

/// What lists and the registration itself say: whether it is switched on, and how it is.
async fn check(world: &World, id: &str, enabled: bool, status: &str) {
    let one = world.get(&format!("{REGISTRATIONS}/{id}")).await.is(200).clone();
    let listed = world.get(REGISTRATIONS).await.is(200)["_embedded"]["registrations"].clone();
    let listed = listed.as_array().unwrap().iter().find(|other| other["registration_id"] == id).unwrap().clone();
    for shown in [one, listed] {
        assert_eq!([&shown["enabled"], &shown["webhook_status"]], [&Value::from(enabled), &Value::from(status)]);
    }
}

#[tokio::test]
async fn the_health_of_a_registration_is_shown_and_a_disabled_one_can_be_enabled() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let since = world.clock.now();
    check(&world, &id, true, "verified").await;
    put(&world, &id, RegistrationHealth::Unstable { since }).await;
    check(&world, &id, true, "unstable").await;
    put(&world, &id, RegistrationHealth::Disabled { since }).await;
    check(&world, &id, false, "disabled").await;
    let on = json!([{"op": "replace", "path": "/enabled", "value": true}]);
    world.patch(&format!("{REGISTRATIONS}/{id}"), &on).await.is(200);
    check(&world, &id, true, "verified").await;
    put(&world, &id, RegistrationHealth::Disabled { since }).await;
    world.enabler.enable(&id).await.unwrap();
    check(&world, &id, true, "verified").await;
    let refused = world.enabler.enable("nobody").await.unwrap_err();
    assert!(refused.contains("no registration"), "{refused}");
}

#[tokio::test]
async fn a_webhook_is_asked_again_before_it_gets_events_again() {
    let world = World::new().await;
    let provider = world.orders().await;
    let hook = Webhook::new(Manner::Echoes).await;
    let mut draft = world.draft("Hook", &provider);
    draft.as_object_mut().unwrap().remove("runtime_action");
    draft["webhook_url"] = hook.url.as_str().into();
    let id = world.register(&draft).await;
    assert_eq!(hook.asked(), 1);
    put(&world, &id, RegistrationHealth::Disabled { since: world.clock.now() }).await;
    world.enabler.enable(&id).await.unwrap();
    assert_eq!(hook.asked(), 2);
    check(&world, &id, true, "verified").await;

    let silent = Webhook::new(Manner::Refuses).await;
    let mut stored = world.stored(&id).await;
    stored.webhook_url = Some(silent.url.clone());
    world.store.put_registration(stored).await.unwrap();
    put(&world, &id, RegistrationHealth::Disabled { since: world.clock.now() }).await;
    let refused = world.enabler.enable(&id).await.unwrap_err();
    assert!(refused.contains("answered its challenge with 404"), "{refused}");
    check(&world, &id, false, "disabled").await;
}
