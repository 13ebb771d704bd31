//! Chance finds what tables forget.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::SAMPLE;
use crate::support::{Answer, Project};

const CASES: u32 = 64;

/// One change of the sample's bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    /// A stretch comes a second time.
    Repeat(prop::sample::Index, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Insert(at, inserted) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..bytes.len().min(at + count));
            }
            Self::Repeat(at, count) => {
                let at = at.index(bytes.len());
                let stretch = bytes[at..bytes.len().min(at + count)].to_vec();
                bytes.splice(at..at, stretch);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    // Letters that mean something in JSON come up more often than chance would have them.
    let byte = prop_oneof![any::<u8>(), prop::sample::select(br#"{}[]",:\u0de-+.x"#.to_vec())];
    prop_oneof![
        (any::<prop::sample::Index>(), byte.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<prop::sample::Index>(), vec(byte, 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<prop::sample::Index>(), 1..60_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<prop::sample::Index>(), 1..60_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let mutated = vec(change(), 1..6).prop_map(|changes| {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for change in changes {
            change.apply(&mut bytes);
        }
        bytes
    });
    prop_oneof![1 => vec(any::<u8>(), 0..300), 4 => mutated]
}

#[test]
fn no_bytes_at_all_make_the_webhook_fail() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let content_type = prop::sample::select(vec!["application/json", "text/plain", "", "application/xml"]);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(vec(body(), 4), content_type), |(bodies, content_type)| {
        for body in bodies {
            let url = kit.url(super::WEBHOOK);
            let request = kit.client.post(url).header("content-type", content_type).body(body);
            let answer: Answer = runtime.block_on(Answer::of(request));
            prop_assert!(matches!(answer.status, 200 | 400 | 409 | 415), "{answer:?}");
            prop_assert!(answer.body.is_object(), "{answer:?}");
            prop_assert_eq!(answer.status == 200, answer.body.get("error").is_none());
            prop_assert_eq!(answer.activation().len(), 32);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    runtime.block_on(kit.post(SAMPLE.replace("event_uid_1", "after all"))).assert_new();
    assert!(!kit.log().contains("panic"), "{}", kit.log());
}
