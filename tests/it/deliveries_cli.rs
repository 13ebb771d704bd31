//! What an operator does when an event did not arrive: the commands that find it, say why, and have it sent again.

use std::process::Output;

use serde_json::{Value, json};
use store::{Options, RegistrationHealth, Sqlite, Store};

use crate::support::{PRODUCT_CREATE, PRODUCT_UPDATE, Project, Server, product};

const REGISTRATION: &str = "backoffice-product-sync";
const NAME: &str = "Backoffice Product Sync";

/// What fails is tried again in an hour, so that it stays as it is.
fn project() -> Project {
    Project::new().with("KIT_RETRY_DELAYS", "1h")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(project: &Project, line: &str) -> Output {
    project.run(&line.split(' ').collect::<Vec<_>>())
}

/// What a command that succeeds prints.
fn printed(project: &Project, line: &str) -> String {
    let output = run(project, line);
    assert!(output.status.success(), "`kit {line}`: {output:?}");
    text(&output.stdout)
}

fn json_of(project: &Project, line: &str) -> Value {
    serde_json::from_str(&printed(project, line)).unwrap()
}

/// A command that is refused: says this on stderr, with a hint, nothing on stdout, and ends with 1.
fn check_refused(project: &Project, line: &str, error: &str, hint: &str) {
    let output = run(project, line);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "`kit {line}`: {said}");
    assert!(said.starts_with(&format!("error: {error}")), "`kit {line}`: {said}");
    let hints = said.lines().filter_map(|line| line.strip_prefix("  hint: ")).collect::<String>();
    assert!(hints.contains(hint), "`kit {line}`: {said}");
}

/// Of each row this member.
fn column(rows: &Value, member: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[member].as_str().map_or_else(|| row[member].to_string(), str::to_owned)).collect()
}

/// Waits until all deliveries, newest first, are in these states.
async fn until_states(kit: &Server, project: &Project, states: &[&str]) -> Value {
    let what = format!("the states {states:?}");
    kit.until(&what, || async {
        let rows = json_of(project, "delivery list --json");
        (column(&rows, "state") == states).then_some(rows)
    })
    .await
}

