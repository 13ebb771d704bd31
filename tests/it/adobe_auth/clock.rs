//! What time does to tokens and verdicts, with the program that the torture commands: its clock jumps when it is told.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Instant;

use super::ims::{DAY, Mood, StandIn, of_ims};
use super::{INFO, ORG, check_refused, client, project, project_with};
use crate::support::{Answer, PATIENCE, Project};
use crate::watch::{self, Place};

const MINUTE: i64 = 60_000;

/// A `kit serve` whose clock jumps. It ends when it is dropped.
struct Kit {
    child: Child,
    orders: ChildStdin,
    url: String,
    client: reqwest::Client,
    folder: PathBuf,
}

impl Kit {
    fn start(project: &Project) -> Self {
        let mut command = project.command(&["torture-child"]);
        watch::of_test().give_to(&command);
        let folder = project.path().to_owned();
        let log = File::create(folder.join("kit.log")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the kit starts").to_owned();
        Self { orders: child.stdin.take().unwrap(), child, url, client: reqwest::Client::new(), folder }
    }

    /// The clock is off by so many milliseconds soon.
    fn jump(&mut self, milliseconds: i64) {
        writeln!(self.orders, "clock {milliseconds}").unwrap();
    }

    async fn ask(&self, token: &str) -> Answer {
        let request = self.client.get(format!("{}{INFO}", self.url)).bearer_auth(token);
        Answer::of(request.header("x-gw-ims-org-id", ORG)).await
    }

    /// The first answer of this status.
    async fn until(&self, token: &str, status: u16) -> Answer {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let answer = self.ask(token).await;
            if answer.status == status {
                return answer;
            }
            tokio::task::yield_now().await;
        }
        panic!("no answer became a {status}");
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let watch = watch::of_test();
            watch.look(&Place::Log, &std::fs::read(self.folder.join("kit.log")).unwrap());
            watch.stored(&self.folder.join("data"));
            watch.check();
        }
    }
}

#[tokio::test]
async fn a_token_of_our_own_service_ends_after_a_day() {
    let project = project();
    let mut kit = Kit::start(&project);
    let (id, secret) = client(&project);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=read_organizations");
    let request = kit.client.post(format!("{}/ims/token/v3", kit.url)).body(form);
    let granted = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    let token = granted.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(kit.ask(&token).await.status, 200);
    kit.jump(DAY - MINUTE);
    assert_eq!(kit.ask(&token).await.status, 200);
    kit.jump(DAY + 60 * MINUTE);
    let reason = super::recorded(&project, &kit.until(&token, 401).await)["reason"].clone();
    let seconds = reason.as_str().and_then(|reason| reason.strip_prefix("the token ended ")?.strip_suffix(" s ago"));
    let seconds: u32 = seconds.unwrap_or_else(|| panic!("{reason}")).parse().unwrap();
    assert!((3_600..3_700).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn ims_is_asked_again_after_five_minutes() {
    let ims = StandIn::start(Mood::Vouches).await;
    let project = project_with(&ims);
    let mut kit = Kit::start(&project);
    let token = of_ims(1, DAY);
    assert_eq!(kit.ask(&token).await.status, 200);
    ims.becomes(Mood::Refuses);
    assert_eq!(kit.ask(&token).await.status, 200);
    assert_eq!(ims.calls().len(), 2);
    kit.jump(5 * MINUTE);
    let refused = kit.until(&token, 401).await;
    check_refused(&project, &refused, "IMS says that the token is not valid, its reason is `revoked`");
    assert_eq!(ims.calls().len(), 3);
    // The refusal ends in ten seconds, the token itself later.
    ims.becomes(Mood::Vouches);
    kit.jump(6 * MINUTE);
    kit.until(&token, 200).await;
    kit.jump(DAY + MINUTE);
    kit.until(&token, 401).await;
    assert_eq!(ims.calls().len(), 5);
}
