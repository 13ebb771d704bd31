//! `kit subscribe`: what the file lists is what Commerce sends.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use onboarding::{
    AppliedEntry, Change, Desired, Extras, Record, RecordedProvider, SubscriptionPlan, Subscriptions, Taking,
    plan_subscriptions,
};
use sdk::Entry;
use serde_json::{Value, json};
use settings::{Manifest, nearest};

use super::Found;
use super::onboard::ground::Ground;
use super::table::printable;

/// What Commerce's events are about, as a path from the event on and as a pointer into its data.
const MEMBER: &str = "data.value.";
const POINTER: &str = "/value/";

#[derive(Debug, Args)]
pub struct Options {
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// End subscriptions of our provider that the file does not list, and take away what it does not list of fields and rules.
    /// A subscription that loses something is ended and begun anew; what happens in between is not sent.
    #[arg(long)]
    prune: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let ground = Ground::read(root)?;
    let subscriptions = Subscriptions::read(&ground.config_folder())?;
    let (desired, manifest) = ground.project()?;
    let record = Record::read(&ground.data(), &ground.workspace().unwrap_or_default())?;
    let taking = Actions::new(&manifest);
    subscriptions.check(&desired, record.as_ref(), &|action, code| taking.of(action, code))?;
    let store = ground.commerce()?;
    let extras = if options.prune { Extras::Prune } else { Extras::Leave };
    let plan = plan_subscriptions(&*store.port, &subscriptions, record.as_ref(), extras).await?;
    if options.dry_run {
        tell_plan(&plan, options.json);
        return Ok(());
    }
    let mut changes = Vec::new();
    let mut tell = |applied: AppliedEntry<'_>| {
        changes.push(tell_applied(&applied, options.json));
    };
    let mut report = plan.apply(&*store.port, &mut tell).await;
    if !report.failed_subscriptions.is_empty() {
        // Another run may have been quicker, and then everything is there.
        let again = plan_subscriptions(&*store.port, &subscriptions, record.as_ref(), extras).await;
        if again.is_ok_and(|again| !again.writes()) {
            eprintln!("note: somebody else did the same meanwhile, and nothing is left to do");
            report.successful_subscriptions.append(&mut report.failed_subscriptions);
        }
    }
    let failed = report.failed_subscriptions.len();
    if options.json {
        println!("{:#}", json!({"dryRun": false, "changes": changes, "result": report}));
    } else {
        let wanted = report.successful_subscriptions.len();
        let done = if plan.writes() { "" } else { "; nothing had to be sent" };
        println!("{wanted} events are subscribed to at {} as the file says, {failed} failed{done}", store.base_url);
    }
    if failed > 0 { Err(Found.into()) } else { Ok(()) }
}

fn tell_plan(plan: &SubscriptionPlan, is_json: bool) {
    if is_json {
        println!("{:#}", json!({"dryRun": true, "changes": plan.changes().collect::<Vec<_>>()}));
        return;
    }
    for change in plan.changes() {
        println!("{}", line(change));
    }
    println!("nothing was sent");
}

/// The change as JSON, with its failure.
fn tell_applied(applied: &AppliedEntry<'_>, is_json: bool) -> Value {
    let redactor = redaction::process();
    let failure = applied.failure.as_ref().map(|failure| redactor.text(&failure.to_string()).into_owned());
    match &failure {
        // Only what happened is told as having happened.
        Some(failure) => eprintln!("{}: {failure}", printable(&applied.change.name)),
        None if !is_json => println!("{}", line(applied.change)),
        None => {}
    }
    let mut change = json!(applied.change);
    if let Some(failure) = failure {
        change["failure"] = failure.into();
    }
    change
}

/// Names come from the store.
fn line(change: &Change) -> String {
    printable(&change.to_string()).trim_end().to_owned()
}

/// Events of registrations that the action would refuse, because it has no route for them. Its handler may still be to come, so
/// this is no fault; a slip in events.json looks the same.
pub fn unrouted(desired: &Desired, manifest: &Manifest) -> Vec<String> {
    let actions = Actions::new(manifest);
    let mut told = Vec::new();
    for registration in &desired.registrations {
        let action = &registration.runtime_action;
        for event in registration.events.iter().map(|event| event.event_code.as_str()) {
            if matches!(actions.of(action, event), Taking::NoRoute) {
                let near = nearest(event, &actions.codes(action));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                told.push(format!("`{event}` in events.json has no route in `{action}`{near}"));
            }
        }
    }
    told
}

/// What of the subscriptions file the consumers could not work with, so that `kit subscribe` would refuse it. A kit starts without.
pub fn unusable(folder: &Path, desired: &Desired, manifest: &Manifest) -> Vec<String> {
    // Without the file nothing is subscribed to; a file that breaks its schema is told where all files are.
    let Ok(subscriptions) = Subscriptions::read(folder) else { return Vec::new() };
    let actions = Actions::new(manifest);
    // Whether a provider has its id yet is not asked here.
    let provider = |wanted: &onboarding::Provider| RecordedProvider {
        key: wanted.key.clone(),
        id: String::new(),
        instance_id: String::new(),
        label: wanted.label.clone(),
    };
    let record = Record { providers: desired.providers.iter().map(provider).collect(), ..Record::default() };
    let checked = subscriptions.check(desired, Some(&record), &|action, code| actions.of(action, code));
    checked.err().iter().flatten().map(ToString::to_string).collect()
}

/// The deployed actions and what they need of an event.
struct Actions {
    by_name: BTreeMap<String, String>,
    entries: BTreeMap<&'static str, Entry>,
}

impl Actions {
    fn new(manifest: &Manifest) -> Self {
        let by_name = manifest.actions.iter().map(|action| (action.full_name(), action.function.clone())).collect();
        Self { by_name, entries: actions::table().into_entries() }
    }

    fn entry(&self, action: &str) -> Option<&Entry> {
        self.by_name.get(action).and_then(|function| self.entries.get(function.as_str()))
    }

    /// What its routes are for.
    fn codes(&self, action: &str) -> Vec<&str> {
        match self.entry(action) {
            Some(Entry::Event(action)) => action.routes().iter().map(sdk::Route::code).collect(),
            _ => Vec::new(),
        }
    }

    fn of(&self, action: &str, code: &str) -> Taking {
        let Some(Entry::Event(action)) = self.entry(action) else { return Taking::NotDeployed };
        let routes = action.routes();
        if !routes.is_empty() && routes.iter().all(|route| route.code() != code) {
            return Taking::NoRoute;
        }
        let keys = actions::COMMERCE_EVENTS.iter().filter(|spec| spec.code == code).flat_map(|spec| spec.keys);
        let keys = keys.filter_map(|key| key.strip_prefix(POINTER));
        let needs = action.needs(code);
        let members = needs.iter().filter_map(|need| need.strip_prefix(MEMBER)).chain(keys);
        let mut names: Vec<String> =
            members.filter_map(|path| path.split(['.', '/']).next()).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Taking::Needs(names)
    }
}
