//! What people read, word by word. `UPDATE_GOLDEN=1` writes the pages anew; the difference is for reading.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::json;

use super::{json_of, kit_with_a_failure, printed, project, run};
use crate::golden::root;
use crate::support::{PRODUCT_CREATE, Project};

/// What differs from run to run, and what stands for it.
const CHANGING: [(&str, &str); 9] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:\S+", "<position>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<event>"),
    (r"\b[0-9a-f]{32}\b", "<activation>"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
    (r"\b\d+(\.\d)? (ms|µs|s)\b", "<took>"),
    (r"127\.0\.0\.1:\d+", "<address>"),
    (r" *█+", " <bar>"),
    // Columns are as wide as what is in them.
    (r"([^ \n]) {2,}", "$1  "),
    (r" +\n", "\n"),
];

/// The page is what the file says.
#[track_caller]
fn check(name: &str, page: &str) {
    let page = CHANGING.iter().fold(page.to_owned(), |page, (pattern, stands)| {
        Regex::new(pattern).unwrap().replace_all(&page, *stands).into_owned()
    });
    let file: PathBuf = root().join("tests/it/cli/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(page, expected, "{}", file.display());
}

#[tokio::test]
async fn every_list_and_every_look_is_as_it_was() {
    let project = project();
    let _kit = kit_with_a_failure(&project).await;
    let failed = json_of(&project, "event trace bad --json");
    let delivery = &failed["deliveries"][0]["runs"][0];
    let handler = delivery["caused"][0]["activation"].as_str().unwrap();
    for (name, line) in [
        ("activation_list", "activation list".to_owned()),
        ("activation_get", format!("activation get {handler}")),
        ("activation_logs", format!("activation logs {handler}")),
        ("activation_result", format!("activation result {handler}")),
        ("delivery_list", "delivery list".to_owned()),
        ("delivery_get", "delivery get bad".to_owned()),
        ("event_list", "event list --entity product --key bad".to_owned()),
        ("event_sample", format!("event sample {PRODUCT_CREATE}")),
        ("event_trace", "event trace bad".to_owned()),
        ("registration_list", "registration list".to_owned()),
        ("journal_tail", "journal tail backoffice-product-sync".to_owned()),
        ("action_list", "action list".to_owned()),
    ] {
        check(name, &printed(&project, &line));
    }
}

/// A failed event leads from its uid to Commerce's own words in two commands.
#[tokio::test]
async fn a_failure_is_traced_from_its_uid_in_two_commands() {
    let project = project();
    let kit = project.start(&["dev"]);
    let words = json!({"target": "commerce", "method": "POST", "path": "products", "status": 400, "count": 1});
    kit.fault(&words).await;
    let asking = project.with("KIT_URL", &kit.url(""));
    printed(&asking, &format!("event send {PRODUCT_CREATE} --uid order-7 --set sku=S"));
    let here = asking.with("KIT_URL", "");
    let said = "The sandbox was told to answer 400.";
    let trace = kit
        .until("the failure is on record", || async {
            let output = run(&here, "event trace order-7");
            let trace = String::from_utf8(output.stdout).unwrap();
            trace.contains("refused").then_some(trace)
        })
        .await;
    assert!(trace.contains("commerce POST products: 400") && trace.contains(said), "{trace}");
    let next =
        trace.lines().find_map(|line| line.trim_start_matches("go on").trim().strip_prefix("kit activation get "));
    let run = printed(&here, &format!("activation get {}", next.unwrap()));
    assert!(run.contains("send (stopped)") || run.contains("commerce POST products: 400"), "{run}");
    assert!(run.contains(said), "{run}");
    assert_eq!(
        json_of(&here, &format!("event trace {} --json", next.unwrap())),
        json_of(&here, "event trace order-7 --json")
    );
}

#[test]
fn the_help_and_the_manual_name_all_there_is() {
    let project = Project::new();
    check("help", &printed(&project, "--help"));
    let manual = printed(&project, "man");
    check("man", &manual);
    for part in [".SH \"KIT EVENT SEND\"", ".SH \"ENVIRONMENT\"", "KIT_API_KEY", ".SH \"EXIT STATUS\"", "141"] {
        assert!(manual.contains(part), "no `{part}` in the manual");
    }
    assert!(!manual.to_lowercase().contains("torture-child"), "what is hidden stays so");
}

#[test]
fn shells_understand_what_completes_for_them() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&project, &format!("completions {shell}"));
        assert!(script.contains("activation") && script.contains("follow"), "{shell}");
    }
    project.write("kit.bash", &printed(&project, "completions bash"));
    let checked = Command::new("bash").arg("-n").arg(project.path().join("kit.bash")).stdin(Stdio::null()).status();
    assert!(checked.unwrap().success());
    let output = run(&project, "completions cmd");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_command_that_is_not_understood_ends_with_two() {
    let project = Project::new();
    for line in ["unheard-of", "activation list --limit none", "event send", "delivery list --follow=yes"] {
        assert_eq!(run(&project, line).status.code(), Some(2), "`kit {line}`");
    }
}
