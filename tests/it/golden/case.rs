//! The folders of golden files and what is in them.

use std::fmt;
use std::path::{Path, PathBuf};

use sdk::Event;
use serde_json::Value;

use super::root;

const EVENT: &str = "event.json";
/// The id of events that were carried before.
const CARRIED: &str = "01890a5d-0000-774b-bcce-b302099a8057";
pub const SENT: &str = "sent.json";
pub const REPLY: &str = "reply.json";

/// One folder `<package>/<action>/<case>`.
pub struct Case {
    pub package: String,
    pub action: String,
    name: String,
    folder: PathBuf,
}

/// One answer of the system that is called in a case.
#[derive(Clone, Debug)]
pub struct Target {
    pub status: u16,
    /// `Null` for an answer without a body.
    pub body: Value,
}

/// All cases, by name.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for package in folders(&root().join("tests/golden")) {
        for action in folders(&package) {
            for folder in folders(&action) {
                let (package, action, name) = (name(&package), name(&action), name(&folder));
                cases.push(Case { package, action, name, folder });
            }
        }
    }
    cases
}

impl Case {
    /// The name that the action is deployed under.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.package, self.action)
    }

    pub fn event(&self) -> Event {
        let document = self.read(EVENT);
        let code = document.get("type").map_or("", |code| code.as_str().expect("a type is text"));
        let data = document.get("data").unwrap_or_else(|| panic!("{self}: {EVENT} has no `data`"));
        let mut event = testkit::event(code, data);
        if let Some(time) = document.get("time").and_then(Value::as_str) {
            event.time = time.parse().unwrap_or_else(|error| panic!("{self}: `time`: {error}"));
        }
        event
    }

    /// Whether the outcome of an earlier attempt is not known.
    pub fn is_in_doubt(&self) -> bool {
        self.read(EVENT).get("in_doubt") == Some(&Value::Bool(true))
    }

    /// Events that were carried before, each by an action and with the target's answer.
    pub fn carried(&self) -> Vec<(String, Event, Target)> {
        let document = self.read(EVENT);
        let events = document.get("carried").and_then(Value::as_array).into_iter().flatten();
        let text = |event: &Value, name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let carried = |event: &Value| {
            let carried = Event { id: CARRIED.to_owned(), ..testkit::event(&text(event, "type"), &event["data"]) };
            (text(event, "action"), carried, self.target(&event["target"]))
        };
        events.map(carried).collect()
    }

    /// What the system that is called answers, call by call; the last answer repeats.
    pub fn targets(&self) -> Vec<Target> {
        match self.read(EVENT).get("target") {
            None => vec![Target { status: 200, body: Value::Null }],
            Some(Value::Array(answers)) => answers.iter().map(|answer| self.target(answer)).collect(),
            Some(answer) => vec![self.target(answer)],
        }
    }

    fn target(&self, answer: &Value) -> Target {
        let status = answer.get("status").map_or(Some(200), Value::as_u64).and_then(|status| status.try_into().ok());
        Target {
            status: status.unwrap_or_else(|| panic!("{self}: the target's status is no status")),
            body: answer.get("body").cloned().unwrap_or_default(),
        }
    }

    /// Whether the file says what was found; if not, how the two differ.
    pub fn difference(&self, file: &str, found: &Value) -> Option<String> {
        let path = self.folder.join(file);
        if !path.is_file() {
            let hint = "run the test with UPDATE_GOLDEN=1, then read what it wrote";
            return Some(format!("{self}/{file} is missing; {hint}. Found:\n{}\n", pretty(found)));
        }
        let expected = self.read(file);
        if expected == *found {
            return None;
        }
        let lines = compare(&pretty(&expected), &pretty(found));
        Some(format!("{self}/{file} (-: the file, +: found; UPDATE_GOLDEN=1 rewrites it)\n{lines}"))
    }

    pub fn write(&self, file: &str, found: &Value) {
        std::fs::write(self.folder.join(file), pretty(found) + "\n").unwrap();
    }

    pub fn read(&self, file: &str) -> Value {
        let text = std::fs::read_to_string(self.folder.join(file));
        let text = text.unwrap_or_else(|error| panic!("cannot read {self}/{file}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{self}/{file} is not JSON: {error}"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "tests/golden/{}/{}/{}", self.package, self.action, self.name)
    }
}

/// The folders in a folder, by name. Other files have no place among golden folders.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in &folders {
        assert!(path.is_dir(), "{} is in the way: a case is <package>/<action>/<case>/", path.display());
    }
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("golden folders have plain names").to_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Both texts with what they share at their beginning and end shown once.
fn compare(expected: &str, found: &str) -> String {
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();
    let before = expected.iter().zip(&found).take_while(|(left, right)| left == right).count();
    let rest = expected.len().min(found.len()) - before;
    let shared = expected.iter().rev().zip(found.iter().rev()).take(rest);
    let after = shared.take_while(|(left, right)| left == right).count();
    let mut lines = Vec::new();
    lines.extend(expected[..before].iter().map(|line| format!("  {line}\n")));
    lines.extend(expected[before..expected.len() - after].iter().map(|line| format!("- {line}\n")));
    lines.extend(found[before..found.len() - after].iter().map(|line| format!("+ {line}\n")));
    lines.extend(expected[expected.len() - after..].iter().map(|line| format!("  {line}\n")));
    lines.concat()
}

#[test]
fn a_difference_shows_the_lines_that_changed_between_those_that_did_not() {
    assert_eq!(compare("a\nb\nc", "a\nx\ny\nc"), "  a\n- b\n+ x\n+ y\n  c\n");
    assert_eq!(compare("a\na", "a\na\na"), "  a\n  a\n+ a\n");
    assert_eq!(compare("a\nb", "b"), "- a\n  b\n");
}
