use std::sync::Arc;

use store::{ClientSecret, Credential, Store, StoreError};

use crate::place::Place;
use crate::support::{append, at, event};

for_every_store!(
    a_new_store_has_no_clients,
    a_credential_is_added_and_replaced,
    the_oldest_credential_comes_first,
    an_id_or_a_name_in_use_is_refused_without_harm,
    what_nobody_uses_any_more_is_free,
    credentials_outlive_their_process,
);

pub fn credential(client_id: &str, name: &str) -> Credential {
    Credential {
        id: format!("{client_id}-id"),
        client_id: client_id.to_owned(),
        name: name.to_owned(),
        created: at(0),
        secrets: vec![secret("s-1")],
        revoked: None,
    }
}

fn secret(id: &str) -> ClientSecret {
    ClientSecret { id: id.to_owned(), hash: "00ff".repeat(16), created: at(0), expires: Some(at(60)) }
}

async fn put(store: &Arc<dyn Store>, credential: &Credential) {
    store.put_credential(credential.clone()).await.expect("nobody else has its id or name");
}

async fn expect(store: &Arc<dyn Store>, expected: &[Credential]) {
    assert_eq!(store.credentials().await.expect("the store can be read"), expected);
}

async fn a_new_store_has_no_clients(place: &Place) {
    expect(&place.open().await, &[]).await;
}

async fn a_credential_is_added_and_replaced(place: &Place) {
    let store = place.open().await;
    let (one, two) = (credential("c-1", "Backoffice"), credential("c-2", "Commerce"));
    put(&store, &one).await;
    put(&store, &two).await;
    expect(&store, &[one.clone(), two.clone()]).await;
    put(&store, &two).await;
    let rotated = Credential { secrets: vec![secret("s-1"), secret("s-2")], name: "ERP".to_owned(), ..one };
    put(&store, &rotated).await;
    expect(&store, &[rotated.clone(), two.clone()]).await;
    let revoked = Credential { revoked: Some(at(5)), secrets: Vec::new(), ..rotated };
    put(&store, &revoked).await;
    expect(&store, &[revoked, two]).await;
}

async fn the_oldest_credential_comes_first(place: &Place) {
    let store = place.open().await;
    let created = |client, second| Credential { created: at(second), ..credential(client, client) };
    for credential in [created("c-1", 30), created("c-2", 10), created("c-3", 20)] {
        put(&store, &credential).await;
    }
    expect(&store, &[created("c-2", 10), created("c-3", 20), created("c-1", 30)]).await;
    // The order is that of the times which can be seen.
    put(&store, &created("c-2", 40)).await;
    expect(&store, &[created("c-3", 20), created("c-1", 30), created("c-2", 40)]).await;
}

async fn an_id_or_a_name_in_use_is_refused_without_harm(place: &Place) {
    let store = place.open().await;
    let (one, two) = (credential("c-1", "Backoffice"), credential("c-2", "Commerce"));
    put(&store, &one).await;
    put(&store, &two).await;
    for (second, refused) in (0..).zip([
        Credential { id: one.id.clone(), ..credential("c-3", "Other") },
        credential("c-3", "Backoffice"),
        Credential { id: one.id.clone(), ..two.clone() },
        Credential { name: one.name.clone(), ..two.clone() },
    ]) {
        let answer = store.put_credential(refused.clone()).await;
        assert!(matches!(answer, Err(StoreError::Taken)), "{refused:?}: {answer:?}");
        append(&store, event(at(second))).await;
    }
    put(&store, &credential("c-3", "backoffice")).await;
    expect(&store, &[one, two, credential("c-3", "backoffice")]).await;
}

async fn what_nobody_uses_any_more_is_free(place: &Place) {
    let store = place.open().await;
    let one = credential("c-1", "Backoffice");
    put(&store, &one).await;
    let renamed = Credential { id: "another".to_owned(), name: "Other".to_owned(), ..one.clone() };
    put(&store, &renamed).await;
    let heir = Credential { id: one.id, ..credential("c-2", "Backoffice") };
    put(&store, &heir).await;
    expect(&store, &[renamed, heir]).await;
}

async fn credentials_outlive_their_process(place: &Place) {
    let store = place.open().await;
    let one = Credential { revoked: Some(at(9)), ..credential("c-1", "Backoffice ß") };
    put(&store, &one).await;
    let store = place.reopen(store).await;
    expect(&store, &[one]).await;
}
