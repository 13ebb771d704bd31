use super::{SECRET, load, load_action, told};

/// One line added to a correct action gives one fault, in that line.
fn check(line: &str, key: &str, problem: &str, hint: &str) {
    let faults = load_action(&["function: f", "runtime: rust", line]).unwrap_err();
    let expected = format!("app.config.yaml:9 packages.stock-backoffice.actions.updated.{key}: {problem}");
    assert_eq!(told(&faults), [expected], "{faults}");
    assert!(faults.to_string().contains(&format!("\n  hint: {hint}")), "{faults}");
}

fn check_lines(lines: &[&str], expected: &[&str]) {
    let faults = load_action(lines).unwrap_err();
    let expected: Vec<String> = expected
        .iter()
        .map(|told| {
            let (line, rest) = told.split_once(' ').unwrap();
            format!("app.config.yaml:{line} packages.stock-backoffice.actions.updated.{rest}")
        })
        .collect();
    assert_eq!(told(&faults), expected, "{faults}");
}

#[test]
fn a_fault_reads_as_place_key_problem_and_hint() {
    let faults = load_action(&["function: f", "runtime: rust", "web: maybe"]).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "app.config.yaml:9: `packages.stock-backoffice.actions.updated.web`: expected `yes`, `no` or `raw`\n  \
         hint: leave the key out for an action without a URL"
    );
}

#[test]
fn values_of_a_wrong_kind_are_refused() {
    let number = "expected a whole number from";
    let hint = "`timeout` counts milliseconds";
    check("web: 1", "web", "expected `yes`, `no` or `raw`", "leave");
    check("web: [yes]", "web", "expected `yes`, `no` or `raw`", "leave");
    check("inputs: 5", "inputs", "expected a map", "write lines");
    check("annotations: [a]", "annotations", "expected a map", "write lines");
    check("annotations: {a: 1}", "annotations.a", "expected a text, `true` or `false`", "put other");
    check("limits: {timeout: 99}", "limits.timeout", &format!("{number} 100 to 10800000"), hint);
    check("limits: {timeout: 10800001}", "limits.timeout", &format!("{number} 100 to 10800000"), hint);
    check("limits: {concurrency: 0}", "limits.concurrency", &format!("{number} 1 to 500"), hint);
    check("limits: {concurrency: 501}", "limits.concurrency", &format!("{number} 1 to 500"), hint);
    check("limits: {memory: 127}", "limits.memory", &format!("{number} 128 to 4096"), hint);
    check("limits: {memory: 99999999999}", "limits.memory", &format!("{number} 128 to 4096"), hint);
    check("limits: {logs: 11}", "limits.logs", &format!("{number} 0 to 10"), hint);
    check("limits: {logs: -1}", "limits.logs", &format!("{number} 0 to 10"), hint);
    check("limits: {logs: '1'}", "limits.logs", &format!("{number} 0 to 10"), hint);
    check("limits: {logs: 1.5}", "limits.logs", &format!("{number} 0 to 10"), hint);
}

#[test]
fn unknown_keys_get_the_nearest_known_one() {
    check("fuction: x", "fuction", "expected a key of an action", "did you mean `function`?");
    check("input: {}", "input", "expected a key of an action", "did you mean `inputs`?");
    check("web-export: true", "web-export", "expected no `web-export` directly on an action", "use `web: yes` instead");
    check("raw-http: true", "raw-http", "expected no `raw-http` directly on an action", "use `web: raw` instead");
    check("limits: {timeuot: 1}", "limits.timeuot", "expected a limit", "did you mean `timeout`?");
}

#[test]
fn runtime_and_function_are_required() {
    check_lines(
        &[],
        &[
            "6 function: expected the path of the action's file, it is missing",
            "6 runtime: expected `rust`, it is missing",
        ],
    );
    check_lines(&["function: f", "runtime: nodejs:22"], &["8 runtime: expected `rust`"]);
    let faults = load_action(&["function: f", "runtime: nodejs:22"]).unwrap_err();
    assert!(faults.to_string().contains("nodejs actions are not run by this kit"), "{faults}");
}

#[test]
fn a_function_is_a_rust_file_of_the_project() {
    fn check(function: &str, problem: &str) {
        check_lines(&["runtime: rust", &format!("function: {function}")], &[&format!("8 function: {problem}")]);
    }
    check("../f.rs", "expected the path of a file inside the project folder");
    check("/f.rs", "expected the path of a file inside the project folder");
    check("''", "expected the path of a file inside the project folder");
    check("actions", "expected the path of a file inside the project folder");
    check("[f]", "expected the path of a file inside the project folder");
    check("index.js", "expected a Rust file");
}

