//! A database that an earlier version wrote.

use std::fs;

use rusqlite::Connection;
use store::{
    Activation, Appended, Attempt, ClaimedDelivery, Credential, EventMetadata, Interest, JournalFrom, JournalRead,
    NewEvent, OpenError, Outcome, Provider, Reader, Registration, RegistrationHealth, Sqlite, State, Store, StoreError,
    Trace, TraceFilter, TracedRequest, TracedResponse, Verification,
};
use uuid::Uuid;

use crate::home::{Home, VERSION, append, at, attempt, claim, event, user_version};

const FIRST_VERSION: &str = include_str!("first_version.sql");

/// The events of the fixture, and its run.
const LEASED: Uuid = Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0001);
const WAITING: Uuid = Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0002);
const PARKED: Uuid = Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0003);
const RUN: Uuid = Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0004);

const JOURNAL: JournalRead =
    JournalRead { registration: 1, from: JournalFrom::Oldest, events_max: 100, bytes_max: usize::MAX };

/// A home with a store of the first version.
pub fn old_home() -> Home {
    let home = Home::new();
    fs::create_dir_all(&home.options.folder).expect("the test owns its folder");
    let connection = home.connect();
    connection.execute_batch("PRAGMA journal_mode = WAL;").expect("the file system takes it");
    connection.execute_batch(FIRST_VERSION).expect("the first version's statements are understood");
    home
}

async fn reopen(home: &Home, store: Sqlite) -> Sqlite {
    store.close().await;
    drop(store);
    home.open()
}

fn done(claimed: &ClaimedDelivery, trace: Option<Trace>) -> Attempt {
    Attempt { trace, ..attempt(claimed, Outcome::Done) }
}

async fn journal(store: &Sqlite) -> Vec<Uuid> {
    let page = store.journal(JOURNAL).await.expect("the store can be read");
    assert_eq!(page.lost, 0);
    page.events.into_iter().map(|event| event.id).collect()
}

fn provider() -> Provider {
    Provider {
        id: "p-1".to_owned(),
        label: "Backoffice".to_owned(),
        description: String::new(),
        docs_url: None,
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: "i-1".to_owned(),
        data_residency_region: "VA6".to_owned(),
    }
}

fn registration() -> Registration {
    Registration {
        id: 1,
        registration_id: "r-1".to_owned(),
        client_id: "client".to_owned(),
        name: "Stock".to_owned(),
        description: String::new(),
        delivery_type: "webhook".to_owned(),
        runtime_action: Some("stock/consumer".to_owned()),
        webhook_url: None,
        verification: Verification::Verified,
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: vec![Interest { provider_id: "p-1".to_owned(), event_code: "stock.updated".to_owned() }],
        subscriber_filters: Vec::new(),
        created_date: at(0),
        updated_date: at(0),
    }
}

fn trace() -> Trace {
    Trace {
        id: Uuid::now_v7(),
        registration: 1,
        events: vec![LEASED],
        at: at(0),
        duration_ms: 1,
        request: TracedRequest {
            method: "POST".to_owned(),
            url: "https://hooks.example.com".to_owned(),
            headers: Vec::new(),
            body: "{}".to_owned(),
        },
        response: TracedResponse { status: 200, headers: Vec::new(), body: String::new() },
    }
}

#[tokio::test]
async fn an_older_store_is_brought_up_to_date_and_keeps_everything() {
    async fn check(store: &Sqlite) {
        let catalogue = store.catalogue().await.expect("the store can be read");
        assert_eq!(catalogue.providers, [provider()]);
        let metadata = EventMetadata {
            provider_id: "p-1".to_owned(),
            event_code: "stock.updated".to_owned(),
            label: "Stock".to_owned(),
            description: String::new(),
            sample_event_template: None,
        };
        assert_eq!(catalogue.metadata, [metadata]);
        assert_eq!(catalogue.registrations[0], registration());
        assert_eq!((catalogue.registrations.len(), catalogue.registrations[1].id), (2, 5));
        for (id, number, state) in [(LEASED, 1, State::Due), (WAITING, 2, State::Waiting), (PARKED, 3, State::Parked)] {
            let (event, deliveries) = store.event(id).await.expect("the store can be read").expect("it is kept");
            assert_eq!((event.number, event.at), (number, at(number - 1)));
            assert_eq!((&*event.provider_id, &*event.publisher), ("p-1", "ingestion/webhook"));
            assert_eq!((&*event.body, event.given_id.as_deref()), (&*format!("{{\"sku\":{number}}}"), None));
            assert_eq!(event.event_id(), id.hyphenated().to_string());
            assert_eq!((deliveries.len(), deliveries[0].state), (1, state));
        }
        let run: Activation = store.activation(RUN).await.expect("the store can be read").expect("it is kept");
        assert_eq!((run.action.as_str(), run.event), ("stock/updated", Some(PARKED)));
        assert_eq!(store.value("k", at(0)).await.expect("the store can be read").as_deref(), Some(&b"v"[..]));
        assert_eq!(journal(store).await, [LEASED, WAITING, PARKED], "its deliveries are its journal");
    }
    let home = old_home();
    assert_eq!(user_version(&home.connect()), 1);
    let store = home.open();
    assert_eq!(user_version(&home.connect()), VERSION);
    check(&store).await;
    check(&reopen(&home, store).await).await;
}

