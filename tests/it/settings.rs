//! A kit with settings that are wrong does not start, and says everything that is wrong at once.

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{PRODUCT_CREATE, Project, TOKEN, product};

const MANIFEST: &str = "app.config.yaml";
const PRODUCTS: &str = "actions/product/external/actions.config.yaml";
const INGESTION: &str = "actions/ingestion/actions.config.yaml";
const REGISTRATIONS: &str = "onboarding/config/starter-kit-registrations.json";

/// Stands for values that no output may repeat.
const SECRET: &str = "5ecret-of-the-tests";

/// The number of the first line with this text.
fn line_of(text: &str, wanted: &str) -> usize {
    text.lines().position(|line| line.contains(wanted)).unwrap_or_else(|| panic!("no `{wanted}` in:\n{text}")) + 1
}

/// Puts text into a file of the project; says in which line it stands.
fn replace(project: &Project, file: &str, old: &str, new: &str) -> usize {
    let text = project.read(file);
    let line = line_of(&text, old);
    project.write(file, &text.replacen(old, new, 1));
    line
}

/// What `kit dev` says, which is what `kit check` says; every fault has a hint.
#[track_caller]
fn check(project: &Project, faults: &[String]) {
    let said = project.refusal(&["dev"]);
    for fault in faults {
        assert!(said.contains(fault.as_str()), "no `{fault}` in:\n{said}");
    }
    assert_eq!(said.matches("hint: ").count(), faults.len(), "one hint for each fault:\n{said}");
    let checked = project.run(&["check"]);
    assert_eq!((checked.status.code(), checked.stdout.len()), (Some(1), 0));
    let checked = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.contains(&format!("{} to mend before `kit dev` can start", faults.len())), "{checked}");
    let faults_said = said.strip_prefix("error: ").unwrap().trim_end();
    assert!(checked.contains(faults_said), "`check` says:\n{checked}\n`dev` says:\n{said}");
    assert!(!project.path().join("data").exists(), "a kit that does not start makes nothing");
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let project = Project::new();
    let include = "$include: ./actions/product/external/actions.config.yaml";
    replace(&project, MANIFEST, "productDependencies:", "      broken:\n        actions:\n          $include: ./broken.yaml\n      \
         missing:\n        actions:\n          $include: ./missing.yaml\nproductDependencies:");
    let missing = line_of(&project.read(MANIFEST), "./missing.yaml");
    project.write("broken.yaml", "created:\n  function: [\n  runtime: rust\n");
    let products = replace(&project, MANIFEST, include, "$include: ./products.yaml") - 3;
    project.write("products.yaml", &format!("extra:\n  $include: ./cycle.yaml\nconsumer:\n  fuction: x\n  web: 'no'\n  runtime: nodejs:20\ncreated:\n  function: actions/no/such/function\n  web: maybe\n  runtime: rust\n  limits: {{ timeout: {SECRET} }}\n"));
    project.write("cycle.yaml", "inner:\n  $include: ./products.yaml\n");
    assert!(products > 0);
    check(&project, &[
        "broken.yaml:".to_owned(),
        "cycle.yaml:2: `packages.product-backoffice.actions.extra.inner.$include`: Detected '$include' cycle: ".to_owned(),
        format!("{MANIFEST}:{missing}: `packages.missing.actions.$include`: expected the file `missing.yaml`, which does not exist"),
        "products.yaml:4: `packages.product-backoffice.actions.consumer.fuction`: expected a key of an action\n  hint: did you mean `function`?".to_owned(),
        "`packages.product-backoffice.actions.consumer.function`: expected the path of the action's file, it is missing".to_owned(),
        "products.yaml:6: `packages.product-backoffice.actions.consumer.runtime`: expected `rust`".to_owned(),
        "products.yaml:9: `packages.product-backoffice.actions.created.web`: expected `yes`, `no` or `raw`".to_owned(),
        "products.yaml:11: `packages.product-backoffice.actions.created.limits.timeout`: ".to_owned(),
        "products.yaml:7: `packages.product-backoffice.actions.created.function`: the function `no/such/function` is not in the table".to_owned(),
    ]);
}