#[test]
fn keys_given_twice_are_all_told() {
    check_lines(
        &["function: f", "runtime: rust", "web: yes", "function: g", "inputs:", "  A: 1", "  A: 2", "web: no"],
        &[
            "10 function: expected the key once, it is already in line 7",
            "13 inputs.A: expected the key once, it is already in line 12",
            "14 web: expected the key once, it is already in line 9",
        ],
    );
}

#[test]
fn packages_have_known_keys_only() {
    fn check(line: &str, key: &str, expected: &str) {
        let text = format!("application:\n  runtimeManifest:\n    packages:\n      p:\n        {line}\n");
        let faults = load(&[("app.config.yaml", &text)]).unwrap_err();
        assert_eq!(told(&faults), [format!("app.config.yaml:5 packages.p.{key}: {expected}")]);
    }
    check("sequences: [a]", "sequences", "expected a map");
    check("triggers:", "triggers", "this kit does not run triggers yet");
    check("rules: {}", "rules", "this kit does not run rules yet");
    check("apis: {}", "apis", "this kit does not run apis yet");
    check("action: {}", "action", "expected a key of a package");
    check("actions: [a]", "actions", "expected a map");
    check("actions: {a: 5}", "actions.a", "expected a map");
}

#[test]
fn a_manifest_without_packages_is_told_once() {
    fn check(text: &str, expected: &str) {
        assert_eq!(told(&load(&[("app.config.yaml", text)]).unwrap_err()), [expected], "{text}");
    }
    let missing = "expected the key, it is missing";
    check("", &format!("app.config.yaml:1 application: {missing}"));
    check("# nothing\n", &format!("app.config.yaml:1 application: {missing}"));
    check("extensions: {}\n", &format!("app.config.yaml:1 application: {missing}"));
    check("\napplication:\n", &format!("app.config.yaml:2 application.runtimeManifest: {missing}"));
    check("application: {runtimeManifest: {}}", &format!("app.config.yaml:1 packages: {missing}"));
    check("application: [a]", "app.config.yaml:1 application: expected a map");
    check("just text", "app.config.yaml:1 : expected a map");
}

#[test]
fn text_that_is_not_yaml_is_told_without_the_text() {
    fn check(text: &str, line: u64) {
        let faults = load(&[("app.config.yaml", text)]).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults}");
        let fault = faults.iter().next().unwrap();
        assert_eq!(fault.at.as_ref().map(|at| at.line), Some(line), "{text:?}: {fault}");
        assert!(!faults.to_string().contains(SECRET), "{text:?}: {faults}");
    }
    check(&format!("a:\n  b: '{SECRET}\n"), 2);
    check(&format!("a: 1\n  b: {SECRET}: x\n"), 2);
    check(&format!("a: *{SECRET}\n"), 1);
    check(&format!("a:\n  <<: {SECRET}\n"), 2);
    check(&format!("a: !!int {SECRET}\n"), 1);
    check(&format!("a: !!binary {SECRET}\n"), 1);
    check(&format!("{{a: b}}: {SECRET}\n"), 1);
    check(&format!("~: {SECRET}\n"), 1);
    check(&format!("a: 1\n---\nb: {SECRET}\n"), 3);
    check(&format!("a: {}{SECRET}\n", "[".repeat(500)), 1);
    check(
        "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
        5,
    );
}

#[test]
fn all_faults_of_all_files_come_at_once_and_in_order() {
    let root = format!(
        "application:\n  runtimeManifest:\n    packages:\n      one:\n        inputs: {SECRET}\n        actions:\n          $include: one.yaml\n      two:\n        actions:\n          $include: two.yaml\n      three:\n        rules: {{}}\n        actions: {{$include: none.yaml}}\n"
    );
    let one = format!(
        "a:\n  function: a.js\n  runtime: {SECRET}\n  wbe: x\n  limits: {{logs: {SECRET}}}\nb:\n  function: b\n"
    );
    let two = format!("a:\n  inputs:\n    TOKEN: \"{SECRET}\n");
    let faults = load(&[("app.config.yaml", &root), ("one.yaml", &one), ("two.yaml", &two)]).unwrap_err();
    let shown = faults.to_string();
    let starts: Vec<String> = told(&faults).iter().map(|told| told.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(
        starts,
        [
            "app.config.yaml:5 packages.one.inputs",
            "app.config.yaml:12 packages.three.rules",
            "app.config.yaml:13 packages.three.actions.$include",
            "one.yaml:2 packages.one.actions.a.function",
            "one.yaml:3 packages.one.actions.a.runtime",
            "one.yaml:4 packages.one.actions.a.wbe",
            "one.yaml:5 packages.one.actions.a.limits.logs",
            "one.yaml:6 packages.one.actions.b.runtime",
            "two.yaml:3 ",
        ],
        "{shown}"
    );
    assert!(!shown.contains(SECRET), "{shown}");
}
