//! `kit doctor` beside a kit that serves, with a kit as its events API.

use super::{EventsService, free_address};
use crate::support::Project;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kit_that_is_onboarded_and_serves_is_well() {
    let service = EventsService::start_dev();
    let address = free_address();
    let project = service.client_of_sandbox(Project::new()).with("KIT_BIND", &address);
    let project = project.with("KIT_PUBLIC_URL", &format!("http://{address}"));
    service.download_workspace(&project).await;
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
    for command in ["onboard", "subscribe"] {
        let done = project.run(&[command]);
        assert!(done.status.success(), "{done:?}");
    }
    assert_eq!(told("bad "), [""; 0]);
    let good = told("ok ");
    for check in [
        "clock",
        "token",
        "scopes",
        "management",
        "providers",
        "registrations",
        "ingress",
        "callback",
        "commerce",
        "eventing",
        "back office",
    ] {
        assert!(good.iter().any(|good| good == check), "{check}: {good:?}");
    }
}
