//! `kit doctor` beside a kit that serves, with a kit as its events API.

use super::{EventsService, Store, free_address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kit_that_is_onboarded_and_serves_is_well() {
    let (service, store) = (EventsService::start_empty(&[]), Store::open().await);
    let address = free_address();
    let project = service.publisher(&store).with("KIT_BIND", &address);
    let project = project.with("KIT_PUBLIC_URL", &format!("http://{address}"));
    let told = |verdict: &str| {
        let output = project.run(&["doctor"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let of_verdict = text.lines().filter(|line| line.starts_with(verdict));
        of_verdict.filter_map(|line| line.get(9..24)).map(|check| check.trim().to_owned()).collect::<Vec<_>>()
    };
    let before = told("bad ");
    for check in ["providers", "registrations", "callback"] {
        assert!(before.iter().any(|bad| bad == check), "{before:?}");
    }
    let _kit = project.start(&["serve"]);
    let onboarded = project.run(&["onboard"]);
    assert!(onboarded.status.success(), "{onboarded:?}");
    // This store has no module for events, and nobody is the back office.
    assert_eq!(told("bad "), ["eventing", "back office"]);
    let good = told("ok ");
    for check in
        ["clock", "token", "scopes", "management", "providers", "registrations", "ingress", "callback", "commerce"]
    {
        assert!(good.iter().any(|good| good == check), "{check}: {good:?}");
    }
}
