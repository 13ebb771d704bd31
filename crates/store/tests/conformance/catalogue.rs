use jiff::Timestamp;
use store::{EventMetadata, Interest, Provider, Registration, Store, Verification};

use crate::place::Place;
use crate::support::{append, at, event};

for_every_store!(
    a_new_store_knows_nobody,
    a_provider_is_added_and_replaced,
    metadata_is_added_and_replaced,
    a_replaced_registration_keeps_its_number,
    the_catalogue_outlives_its_process,
    a_name_that_is_taken_is_refused_without_harm,
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
    // Labels are for people; they may repeat.
    store.put_provider(provider("p-3", "Backoffice - stage")).await.unwrap();
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
    assert!(matches!(refused, Err(store::StoreError::Taken)), "{refused:?}");
    append(&store, event(at(0))).await;
    let refused = store.put_registration(registration("r-2", "Stock")).await;
    assert!(matches!(refused, Err(store::StoreError::Taken)), "{refused:?}");
    append(&store, event(at(1))).await;
    assert_eq!(providers(&*store).await, [provider("p-1", "Backoffice")]);
    assert_eq!(registrations(&*store).await.len(), 1);
}
