//! `kit verify`: why a request was not believed, found out afterwards.

use std::process::Output;

use schemes::MacKeys;
use schemes::signature::Rule;
use serde_json::Value;

use crate::support::Project;

const SECRET: &str = "a shared secret of thirty bytes";
const AT: &str = "1767225600";
const BODY: &str = r#"{"data":{"uid":"1"}}"#;

/// A project with a captured request, signed as Port would.
fn project() -> Project {
    let project = Project::new().with("THE_SECRET", SECRET);
    let at = jiff::Timestamp::from_second(AT.parse().unwrap()).unwrap();
    let headers = Rule::port().sign(&MacKeys::of_texts(&[SECRET.into()]), at, BODY.as_bytes());
    let lines = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    let length = BODY.len();
    let head = format!("POST /api/v1/web/ingestion/webhook HTTP/1.1\r\nHost: kit\r\nContent-Length: {length}\r\n");
    project.write("request.http", &format!("{head}{}\r\n{BODY}\n", lines.collect::<String>()));
    project.write("body.json", BODY);
    project
}

fn verify(project: &Project, scheme: &str, file: &str, more: &[&str]) -> Output {
    let arguments = ["verify", "--scheme", scheme, "--secret-env", "THE_SECRET", "--file", file];
    let output = project.run(&[&arguments, more].concat());
    let shown = [&*output.stdout, &*output.stderr].concat();
    assert!(!String::from_utf8_lossy(&shown).contains(SECRET), "{output:?}");
    output
}

/// What it prints, and whether it accepts.
#[track_caller]
fn check(output: &Output, code: i32, said: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{said}\n"), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_captured_request_is_believed_at_its_time() {
    let project = project();
    let accepted = verify(&project, "port", "request.http", &["--at", AT]);
    check(&accepted, 0, "accepted: `port` vouches for this request with a body of 20 bytes");
    let accepted = verify(&project, "port", "request.http", &["--at", "2026-01-01T00:05:00Z"]);
    assert!(accepted.status.success(), "{accepted:?}");
    let stale = verify(&project, "port", "request.http", &["--at", "2026-01-01T00:05:01Z"]);
    let text = "port: the time in `x-port-timestamp` is 301 s behind our clock, at most 300 s are allowed";
    check(&stale, 1, &format!("refused: {text}"));
    let now = verify(&project, "port", "request.http", &["--json"]);
    assert_eq!(now.status.code(), Some(1));
    let printed: Value = serde_json::from_slice(&now.stdout).unwrap();
    assert_eq!((&printed["scheme"], &printed["accepted"]), (&"port".into(), &false.into()));
    assert!(printed["reason"].as_str().unwrap().contains("behind our clock"), "{printed}");
}

#[test]
fn a_body_alone_is_checked_with_headers_that_are_said() {
    let project = project();
    let file = project.read("request.http");
    let line = file.lines().find(|line| line.starts_with("x-port-signature")).unwrap().to_owned();
    let time = format!("x-port-timestamp: {AT}");
    let with = |more: &[&str]| verify(&project, "port", "body.json", &[&["--at", AT], more].concat());
    assert!(with(&["--header", &time, "--header", &line]).status.success());
    check(&with(&["--header", &time]), 1, "refused: port: the header `x-port-signature` is missing");
    let twice = with(&["--header", &time, "--header", &line, "--header", &line]);
    check(&twice, 1, "refused: port: the header `x-port-signature` is given 2 times");
    project.write("body.json", &format!("{BODY}\n"));
    let other = with(&["--header", &time, "--header", &line]);
    let text = "port: none of 1 secret(s) fits the signature in `x-port-signature` over a body of 21 bytes";
    check(&other, 1, &format!("refused: {text}"));
}

#[test]
fn a_scheme_reads_its_other_settings() {
    let project = project().with("KIT_INGESTION_HMAC_HEADER", "X-Slip").with("KIT_INGESTION_BASIC_USER", "erp");
    let missing = verify(&project, "hmac", "body.json", &[]);
    check(&missing, 1, "refused: hmac: the header `x-slip` is missing");
    let header = "authorization: Basic ZXJwOmEgc2hhcmVkIHNlY3JldCBvZiB0aGlydHkgYnl0ZXM=";
    let basic = verify(&project, "basic", "body.json", &["--header", header]);
    check(&basic, 0, "accepted: `basic` vouches for this request with a body of 20 bytes");
    let key = verify(&project, "api-key", "body.json", &["--header", "x-api-key: none"]);
    check(&key, 1, "refused: api-key: the header `x-api-key` holds none of 1 key(s)");
}

#[test]
fn what_cannot_be_checked_is_said() {
    #[track_caller]
    fn check_fault(output: &Output, expected: &str) {
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{said}");
    }
    let project = project();
    check_fault(&verify(&project, "prot", "body.json", &[]), "did you mean `port`?");
    check_fault(&verify(&project, "ims", "body.json", &[]), "`kit verify` asks nobody");
    check_fault(&verify(&project, "port,stripe", "body.json", &[]), "KIT_INGESTION_");
    check_fault(&verify(&project, "port", "nothing.json", &[]), "cannot read `nothing.json`");
    check_fault(&verify(&project, "port", "body.json", &["--at", "noon"]), "`--at` is no time");
    check_fault(&verify(&project, "port", "body.json", &["--header", "x"]), "`--header` is no header");
    check_fault(
        &verify(&project.with("THE_SECRET", ""), "port", "body.json", &[]),
        "the variable `THE_SECRET` is not set",
    );
}
