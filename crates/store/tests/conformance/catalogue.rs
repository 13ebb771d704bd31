use jiff::Timestamp;
use store::{
    EventMetadata, Interest, Provider, Registration, RegistrationHealth, Store, StoreError, SubscriberFilter,
    Verification,
};

use crate::place::Place;
use crate::support::{append, at, event};

for_every_store!(
    a_new_store_knows_nobody,
    a_provider_is_added_and_replaced,
    metadata_is_added_and_replaced,
    a_replaced_registration_keeps_its_number,
    the_catalogue_outlives_its_process,
    a_name_that_is_taken_is_refused_without_harm,
    labels_may_repeat_but_instances_of_a_kind_may_not,
    a_deleted_provider_takes_its_metadata_along,
    metadata_is_deleted_by_code_or_altogether,
    a_deleted_registration_leaves_its_name_but_not_its_number,
    a_webhook_is_kept_as_it_is,
    health_is_put_beside_what_else_changes,
);

pub fn provider(id: &str, label: &str) -> Provider {
    Provider {
        id: id.to_owned(),
        label: label.to_owned(),
        description: "Stock, as counted".to_owned(),
        docs_url: Some("https://docs.example.com".to_owned()),
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: format!("{id}-1"),
        data_residency_region: Provider::REGION.to_owned(),
    }
}

pub fn metadata(provider: &str, code: &str) -> EventMetadata {
    EventMetadata {
        provider_id: provider.to_owned(),
        event_code: code.to_owned(),
        label: code.to_owned(),
        description: "The stock changed".to_owned(),
        sample_event_template: None,
    }
}

pub fn registration(id: &str, name: &str) -> Registration {
    Registration {
        id: 0,
        registration_id: id.to_owned(),
        client_id: "client".to_owned(),
        name: name.to_owned(),
        description: "Stock to Commerce".to_owned(),
        delivery_type: "webhook".to_owned(),
        runtime_action: Some("stock/consumer".to_owned()),
        webhook_url: None,
        verification: Verification::Verified,
        subscriber_filters: Vec::new(),
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: vec![interest("stock.updated"), interest("stock.deleted")],
        created_date: at(0),
        updated_date: Timestamp::UNIX_EPOCH,
    }
}

fn interest(code: &str) -> Interest {
    Interest { provider_id: "p-1".to_owned(), event_code: code.to_owned() }
}

async fn providers(store: &dyn Store) -> Vec<Provider> {
    let mut providers = store.catalogue().await.expect("the store can be read").providers;
    providers.sort_by(|left, right| left.id.cmp(&right.id));
    providers
}

async fn registrations(store: &dyn Store) -> Vec<Registration> {
    let mut registrations = store.catalogue().await.expect("the store can be read").registrations;
    registrations.sort_by(|left, right| left.registration_id.cmp(&right.registration_id));
    registrations
}

async fn a_new_store_knows_nobody(place: &Place) {
    let store = place.open().await;
    let catalogue = store.catalogue().await.unwrap();
    assert!(catalogue.providers.is_empty() && catalogue.metadata.is_empty() && catalogue.registrations.is_empty());
}

async fn a_provider_is_added_and_replaced(place: &Place) {
    let store = place.open().await;
    let (one, two) = (provider("p-1", "Backoffice"), provider("p-2", "Commerce"));
    store.put_provider(one.clone()).await.unwrap();
    store.put_provider(two.clone()).await.unwrap();
    assert_eq!(providers(&*store).await, [one.clone(), two.clone()]);
    let renamed = Provider { label: "Backoffice - stage".to_owned(), docs_url: None, ..one };
    store.put_provider(renamed.clone()).await.unwrap();
    store.put_provider(renamed.clone()).await.unwrap();
    assert_eq!(providers(&*store).await, [renamed, two]);
}

async fn metadata_is_added_and_replaced(place: &Place) {
    let store = place.open().await;
    let mut expected = vec![metadata("p-1", "a"), metadata("p-1", "b"), metadata("p-2", "a")];
    for metadata in &expected {
        store.put_metadata(metadata.clone()).await.unwrap();
    }
    expected[1].sample_event_template = Some("e30=".to_owned());
    store.put_metadata(expected[1].clone()).await.unwrap();
    let mut stored = store.catalogue().await.unwrap().metadata;
    stored.sort_by(|left, right| (&left.provider_id, &left.event_code).cmp(&(&right.provider_id, &right.event_code)));
    assert_eq!(stored, expected);
}

