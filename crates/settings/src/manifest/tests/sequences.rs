use super::{load, told};
use crate::{Faults, Manifest, Web};

/// Two packages with an action each; `lines` are sequences of `one`, and the first is in line 11.
fn sequences(lines: &[&str]) -> Result<Manifest, Faults> {
    let mut text = String::from(
        "application:\n  runtimeManifest:\n    packages:\n      two:\n        actions:\n          c: {function: c, runtime: rust}\n      \
         one:\n        actions:\n          a: {function: a, runtime: rust}\n        sequences:\n",
    );
    for line in lines {
        text.push_str("          ");
        text.push_str(line);
        text.push('\n');
    }
    load(&[("app.config.yaml", &text)])
}

#[track_caller]
fn check(lines: &[&str], expected: &[&str]) {
    let told: Vec<String> = sequences(lines).map(drop).err().iter().flat_map(told).collect();
    let expected: Vec<String> = expected.iter().map(|fault| format!("app.config.yaml:{fault}")).collect();
    assert_eq!(told, expected, "{lines:?}");
}

#[test]
fn a_sequence_is_an_action_that_runs_others() {
    let manifest = sequences(&[
        "s: {actions: \"a, two/c,/_/one/a\", web: 'yes', annotations: {final: true}}",
        "t: {actions: [s]}",
    ])
    .unwrap();
    let by_name = |name: &str| manifest.actions.iter().find(|action| action.full_name() == name).unwrap();
    let sequence = by_name("one/s");
    assert_eq!(sequence.components, ["one/a", "two/c", "one/a"]);
    assert_eq!((sequence.web, sequence.annotation("final").unwrap()), (Web::Yes, &serde_json::json!(true)));
    assert!(sequence.is_sequence() && sequence.function.is_empty());
    assert_eq!(
        (by_name("one/t").components.as_slice(), by_name("one/t").web),
        (["one/s".to_owned()].as_slice(), Web::No)
    );
    assert!(!by_name("one/a").is_sequence());
}

#[test]
fn a_sequence_names_what_there_is() {
    let at = "packages.one.sequences.s.actions";
    check(&["s: {}"], &[&format!("11 {at}: expected the actions to run, they are missing")]);
    check(&["s: 5"], &["11 packages.one.sequences.s: expected a map"]);
    for names in ["''", "5", "{a: b}", "'a,,a'", "'a,'", "'a/b/c/d'", "'/a'", "'two/'", "[[a]]"] {
        check(&[&format!("s: {{actions: {names}}}")], &[&format!("11 {at}: expected names of actions")]);
    }
    check(&["s:", "  actions: a, tow/c"], &[&format!("11 {at}: there is no action `tow/c`")]);
    let faults = sequences(&["s: {actions: tow/c}"]).unwrap_err();
    assert!(faults.to_string().contains("hint: did you mean `two/c`?"), "{faults}");
    check(&["s: {actions: a, action: a}"], &["11 packages.one.sequences.s.action: expected a key of a sequence"]);
    check(&["s: {actions: a, web: maybe}"], &["11 packages.one.sequences.s.web: expected `yes`, `no` or `raw`"]);
    let taken = "expected a name of its own: the package has an action of the same name";
    check(&["a: {actions: two/c}"], &[&format!("11 packages.one.sequences.a.actions: {taken}")]);
    check(
        &["'a/b': {actions: a}"],
        &[
            "11 packages.one.sequences.a/b: expected a name of letters, digits, `_`, `@`, `.`, `-` and inner spaces, beginning with a letter, a digit or `_`",
        ],
    );
}

#[test]
fn a_sequence_comes_to_an_end() {
    let many = |count: usize| vec!["a"; count].join(",");
    check(&[&format!("s: {{actions: \"{}\"}}", many(50))], &[]);
    let at = "packages.one.sequences.s.actions";
    check(
        &[&format!("s: {{actions: \"{}\"}}", many(51))],
        &[&format!("11 {at}: expected at most 50 actions, there are 51")],
    );
    let of_sequences = format!("t: {{actions: \"{}\"}}", many(26));
    check(
        &["s: {actions: 't,t'}", &of_sequences],
        &[&format!("11 {at}: expected at most 50 actions, those of sequences within it among them")],
    );
    let endless = "expected actions that do not lead back to this sequence";
    check(&["s: {actions: s}"], &[&format!("11 {at}: {endless}")]);
    check(
        &["s: {actions: 'a,t'}", "t: {actions: 's,s'}"],
        &[&format!("11 {at}: {endless}"), &format!("12 packages.one.sequences.t.actions: {endless}")],
    );
}
