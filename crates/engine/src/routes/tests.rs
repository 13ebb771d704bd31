use store::{Interest, Provider, RegistrationHealth, SubscriberFilter};

use super::*;

const VALID: &str = r#"{"data": {"sku": ["A"]}}"#;

/// A registration for these codes of these providers, written `provider/code`.
fn registration(id: i64, name: &str, interests: &[&str]) -> Registration {
    let interests = interests.iter().map(|text| {
        let (provider, code) = text.split_once('/').unwrap();
        Interest { provider_id: provider.to_owned(), event_code: code.to_owned() }
    });
    Registration {
        id,
        registration_id: format!("id-{id}"),
        client_id: "client".to_owned(),
        name: name.to_owned(),
        description: String::new(),
        delivery_type: "webhook".to_owned(),
        runtime_action: Some("product/consumer".to_owned()),
        webhook_url: None,
        verification: Verification::Verified,
        subscriber_filters: Vec::new(),
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: interests.collect(),
        created_date: jiff::Timestamp::UNIX_EPOCH,
        updated_date: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn filtered(registration: Registration, filter: &str) -> Registration {
    let filter = SubscriberFilter {
        id: "f".to_owned(),
        name: "f".to_owned(),
        description: String::new(),
        subscriber_filter: filter.to_owned(),
    };
    Registration { subscriber_filters: vec![filter], ..registration }
}

fn pending() -> Verification {
    Verification::Pending { id: "i".to_owned(), challenge: "c".to_owned(), until: jiff::Timestamp::MAX }
}

fn routes(registrations: Vec<Registration>) -> Routes {
    let provider = |id: &str| Provider {
        id: id.to_owned(),
        label: id.to_owned(),
        description: String::new(),
        docs_url: None,
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: id.to_owned(),
        data_residency_region: Provider::REGION.to_owned(),
    };
    Routes::new(Catalogue { providers: vec![provider("p"), provider("q")], metadata: Vec::new(), registrations })
}

fn numbers(route: Option<&Route>) -> Vec<i64> {
    route.map(|route| route.subscribers.iter().map(|subscriber| subscriber.number).collect()).unwrap_or_default()
}

#[test]
fn a_slug_has_the_words_of_the_name() {
    assert_eq!(slug("Backoffice Product Sync"), "backoffice-product-sync");
    assert_eq!(slug("  ERP -> stock (v2) "), "erp-stock-v2");
    assert_eq!(slug("Größe"), "größe");
    assert_eq!(slug("..."), "");
}

#[test]
fn a_filter_that_cannot_be_read_lets_nothing_through_and_the_others_get_theirs() {
    for broken in ["", "{", "[]", r#"{"data": 5}"#, r#"{"data": [{"no-such-operator": 1}]}"#] {
        let all = vec![
            filtered(registration(1, "Broken", &["p/c"]), broken),
            filtered(registration(2, "Whole", &["p/c"]), VALID),
            registration(3, "Plain", &["p/c"]),
        ];
        let routes = routes(all);
        let route = routes.of_event("p", "c");
        assert_eq!(numbers(route), [2, 3], "{broken}");
        assert!(route.unwrap().subscribers[0].filter.is_some());
        assert!(route.unwrap().subscribers[1].filter.is_none());
        assert!(routes.target(1).is_some(), "what was stored for it before still finds its target");
    }
}

#[test]
fn every_registration_of_a_code_gets_it_once() {
    let all = vec![
        registration(1, "First", &["p/c", "p/c", "p/d"]),
        registration(2, "Second", &["p/d", "p/c"]),
        Registration { enabled: false, ..registration(3, "Off", &["p/c"]) },
    ];
    let routes = routes(all);
    assert_eq!(numbers(routes.of_event("p", "c")), [1, 2, 3]);
    assert_eq!(numbers(routes.of_event("p", "d")), [1, 2]);
    assert!(routes.of_event("p", "e").is_none());
    assert!(routes.of_event("q", "c").is_none());
}

#[test]
fn a_code_of_two_providers_is_two_events() {
    let routes = routes(vec![registration(1, "Of p", &["p/c"]), registration(2, "Of q and p", &["q/c", "p/c"])]);
    assert_eq!(numbers(routes.of_event("p", "c")), [1, 2]);
    assert_eq!(numbers(routes.of_event("q", "c")), [2]);
    let route = routes.of_code("c").unwrap();
    assert_eq!(&*route.provider_id, "p", "ingestion, which knows no provider, takes the one registered for first");
}

#[test]
fn a_code_whose_registrations_are_off_is_looked_for_at_the_next_provider() {
    let off = Registration { enabled: false, ..registration(1, "Off", &["p/c", "p/d"]) };
    let unproved = Registration { verification: pending(), ..registration(3, "Unproved", &["p/e"]) };
    let routes = routes(vec![off, registration(2, "On", &["q/c"]), unproved]);
    assert_eq!(&*routes.of_code("c").unwrap().provider_id, "q");
    assert_eq!(numbers(routes.of_code("d")), [1], "its journal keeps the event until it is back");
    assert!(routes.of_code("e").is_none(), "nobody has shown that it is wanted");
    assert_eq!(numbers(routes.of_event("p", "e")), [3], "its journal keeps the event");
}

#[test]
fn what_a_registration_wants_follows_from_its_state_and_its_kind() {
    let base = || registration(1, "R", &["p/c"]);
    let check = |registration: Registration, expected: Wants| {
        assert_eq!(wants(&registration), expected, "{registration:?}");
    };
    check(base(), Wants::Delivery);
    check(Registration { delivery_type: "journal".to_owned(), ..base() }, Wants::Journal);
    check(Registration { enabled: false, ..base() }, Wants::Later);
    let since = jiff::Timestamp::UNIX_EPOCH;
    check(Registration { health: RegistrationHealth::Unstable { since }, ..base() }, Wants::Delivery);
    check(Registration { health: RegistrationHealth::Disabled { since }, ..base() }, Wants::Later);
    check(Registration { verification: pending(), ..base() }, Wants::Nothing);
    check(Registration { delivery_type: "journal".to_owned(), enabled: false, ..base() }, Wants::Later);
}

#[test]
fn a_registration_is_found_by_its_id_and_by_the_slug_of_its_name() {
    let routes = routes(vec![registration(1, "Product Sync", &["p/c"]), registration(2, "Größe (v2)", &["p/c"])]);
    let found = |called: &str| routes.registration_called(called).map(|registration| registration.id);
    assert_eq!(found("id-1"), Some(1));
    assert_eq!(found("product-sync"), Some(1));
    assert_eq!(found("größe-v2"), Some(2));
    for unknown in ["", "Product Sync", "product", "id-3"] {
        assert_eq!(found(unknown), None, "{unknown}");
    }
    assert_eq!(routes.registration(2).unwrap().name, "Größe (v2)");
    assert!(routes.registration(PUBLISH).is_none());
}

#[test]
fn an_id_goes_before_a_name_that_looks_like_it() {
    // The name of one registration was found before the id of another, because it came first in the list. An id has
    // to lead to its registration, whatever others are called.
    let routes = routes(vec![registration(1, "Id 2", &["p/c"]), registration(2, "Other", &["p/c"])]);
    assert_eq!(routes.registration_called("id-2").unwrap().id, 2);
}

#[test]
fn a_name_without_words_is_found_by_its_id_only() {
    let routes = routes(vec![registration(1, "...", &["p/c"])]);
    assert!(routes.registration_called("").is_none());
    assert!(routes.registration_called("id-1").is_some());
}
