//! When nothing more fits, senders are told so, and what was taken stays taken.

use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::WEBHOOK;
use crate::support::{Answer, PRODUCT_CREATE, Project, Server, product};

const TOO_FULL: &str = "the event cannot be stored now; send it again later";

fn large_product(index: usize) -> Value {
    json!({"sku": format!("LARGE-{index}"), "name": "Large", "price": 1, "description": "x".repeat(100_000)})
}

/// Sends large events until one is refused; returns the acknowledged ones and the refusal.
async fn fill(kit: &Server) -> (Vec<Answer>, Answer) {
    let mut acknowledged = Vec::new();
    loop {
        let index = acknowledged.len();
        assert!(index < 1_000, "this much does not fit");
        let answer = kit.send(&index.to_string(), PRODUCT_CREATE, &large_product(index)).await;
        if answer.status != 200 {
            return (acknowledged, answer);
        }
        acknowledged.push(answer);
    }
}

fn assert_comes_again(refused: &Answer) {
    assert_eq!((refused.status, refused.error()), (503, TOO_FULL), "{refused:?}");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{refused:?}");
    refused.activation();
}

#[tokio::test]
async fn a_store_at_its_limit_takes_no_more_and_delivers_what_it_has() {
    let project = Project::new().with("KIT_STORE_BYTES_MAX", "16MiB");
    let kit = project.start(&["dev"]);
    let (acknowledged, refused) = fill(&kit).await;
    assert_comes_again(&refused);
    assert!(acknowledged.len() > 100, "{} large events fit into 16 MiB", acknowledged.len());
    let again = kit.send("again", PRODUCT_CREATE, &large_product(7)).await;
    assert_comes_again(&again);
    assert_eq!(kit.get("/health/live").await.status, 200);
    kit.calls_reach("products", acknowledged.len()).await;
    // What is wrong is still told, although it could not be stored either way.
    assert_eq!(kit.post("{").await.status, 400);
    let calls = kit.calls("products").await;
    assert_eq!(calls.len(), acknowledged.len(), "no refused event had an effect");
    let mut events: Vec<&str> = calls.iter().map(|call| call["event_id"].as_str().unwrap()).collect();
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), acknowledged.len(), "every event had one effect");
}

#[tokio::test]
async fn a_disk_that_refuses_loses_nothing_that_was_acknowledged() {
    let project = Project::new().with("KIT_METRICS_TOKEN", "operator-of-the-tests");
    let kit = Server::spawn(limited(&project), project.path());
    let (acknowledged, refused) = fill(&kit).await;
    assert_comes_again(&refused);
    assert!(!acknowledged.is_empty());
    assert_eq!(kit.get("/health/live").await.status, 200);
    // The store opens again after a second, and then nobody knows until the next write.
    let not_ready = async |token: &str| {
        let index = acknowledged.len();
        let asked = || async {
            kit.send(&index.to_string(), PRODUCT_CREATE, &large_product(index)).await;
            let ready = Answer::of(kit.client.get(kit.url("/health/ready")).bearer_auth(token)).await;
            (ready.status == 503).then_some(ready)
        };
        kit.until("the kit says that it is not ready", asked).await
    };
    let ready = not_ready("somebody-else").await;
    assert_eq!(ready.body, json!({"status": "unavailable"}), "strangers are told no more");
    let ready = not_ready("operator-of-the-tests").await;
    assert_eq!(ready.body["reason"], "the store cannot write");
    assert_eq!(ready.body["reasons"], json!([{"reason": "disk", "text": "the store cannot write"}]));
    assert!(!kit.log().contains("panic"), "{}", kit.log());
    kit.kill();

    let kit = project.start(&["dev"]);
    for (index, first) in acknowledged.iter().enumerate() {
        let answer = kit.send(&index.to_string(), PRODUCT_CREATE, &large_product(index)).await;
        answer.assert_replay_of(first);
    }
    let index = acknowledged.len();
    kit.send(&index.to_string(), PRODUCT_CREATE, &large_product(index)).await.assert_new();
    assert_eq!(kit.get("/health/ready").await.status, 200);
    kit.kill();
}

/// One body within its limit could break more than a million rules, and naming them all took 650 MB. Whatever a
/// stranger sends, what it costs has to be in proportion.
#[tokio::test]
async fn a_value_that_breaks_a_million_rules_costs_little() {
    // More than the usual limit of members, which would refuse them before anybody counts rules.
    let project = Project::new().with("KIT_JSON_MEMBERS_MAX", "10000000");
    let kit = project.start(&["dev"]);
    let no_members = vec![json!({}); 340_000];
    let no_objects = vec![json!(1); 500_000];
    for value in [Value::from(no_members), Value::from(no_objects)] {
        let answer = kit.send("1", "be-observer.catalog_stock_update", &value).await;
        assert_eq!(answer.status, 400);
        assert!((1..=50).contains(&answer.body["details"].as_array().unwrap().len()), "{answer:?}");
    }
    let names: Vec<String> = (0..90_000).map(|name| format!(r#""{name}":1,"#)).collect();
    let names = names.concat();
    let event = r#""uid":"1","event":"be-observer.catalog_product_delete""#;
    let answer = kit.post(format!(r#"{{"data":{{{event},"value":{{{names}"sku":"A"}}}}}}"#)).await;
    assert_eq!(answer.status, 400);
    assert!((1..=50).contains(&answer.body["details"].as_array().unwrap().len()), "{answer:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", kit.process_id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kb: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kb < 200 * 1024, "{peak_kb} kB");
}

/// The kit in a shell that lets no file grow beyond 4 MiB: a write then fails as on a full disk.
fn limited(project: &Project) -> Command {
    let mut command = Command::new("bash");
    let script = r#"trap "" XFSZ; ulimit -f 4096; exec "$0" dev"#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_kit")]).current_dir(project.path()).env_clear();
    let own = project.command(&["dev"]);
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Nobody bounded what the bodies of all requests took together: a few hundred slow senders were enough to fill a small
/// machine's memory.
#[tokio::test]
async fn slow_senders_fill_no_more_memory_than_was_set_and_others_are_told_to_come_again() {
    const BODY: usize = 1 << 20;
    let project = Project::new().with("KIT_REQUEST_BYTES_MAX", "4MiB");
    let kit = project.start(&["dev"]);
    let head = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: {}\r\ncontent-length: {BODY}\r\n\r\n", kit.address);
    let mut slow = JoinSet::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(&kit.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; BODY - 1]).await.unwrap();
        slow.spawn(answer(stream));
    }
    // Four of them fit, the others hear at once that they do not.
    for _ in 0..4 {
        let answer = slow.join_next().await.unwrap().unwrap();
        assert!(answer.starts_with("http/1.1 503 ") && answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
        assert!(answer.contains("more is being sent than can be held at once; send it again later"), "{answer}");
    }
    assert_eq!(kit.get("/health/live").await.status, 200, "what has no body has room");
    slow.shutdown().await;
    let taken = || async { Some(kit.send("1", PRODUCT_CREATE, &product("A")).await).filter(|sent| sent.status == 200) };
    kit.until("room for an event", taken).await;
}

/// In lower case.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = vec![0; 1_000];
    let bytes = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..bytes]).to_ascii_lowercase()
}