async fn a_replaced_registration_keeps_its_number(place: &Place) {
    let store = place.open().await;
    for put in [registration("r-1", "Stock"), registration("r-2", "Order")] {
        store.put_registration(put).await.unwrap();
    }
    let before = registrations(&*store).await;
    assert_ne!(before[0].id, before[1].id);
    assert_eq!(before[0], Registration { id: before[0].id, ..registration("r-1", "Stock") });
    // Whatever number stands there when it is put.
    let changed = Registration { id: before[1].id, enabled: false, ..registration("r-1", "Stock - stage") };
    store.put_registration(changed.clone()).await.unwrap();
    let store = place.reopen(store).await;
    let after = registrations(&*store).await;
    assert_eq!(after, [Registration { id: before[0].id, ..changed }, before[1].clone()]);
}

async fn the_catalogue_outlives_its_process(place: &Place) {
    let store = place.open().await;
    store.put_provider(provider("p-1", "Backoffice")).await.unwrap();
    store.put_metadata(metadata("p-1", "stock.updated")).await.unwrap();
    store.put_registration(registration("r-1", "Stock")).await.unwrap();
    let before = store.catalogue().await.unwrap();
    let store = place.reopen(store).await;
    assert_eq!(format!("{:?}", store.catalogue().await.unwrap()), format!("{before:?}"));
}

/// A name in use made the embedded store take the refusal for a failed disk: for a second it took no events. A refused
/// change concerns nobody but its caller.
async fn a_name_that_is_taken_is_refused_without_harm(place: &Place) {
    let store = place.open().await;
    store.put_provider(provider("p-1", "Backoffice")).await.unwrap();
    store.put_registration(registration("r-1", "Stock")).await.unwrap();
    let twin = Provider { instance_id: "p-1-1".to_owned(), ..provider("p-2", "Other") };
    let refused = store.put_provider(twin).await;
    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    append(&store, event(at(0))).await;
    let refused = store.put_registration(registration("r-2", "Stock")).await;
    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    append(&store, event(at(1))).await;
    assert_eq!(providers(&*store).await, [provider("p-1", "Backoffice")]);
    assert_eq!(registrations(&*store).await.len(), 1);
}

async fn labels_may_repeat_but_instances_of_a_kind_may_not(place: &Place) {
    let store = place.open().await;
    let one = provider("p-1", "Backoffice");
    let twin = Provider { label: "Backoffice".to_owned(), ..provider("p-2", "Backoffice") };
    let of_other_kind = Provider {
        provider_metadata: "dx_commerce_events".to_owned(),
        ..Provider { id: "p-3".to_owned(), ..one.clone() }
    };
    for put in [&one, &twin, &of_other_kind] {
        store.put_provider(put.clone()).await.unwrap();
    }
    let moved = Provider { instance_id: one.instance_id.clone(), ..twin.clone() };
    let refused = store.put_provider(moved).await;
    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    assert_eq!(providers(&*store).await, [one.clone(), twin.clone(), of_other_kind.clone()]);
    // An instance that nobody has any more is free again.
    store.put_provider(Provider { instance_id: "another".to_owned(), ..one.clone() }).await.unwrap();
    store.put_provider(Provider { instance_id: one.instance_id.clone(), ..twin }).await.unwrap();
    assert!(store.delete_provider("p-2").await.unwrap());
    store.put_provider(one.clone()).await.unwrap();
    assert_eq!(providers(&*store).await, [one, of_other_kind]);
}

async fn a_deleted_provider_takes_its_metadata_along(place: &Place) {
    let store = place.open().await;
    for id in ["p-1", "p-2"] {
        store.put_provider(provider(id, "Backoffice")).await.unwrap();
        store.put_metadata(metadata(id, "stock.updated")).await.unwrap();
        store.put_metadata(metadata(id, "stock.deleted")).await.unwrap();
    }
    assert!(store.delete_provider("p-1").await.unwrap());
    assert!(!store.delete_provider("p-1").await.unwrap(), "it is gone already");
    assert!(!store.delete_provider("p").await.unwrap(), "nobody has that id");
    let store = place.reopen(store).await;
    let catalogue = store.catalogue().await.unwrap();
    assert_eq!(catalogue.providers, [provider("p-2", "Backoffice")]);
    assert_eq!(catalogue.metadata, [metadata("p-2", "stock.deleted"), metadata("p-2", "stock.updated")]);
}

