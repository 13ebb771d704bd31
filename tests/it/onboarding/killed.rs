use std::process::{Child, Stdio};

use super::Bench;

/// More calls than a run makes.
const CALLS_MAX: usize = 80;

/// Few enough for a run after each call, and something of everything.
const ENTITIES: &str =
    r#"{"product": ["commerce", "backoffice"], "customer": [], "order": [], "stock": ["backoffice"]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_after_any_call_is_completed_by_the_next() {
    let bench = Bench::new().await;
    bench.project.write("onboarding/config/starter-kit-registrations.json", ENTITIES);
    bench.ok(&["onboard"]);
    let wanted = bench.snapshot().await;
    let mut kills = 0;
    for number in 1..=CALLS_MAX {
        bench.proxy.hold(None);
        bench.ok(&["offboard", "--yes"]);
        assert_eq!(bench.providers().await.len(), 0);
        bench.proxy.hold(Some(number));
        if !is_killed(&bench).await {
            break;
        }
        kills += 1;
        bench.proxy.hold(None);
        bench.ok(&["onboard"]);
        assert_eq!(bench.snapshot().await, wanted, "after call {number}");
    }
    // A token, two lists, two providers, six events and three registrations.
    assert_eq!(kills, 1 + 2 + 2 + 6 + 3, "a kill after each call");
    assert_eq!(bench.snapshot().await, wanted);
}

/// Kills a run when its answer is held back; `false` when it ends before.
async fn is_killed(bench: &Bench) -> bool {
    let mut command = bench.project.command(&["onboard"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    tokio::select! {
        () = bench.proxy.held() => {
            child.kill().unwrap();
            child.wait().unwrap();
            true
        }
        status = end(&mut child) => {
            assert!(status.success());
            false
        }
    }
}

async fn end(child: &mut Child) -> std::process::ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::task::yield_now().await;
    }
}