async fn take(kit: &Server, uid: &str, code: &str, sku: &str) {
    let answer = kit.send(uid, code, &product(sku)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn refuse_products(kit: &Server, status: u16) {
    kit.fault(&json!({"target": "commerce", "method": "POST", "path": "products", "status": status, "count": 1})).await;
}

#[tokio::test]
async fn what_did_not_arrive_is_listed_with_its_reason_and_replayed_once() {
    let project = project();
    let kit = project.start(&["dev"]);
    refuse_products(&kit, 400).await;
    take(&kit, "refused", PRODUCT_CREATE, "A").await;
    until_states(&kit, &project, &["refused"]).await;
    take(&kit, "done", PRODUCT_CREATE, "B").await;
    until_states(&kit, &project, &["done", "refused"]).await;

    let rows = json_of(&project, "delivery list --undelivered --json");
    assert_eq!(column(&rows, "uid"), ["refused"]);
    let (row, id) = (&rows[0], rows[0]["event"].as_str().unwrap());
    assert_eq!((&row["registration"], &row["drawer"]), (&json!(NAME), &json!("target")));
    assert_eq!(row["reason"], "Commerce answered 400: The sandbox was told to answer 400.");
    let shown = printed(&project, &format!("delivery list --undelivered --registration {REGISTRATION} --since 1h"));
    let header: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
    let columns = "Accepted State Drawer Attempts Registration Event Event ID Next Reason";
    assert_eq!(header.join(" "), columns);
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.contains(id) && shown.contains("Commerce answered 400"), "{shown}");
    let found = json_of(&project, "event list --entity product --key A --json");
    assert_eq!((column(&found, "event"), &found[0]["states"]), (vec![id.to_owned()], &json!(["refused"])));

    let shown = printed(&project, "delivery get refused");
    assert!(shown.contains(&format!("kit delivery replay {id}")), "{shown}");
    assert!(shown.contains("refused; the target refused or never took it"), "{shown}");

    let told = printed(&project, "delivery replay refused done --dry-run");
    let sent: Vec<&str> = told.lines().skip(1).map(|line| line.trim().split("  ").next().unwrap()).collect();
    let summary = "1 would be sent, 1 would not; nothing was changed";
    assert_eq!(sent, ["yes", "no: its effect is on record", summary]);
    let rows = json_of(&project, "delivery replay --state refused,done --dry-run --json");
    assert_eq!(
        (column(&rows, "uid"), column(&rows, "sent")),
        (vec!["refused".into(), "done".into()], vec!["true".into(), "false".into()])
    );
    assert_eq!(json_of(&project, "job list --json"), json!([]), "a dry run asks for nothing");
    check_refused(&project, "delivery replay refused", "nobody is here to be asked: ", "`--yes` says so");

    let said = printed(&project, &format!("delivery replay --since 1h --code {PRODUCT_CREATE} --yes"));
    assert!(
        said.starts_with("1 of 1 deliveries are to be replayed: job ")
            && said.ends_with("done: replayed 1, skipped 0\n"),
        "{said}"
    );
    until_states(&kit, &project, &["done", "done"]).await;
    assert_eq!(kit.product("A").await.status, 200);
    let shown = json_of(&project, "delivery get refused --json");
    assert_eq!((&shown[0]["replays"], shown[0]["runs"].as_array().unwrap().len()), (&json!(1), 2));

    let nothing = "there is nothing to replay: none of 2 deliveries would be sent";
    check_refused(&project, "delivery replay refused done --yes", nothing, "`--repeat-effect`");
    assert_eq!(kit.calls("products").await.len(), 3);
    let forced = json_of(&project, "delivery replay done --repeat-effect --yes --json");
    assert_eq!((&forced["state"], &forced["progress"]["replayed"]), (&json!("done"), &json!(1)));
    assert_eq!(kit.calls_reach("products", 4).await[3]["body"]["product"]["sku"], "B");
    let work = printed(&project, "job list");
    assert_eq!(work.lines().count(), 3, "{work}");
    assert!(work.contains("states refused parked blocking") && work.contains("repeats effect true"), "{work}");
}

#[tokio::test]
async fn what_waits_says_for_whom_and_what_is_wrong_with_it() {
    let project = project().with("KIT_ON_PARKED", "block");
    let kit = project.start(&["dev"]);
    refuse_products(&kit, 401).await;
    take(&kit, "1", PRODUCT_CREATE, "A").await;
    take(&kit, "2", PRODUCT_UPDATE, "A").await;
    until_states(&kit, &project, &["waiting", "blocking"]).await;
    refuse_products(&kit, 503).await;
    take(&kit, "3", PRODUCT_CREATE, "B").await;
    take(&kit, "4", PRODUCT_UPDATE, "B").await;
    let rows = kit
        .until("the first attempt", || async {
            let rows = json_of(&project, "delivery list --json");
            (rows[1]["attempts"] == 1 && rows[1]["state"] == "due").then_some(rows)
        })
        .await;
    let (due, blocking) = (rows[1]["event"].as_str().unwrap(), rows[3]["event"].as_str().unwrap());
    let blocked = json_of(&project, "delivery list --blocked --json");
    assert_eq!(column(&blocked, "state"), ["waiting", "waiting", "blocking"]);
    let reasons = column(&blocked, "reason");
    assert!(reasons[0].starts_with(&format!("waits for {due} (due; next attempt ")), "{reasons:?}");
    assert!(reasons[0].ends_with("; Commerce answered 503: The sandbox was told to answer 503.)"), "{reasons:?}");
    let because = "Commerce answered 401: The sandbox was told to answer 401.";
    assert_eq!(reasons[1..], [format!("waits for {blocking} (blocking; {because})"), because.to_owned()]);

    check_refused(&project, "delivery replay 2 --yes", "there is nothing to replay: none of 1", "`--dry-run` says why");
    printed(&project, "delivery replay 1 --yes");
    until_states(&kit, &project, &["waiting", "due", "done", "done"]).await;
    let methods = column(&json!(kit.calls("products").await), "method");
    assert_eq!(methods, ["POST", "POST", "POST", "PUT"], "what waited goes behind what it waited for");
}

#[tokio::test]
async fn what_is_forgotten_is_nowhere_any_more() {
    let project = project();
    let kit = project.start(&["dev"]);
    for (uid, sku) in [("1", "A"), ("2", "B"), ("3", "A")] {
        take(&kit, uid, PRODUCT_CREATE, sku).await;
    }
    until_states(&kit, &project, &["done", "done", "done"]).await;
    let told = printed(&project, "event forget --entity product --key A --dry-run");
    assert!(told.ends_with("2 events would be removed; nothing was changed\n"), "{told}");
    let forgotten = json_of(&project, "event forget --entity product --key A --yes --json");
    assert_eq!((&forgotten["state"], &forgotten["progress"]["removed"]), (&json!("done"), &json!(2)));
    let journal = json_of(&project, &format!("journal tail {REGISTRATION} --json"));
    let skus: Vec<&Value> =
        journal["events"].as_array().unwrap().iter().map(|it| &it["event"]["data"]["sku"]).collect();
    assert_eq!(skus, ["B"]);
    until_states(&kit, &project, &["done"]).await;
    check_refused(&project, "delivery get 1", "there is no event `1`", "`kit delivery list`");
    let again = printed(&project, "event forget --entity product --key A --yes");
    assert_eq!(again, "there are no events of product `A`; nothing was done\n");
}

#[tokio::test]
async fn a_disabled_registration_is_seen_and_enabled_and_gets_what_it_missed() {
    let project = project();
    assert_eq!(project.start(&["dev"]).terminate(), Some(0));
    {
        let store = Sqlite::open(&Options::in_folder(project.path().join("data"))).unwrap();
        let registrations = store.catalogue().await.unwrap().registrations;
        let number = registrations.iter().find(|registration| registration.name == NAME).unwrap().id;
        let since = jiff::Timestamp::now();
        assert!(store.put_health(number, RegistrationHealth::Disabled { since }).await.unwrap());
        store.close().await;
    }
    let kit = project.start(&["dev"]);
    let row = |project: &Project| {
        let rows = json_of(project, "registration list --json");
        rows.as_array().unwrap().iter().find(|row| row["slug"] == REGISTRATION).unwrap().clone()
    };
    assert_eq!((&row(&project)["health"], &row(&project)["enabled"]), (&json!("disabled"), &json!(false)));
    take(&kit, "1", PRODUCT_CREATE, "A").await;
    until_states(&kit, &project, &["journaled"]).await;
    let missed = format!("delivery replay --registration {REGISTRATION} --state journaled");
    let told = printed(&project, &format!("{missed} --dry-run"));
    assert!(told.contains(" no: its registration is disabled "), "{told}");
    let look = "`kit registration list`";
    check_refused(&project, &format!("registration enable {REGISTRATION}"), "nobody is here to be asked: ", look);

    let said = printed(&project, &format!("registration enable {REGISTRATION} --yes"));
    assert!(said.ends_with("done: enabled 1\n"), "{said}");
    assert_eq!((&row(&project)["health"], &row(&project)["enabled"]), (&json!("active"), &json!(true)));
    printed(&project, &format!("{missed} --yes"));
    until_states(&kit, &project, &["done"]).await;
    assert_eq!(kit.product("A").await.status, 200);
    let said = printed(&project, &format!("registration enable {REGISTRATION} --yes"));
    assert_eq!(said, format!("`{NAME}` is enabled and active already; nothing was done\n"));
}

#[tokio::test]
async fn a_journal_is_read_page_by_page_and_from_its_end() {
    let project = project();
    let kit = project.start(&["dev"]);
    let tail = format!("journal tail {REGISTRATION}");
    assert_eq!(printed(&project, &format!("{tail} --latest")), format!("nothing yet: kit {tail}\n"));
    for uid in ["1", "2", "3"] {
        take(&kit, uid, PRODUCT_CREATE, uid).await;
    }
    let page = json_of(&project, &format!("{tail} --limit 2 --json"));
    let skus = |page: &Value| -> Vec<String> {
        page["events"].as_array().unwrap().iter().map(|row| row["event"]["data"]["sku"].to_string()).collect()
    };
    assert_eq!((skus(&page), &page["_page"]["count"]), (vec!["\"1\"".into(), "\"2\"".into()], &json!(2)));
    let last = page["_page"]["last"].as_str().unwrap();
    assert_eq!(skus(&json_of(&project, &format!("{tail} --since {last} --json"))), ["\"3\""]);
    let end = printed(&project, &format!("{tail} --latest"));
    let next = end.trim().strip_prefix("next: kit ").unwrap();
    assert_eq!(printed(&project, next), end, "there is nothing behind the end");
    take(&kit, "4", PRODUCT_CREATE, "4").await;
    let rows = printed(&project, next);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    check_refused(
        &project,
        &format!("{tail} --since 5"),
        "`--since` is no position of the journal",
        &format!("`kit {tail}`"),
    );
    let behind = last.rsplit_once('-').map(|(begin, _)| format!("{begin}-999999999999")).unwrap();
    check_refused(&project, &format!("{tail} --since {behind}"), "`--since` is behind the end", "--latest");
    check_refused(&project, "journal tail", "each registration has a journal of its own", REGISTRATION);
}

#[tokio::test]
async fn without_a_running_kit_commands_read_and_the_next_one_does_the_work() {
    let project = project();
    for line in ["delivery list", "delivery replay 1 --yes", "registration list", "job list", "journal tail"] {
        check_refused(&project, line, "no ", "`KIT_DATA` says where the data lies, here `data`");
    }
    check_refused(&project, "event forget --entity product --key A --yes", "no events can be read", "project's folder");
    let kit = project.start(&["dev"]);
    refuse_products(&kit, 401).await;
    take(&kit, "1", PRODUCT_CREATE, "A").await;
    until_states(&kit, &project, &["parked"]).await;
    assert_eq!(kit.terminate(), Some(0));
    assert_eq!(column(&json_of(&project, "delivery list --undelivered --json"), "drawer"), ["ours"]);
    let said = printed(&project, "delivery replay --drawer ours --yes");
    assert!(said.ends_with("no kit runs on this folder; the next one that does will do it\n"), "{said}");
    assert_eq!(column(&json_of(&project, "job list --json"), "state"), ["waiting"]);
    let kit = project.start(&["dev"]);
    until_states(&kit, &project, &["done"]).await;
    kit.until("the end of the job", || async {
        (column(&json_of(&project, "job list --json"), "state") == ["done"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_hint() {
    let project = project();
    let kit = project.start(&["dev"]);
    let check = |line: &str, error: &str, hint: &str| check_refused(&project, line, error, hint);
    check("delivery list --state parkd", "there is no state `parkd`", "did you mean `parked`?");
    check("delivery list --drawer mine", "there is no drawer `mine`", "known are target, payload, ours");
    check("delivery list --since yesterday", "`--since yesterday` is no time", "such as `2h`");
    check("delivery list --registration nobody", "there is no registration `nobody`", "`kit registration list`");
    check("delivery get nobody", "there is no event `nobody`", "`kit delivery list`");
    check("delivery replay nobody --yes", "there is no event `nobody`", "`kit delivery list`");
    check("delivery replay --yes", "nothing says what to replay", "`kit delivery list --undelivered`");
    check("delivery replay 1 --since 1h --yes", "ids and a query do not go together", "leave one of the two out");
    check("delivery replay --since 1h --repeat-effect --yes", "`--repeat-effect` goes with ids only", "by their ids");
    check("delivery replay --since 1h --yes", "there is nothing to replay: no delivery is like that", "`--state`");
    check(
        "registration enable backoffice-product-snc",
        "there is no registration ",
        "did you mean `backoffice-product-sync`?",
    );
    check("event forget --entity prodct --key A --yes", "there is no entity `prodct`", "did you mean `product`?");
    check("journal tail nobody", "there is no registration `nobody`", "`kit registration list`");
    for line in ["delivery list", "event list --entity product --key A", "job list"] {
        let output = run(&project, line);
        assert!(output.status.success() && output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
    drop(kit);
}
