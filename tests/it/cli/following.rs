//! Commands that go on: over restarts of the kit that they ask, without a line twice or left out.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

use super::{KEY, bring, json_of, project, text};
use crate::support::{Project, Server};
use crate::watch;

/// A command that follows, and the lines that it has printed so far.
struct Follower {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Follower {
    fn start(project: &Project, line: &str) -> Self {
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        watch::of_test().give_to(&command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (stdout, kept) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&lines));
        let reader = std::thread::spawn(move || {
            for line in stdout.lines() {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.unwrap());
            }
        });
        Self { child, lines, reader }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn until(&self, kit: &Server, what: &str, is_there: impl Fn(&[String]) -> bool) {
        kit.until(what, || async { is_there(&self.lines()).then_some(()) }).await;
    }

    /// Ctrl-C; the exit code, all lines, and what it said on stderr.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>, String) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut said = Vec::new();
        self.child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
        self.reader.join().unwrap();
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (status.code(), lines, text(&said))
    }
}

/// The member of each line that is JSON.
fn column(lines: &[String], pointer: &str) -> Vec<String> {
    let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed.map(|row| row.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect()
}

/// Kills the kit and starts it again at the same address.
fn again(kit: Server, project: Project) -> (Server, Project) {
    let project = project.with("KIT_BIND", &kit.address);
    kit.kill();
    let kit = project.start(&["dev"]);
    (kit, project)
}

#[tokio::test]
async fn lists_go_on_over_a_restart_of_the_kit_that_they_ask() {
    let here = project();
    let kit = here.start(&["dev"]);
    bring(&kit, &here, "1", "done").await;
    let there = Project::new().with("KIT_URL", &kit.url("")).with("KIT_API_KEY", KEY);
    let runs = Follower::start(&there, "activation list --follow --json");
    let deliveries = Follower::start(&there, "delivery list --follow --json");
    let logs = Follower::start(&there, "activation logs --follow --json");
    let of_folder = Follower::start(&here, "activation list --follow --json");
    runs.until(&kit, "the first runs", |lines| lines.len() >= 3).await;
    deliveries.until(&kit, "the first delivery", |lines| !lines.is_empty()).await;
    logs.until(&kit, "the first log", |lines| !lines.is_empty()).await;
    of_folder.until(&kit, "the first runs of the folder", |lines| lines.len() >= 3).await;
    bring(&kit, &here, "2", "done").await;
    let (kit, here) = again(kit, here);
    bring(&kit, &here, "3", "done").await;
    bring(&kit, &here, "4", "done").await;
    let all: HashSet<String> = ids(&json_of(&here, "activation list --json"), "activationId");
    assert_eq!(all.len(), 12, "three runs of each event");
    runs.until(&kit, "all runs", |lines| lines.len() >= 12).await;
    of_folder.until(&kit, "all runs of the folder", |lines| lines.len() >= 12).await;
    deliveries.until(&kit, "all deliveries", |lines| lines.len() >= 4).await;
    logs.until(&kit, "all logs", |lines| lines.len() >= 10).await;
    for follower in [runs, of_folder] {
        let (code, lines, said) = follower.interrupt();
        assert_eq!((code, lines.len()), (Some(0), 12), "{lines:?} {said}");
        assert_eq!(column(&lines, "/activationId").into_iter().collect::<HashSet<_>>(), all);
    }
    let (code, lines, said) = deliveries.interrupt();
    assert_eq!((code, column(&lines, "/uid")), (Some(0), ["1", "2", "3", "4"].map(str::to_owned).to_vec()), "{said}");
    let (code, lines, _) = logs.interrupt();
    assert_eq!(code, Some(0));
    assert!(column(&lines, "/activationId").into_iter().all(|id| all.contains(&id)));
}

fn ids(rows: &Value, member: &str) -> HashSet<String> {
    rows.as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_journal_goes_on_over_a_restart_and_says_where_it_stopped() {
    let here = project();
    let kit = here.start(&["dev"]);
    bring(&kit, &here, "1", "done").await;
    let there = Project::new().with("KIT_URL", &kit.url("")).with("KIT_API_KEY", KEY);
    let journal = Follower::start(&there, "journal tail backoffice-product-sync --follow --limit 1");
    journal.until(&kit, "the first event", |lines| lines.len() >= 2).await;
    let (kit, here) = again(kit, here);
    bring(&kit, &here, "2", "done").await;
    bring(&kit, &here, "3", "done").await;
    journal.until(&kit, "all events", |lines| lines.len() >= 4).await;
    let (code, lines, said) = journal.interrupt();
    assert_eq!((code, lines.len()), (Some(0), 5), "{lines:?} {said}");
    let tail = json_of(&here, "journal tail backoffice-product-sync --json");
    let events = tail["events"].as_array().unwrap();
    for (line, event) in lines[1..].iter().zip(events) {
        assert!(line.contains(event["position"].as_str().unwrap()), "{line}");
    }
    let last = tail["_page"]["last"].as_str().unwrap();
    assert_eq!(lines[4], format!("next: kit journal tail backoffice-product-sync --since {last}"));
    let rest = json_of(
        &here,
        &format!("journal tail backoffice-product-sync --since {} --json", events[1]["position"].as_str().unwrap()),
    );
    assert_eq!(rest["events"], Value::from(vec![events[2].clone()]));
}
