use super::{load, project, told, variables};
use crate::Manifest;

const HEAD: &str = "application:\n  runtimeManifest:\n    packages:\n";

fn check(root: &str, files: &[(&str, &str)], expected: &[&str]) {
    let root = format!("{HEAD}{root}");
    let mut all = vec![("app.config.yaml", root.as_str())];
    all.extend(files);
    let faults = load(&all).unwrap_err();
    assert_eq!(told(&faults), expected, "{faults}");
}

#[test]
fn a_cycle_is_told_with_its_chain() {
    check(
        "      $include: a/one.yaml\n",
        &[("a/one.yaml", "package:\n  $include: ../two.yaml"), ("two.yaml", "\ninputs:\n  $include: a/one.yaml")],
        &[
            "two.yaml:3 packages.package.inputs.$include: Detected '$include' cycle: app.config.yaml -> a/one.yaml -> two.yaml -> a/one.yaml",
        ],
    );
    check(
        "      $include: ./app.config.yaml\n",
        &[],
        &["app.config.yaml:4 packages.$include: Detected '$include' cycle: app.config.yaml -> app.config.yaml"],
    );
}

#[test]
fn includes_do_not_leave_the_project() {
    let expected = ["app.config.yaml:4 packages.$include: expected a file inside the project folder"];
    check("      $include: ../outside.yaml\n", &[], &expected);
    check("      $include: a/../../outside.yaml\n", &[], &expected);
    check("      $include: /etc/hostname\n", &[], &expected);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_project() {
    let outside = project(&[("secret.yaml", "a: b")]);
    let root = project(&[("app.config.yaml", &format!("{HEAD}      $include: link.yaml\n"))]);
    std::os::unix::fs::symlink(outside.path().join("secret.yaml"), root.path().join("link.yaml")).unwrap();
    let faults = Manifest::load(root.path(), &variables()).unwrap_err();
    assert_eq!(told(&faults), ["app.config.yaml:4 packages.$include: expected a file inside the project folder"]);
}

#[test]
fn files_that_cannot_be_read_are_told() {
    check(
        "      $include: a/none.yaml\n",
        &[],
        &["app.config.yaml:4 packages.$include: expected the file `a/none.yaml`, which does not exist"],
    );
    check(
        "      $include: folder\n",
        &[("folder/file", "")],
        &["app.config.yaml:4 packages.$include: cannot read `folder`: is a directory"],
    );
    let long = " ".repeat(1024 * 1024 + 1);
    check(
        "      $include: long.yaml\n",
        &[("long.yaml", &long)],
        &["app.config.yaml:4 packages.$include: expected at most 1048576 bytes in `long.yaml`"],
    );
}

#[test]
fn include_stands_alone_and_names_a_file() {
    check(
        "      p:\n        license: x\n        $include: p.yaml\n",
        &[("p.yaml", "actions: {}")],
        &["app.config.yaml:6 packages.p.$include: expected `$include` as the only key of its map"],
    );
    check(
        "      p:\n        $include: [p.yaml]\n",
        &[],
        &["app.config.yaml:5 packages.p.$include: expected the path of a file"],
    );
}

#[test]
fn files_in_one_another_have_a_limit() {
    let texts: Vec<(String, String)> =
        (0..20).map(|index| (format!("{index}.yaml"), format!("p:\n  $include: {}.yaml", index + 1))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let root = format!("{HEAD}      $include: 0.yaml\n");
    let faults = load(&[&[("app.config.yaml", root.as_str())], files.as_slice()].concat()).unwrap_err();
    assert!(faults.to_string().contains("expected at most 16 files in one another"), "{faults}");
}

#[test]
fn files_in_all_have_a_limit() {
    let line = |index| format!("      p{index}: {{$include: p.yaml}}\n");
    let root = format!("{HEAD}{}", (0..600).map(line).collect::<String>());
    let faults = load(&[("app.config.yaml", &root), ("p.yaml", "actions: {}")]).unwrap_err();
    assert_eq!(faults.len(), 600 - 511);
    assert!(faults.to_string().contains("expected at most 512 files in all"), "{faults}");
}

#[test]
fn a_missing_root_file_is_told_once() {
    let faults = load(&[]).unwrap_err();
    assert_eq!(told(&faults), [" app.config.yaml: expected the file `app.config.yaml`, which does not exist"]);
    let faults = Manifest::load(project(&[]).path().join("none").as_path(), &variables()).unwrap_err();
    assert!(told(&faults)[0].contains("cannot open the project folder"), "{faults}");
}