#[tokio::test]
async fn what_an_older_store_left_open_is_delivered_in_order() {
    let home = old_home();
    let store = home.open();
    let known = store.append(NewEvent { uid: Some("A-1".to_owned()), ..event(5) }).await;
    assert!(matches!(&known, Ok(Appended::Known(known)) if known.id == LEASED), "{known:?}");
    let behind = append(&store, event(6)).await;
    for (expected, attempt) in [(LEASED, 2), (WAITING, 1), (behind, 1)] {
        let claimed = claim(&store, at(10)).await;
        assert_eq!(claimed.iter().map(|delivery| delivery.event.id).collect::<Vec<_>>(), [expected]);
        assert_eq!(claimed[0].attempt, attempt);
        assert!(store.finish(done(&claimed[0], None)).await.unwrap());
    }
    assert!(claim(&store, at(1_000)).await.is_empty());
    assert_eq!(journal(&store).await, [LEASED, WAITING, PARKED, behind]);
}

#[tokio::test]
async fn an_older_store_takes_what_is_new() {
    let home = old_home();
    let store = home.open();
    let given = append(
        &store,
        NewEvent { given_id: Some("A-2".into()), deliveries: Vec::new(), journals: vec![1], ..event(6) },
    );
    let given = given.await;
    assert_eq!(store.event(given).await.unwrap().unwrap().0.event_id(), "A-2");
    assert_eq!(journal(&store).await, [LEASED, WAITING, PARKED, given]);
    let claimed = claim(&store, at(10)).await;
    let trace = trace();
    assert!(store.finish(done(&claimed[0], Some(trace.clone()))).await.unwrap());
    let filter = TraceFilter { registration: 1, outcome: None, limit: 10 };
    assert_eq!(store.traces(filter).await.unwrap(), [trace]);
    // Labels may repeat now, instances may not.
    let twin = Provider { id: "p-2".to_owned(), ..provider() };
    assert!(matches!(store.put_provider(twin.clone()).await, Err(StoreError::Taken)));
    store.put_provider(Provider { instance_id: "i-2".to_owned(), ..twin }).await.unwrap();
    // The newest number stays given.
    assert!(store.delete_registration("r-5").await.unwrap());
    let store = reopen(&home, store).await;
    store.put_registration(Registration { name: "Price".to_owned(), ..registration_of("r-6") }).await.unwrap();
    let numbers: Vec<i64> = store.catalogue().await.unwrap().registrations.iter().map(|found| found.id).collect();
    assert_eq!(numbers, [1, 6]);
    store.put_credential(credential()).await.unwrap();
    assert_eq!(store.credentials().await.unwrap(), [credential()]);
}

fn registration_of(id: &str) -> Registration {
    Registration { registration_id: id.to_owned(), ..registration() }
}

fn credential() -> Credential {
    Credential {
        id: "c".to_owned(),
        client_id: "client".to_owned(),
        name: "Backoffice".to_owned(),
        created: at(0),
        secrets: Vec::new(),
        revoked: None,
    }
}

#[tokio::test]
async fn a_reader_refuses_an_older_store_and_leaves_it_alone() {
    let home = old_home();
    let schema = |home: &Home| {
        let connection: Connection = home.connect();
        let all = "SELECT group_concat(name || coalesce(sql, '')) FROM sqlite_schema";
        connection.query_row(all, [], |row| row.get::<_, String>(0)).expect("the file is a database")
    };
    let before = schema(&home);
    match Reader::open(&home.options.folder) {
        Err(StoreError::Open { path, source: source @ OpenError::Older { found: 1, known: VERSION } }) => {
            assert_eq!(path, home.options.folder);
            let expected = "an older version wrote it (schema 1, this program knows 5); a kit that starts brings it up \
                            to date";
            assert_eq!(source.to_string(), expected);
        }
        other => panic!("an older store must be refused: {other:?}"),
    }
    assert_eq!((schema(&home), user_version(&home.connect())), (before, 1));
    drop(home.open());
    let reader = Reader::open(&home.options.folder).unwrap();
    assert!(reader.event(PARKED).unwrap().is_some());
    assert!(reader.credentials().unwrap().is_empty());
}

#[test]
fn a_reader_refuses_a_newer_store() {
    let home = Home::new();
    drop(home.open());
    home.connect().pragma_update(None, "user_version", VERSION + 1).unwrap();
    let refused = Reader::open(&home.options.folder);
    let is_newer = matches!(&refused, Err(StoreError::Open { source: OpenError::Newer { known: VERSION, .. }, .. }));
    assert!(is_newer, "{refused:?}");
}