async fn metadata_is_deleted_by_code_or_altogether(place: &Place) {
    async fn codes(store: &dyn Store) -> Vec<String> {
        let metadata = store.catalogue().await.expect("the store can be read").metadata;
        let mut codes: Vec<String> =
            metadata.into_iter().map(|metadata| metadata.provider_id + "/" + &metadata.event_code).collect();
        codes.sort_unstable();
        codes
    }
    let store = place.open().await;
    for (provider, code) in [("p-1", "a"), ("p-1", "b"), ("p-1", "c"), ("p-2", "a")] {
        store.put_metadata(metadata(provider, code)).await.unwrap();
    }
    assert!(store.delete_metadata("p-1", Some("a")).await.unwrap());
    assert!(!store.delete_metadata("p-1", Some("a")).await.unwrap(), "it is gone already");
    assert!(!store.delete_metadata("p-2", Some("b")).await.unwrap(), "another provider has that code");
    assert!(!store.delete_metadata("p-1", Some("")).await.unwrap(), "no code is no code for all");
    assert_eq!(codes(&*store).await, ["p-1/b", "p-1/c", "p-2/a"]);
    assert!(store.delete_metadata("p-1", None).await.unwrap());
    assert!(!store.delete_metadata("p-1", None).await.unwrap(), "all are gone already");
    assert_eq!(codes(&*store).await, ["p-2/a"]);
}

/// A registration that got the number of a deleted one would read its journal, and get the deliveries that are still
/// open.
async fn a_deleted_registration_leaves_its_name_but_not_its_number(place: &Place) {
    let mut store = place.open().await;
    let mut given = Vec::new();
    for round in 0..3 {
        store.put_registration(registration("r-1", "Stock")).await.unwrap();
        let number = registrations(&*store).await[0].id;
        assert!(!given.contains(&number), "{number} was given before: {given:?}");
        given.push(number);
        assert!(store.delete_registration("r-1").await.unwrap());
        assert!(!store.delete_registration("r-1").await.unwrap(), "it is gone already");
        assert!(registrations(&*store).await.is_empty());
        if round == 1 {
            store = place.reopen(store).await;
        }
    }
    store.put_registration(registration("r-2", "Stock")).await.unwrap();
    assert!(!given.contains(&registrations(&*store).await[0].id));
    assert!(!store.delete_registration("Stock").await.unwrap(), "a name is no id");
}

async fn a_webhook_is_kept_as_it_is(place: &Place) {
    let store = place.open().await;
    let pattern = r#"{"data": {"sku": [{"prefix": "ß"}]}}"#.to_owned();
    let filter = SubscriberFilter {
        id: "f-1".to_owned(),
        name: "Some".to_owned(),
        description: String::new(),
        subscriber_filter: pattern,
    };
    let until = at(60);
    let put = Registration {
        delivery_type: "webhook_batch".to_owned(),
        runtime_action: None,
        webhook_url: Some("https://hooks.example.com/stock?a=1".to_owned()),
        verification: Verification::Pending { id: "v-1".to_owned(), challenge: "c-1".to_owned(), until },
        subscriber_filters: vec![filter],
        ..registration("r-1", "Stock")
    };
    store.put_registration(put.clone()).await.unwrap();
    let store = place.reopen(store).await;
    let stored = registrations(&*store).await.remove(0);
    assert_eq!(stored, Registration { id: stored.id, ..put.clone() });
    store.put_registration(Registration { verification: Verification::Verified, ..put }).await.unwrap();
    assert_eq!(registrations(&*store).await[0].verification, Verification::Verified);
}

async fn health_is_put_beside_what_else_changes(place: &Place) {
    let store = place.open().await;
    let put = Registration { enabled: true, ..registration("r-1", "Stock") };
    store.put_registration(put.clone()).await.unwrap();
    store.put_registration(Registration { enabled: true, ..registration("r-2", "Price") }).await.unwrap();
    let number = store.catalogue().await.unwrap().registrations[0].id;
    let since = at(5);
    let (unstable, disabled) = (RegistrationHealth::Unstable { since }, RegistrationHealth::Disabled { since });
    // Only a person switches it on again.
    for (health, enabled) in [
        (unstable, true),
        (RegistrationHealth::Active, true),
        (disabled, false),
        (unstable, false),
        (RegistrationHealth::Active, false),
    ] {
        assert!(store.put_health(number, health).await.unwrap());
        let registrations = store.catalogue().await.unwrap().registrations;
        assert_eq!(registrations[0], Registration { id: number, health, enabled, ..put.clone() });
        assert_eq!((registrations[1].enabled, registrations[1].health), (true, RegistrationHealth::Active));
    }
    let store = place.reopen(store).await;
    assert!(!store.catalogue().await.unwrap().registrations[0].enabled);
    assert!(!store.put_health(99, disabled).await.unwrap(), "there is none");
}
