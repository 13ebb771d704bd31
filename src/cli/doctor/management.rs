//! The management API of the events API: whether it knows our workspace, and has what the files describe.

use engine::slug;
use onboarding::{
    Change, Desired, EventsService, Kind, Observed, Plan, Rules, ServiceError, ServiceFault, Targets, Verb,
};

use super::finding::Finding;
use super::probe::WITHIN;
use super::record;
use crate::cli::onboard::ground::Ground;
use crate::project::Project;

pub const MANAGEMENT: &str = "management";
pub const PROVIDERS: &str = "providers";
pub const REGISTRATIONS: &str = "registrations";

const CHANGES_TOLD_MAX: usize = 3;

/// Whose list was asked for.
#[derive(Clone, Copy)]
enum Whose {
    Organisation,
    Workspace,
}

pub async fn check(ground: &Ground, project: Option<&Project>) -> Vec<Finding> {
    let service = ground.workspace().and_then(|workspace| ground.service(&workspace).ok());
    let Some(service) = service else {
        return vec![Finding::bad(MANAGEMENT, "its address is none", "check `IO_MANAGEMENT_BASE_URL`")];
    };
    let management = match tokio::time::timeout(WITHIN, reach(&service)).await {
        Ok(found) => found,
        Err(_) => slow(MANAGEMENT),
    };
    let skipped = |why: &str| [PROVIDERS, REGISTRATIONS].map(|check| Finding::skipped(check, why));
    let compared = match project {
        _ if management.is_bad() => skipped("the management API does not tell").to_vec(),
        None => skipped("mend the variables first").to_vec(),
        Some(project) => match tokio::time::timeout(WITHIN, compare(ground, project, &service)).await {
            Ok(found) => found,
            Err(_) => vec![slow(PROVIDERS)],
        },
    };
    [management].into_iter().chain(compared).collect()
}

fn slow(check: &'static str) -> Finding {
    let seen = format!("I/O Events did not answer within {} s", WITHIN.as_secs());
    Finding::bad(check, seen, "check the network, and look at status.adobe.com")
}

async fn reach(service: &dyn EventsService) -> Finding {
    let (organisation, workspace) = tokio::join!(service.providers(), service.registrations());
    if let Err(error) = &organisation {
        return unknown(Whose::Organisation, error);
    }
    match &workspace {
        Ok(_) => Finding::ok(MANAGEMENT, "I/O Events knows organisation, project and workspace"),
        Err(error) => unknown(Whose::Workspace, error),
    }
}

fn unknown(whose: Whose, error: &ServiceError) -> Finding {
    let hint = match (&error.fault, whose) {
        (ServiceFault::Token, _) => "see what is said of the token",
        (ServiceFault::Status(401), _) => {
            "add the I/O Management API to the project in Adobe's Console; the token needs the scope `adobeio_api`"
        }
        (ServiceFault::Status(403), _) => {
            "`OAUTH_ORG_ID` and `IO_CONSUMER_ID` have to be those of the credential's organisation: `ims_org_id` and `id` of \
             `project.org` in the workspace's JSON"
        }
        (ServiceFault::Status(404), Whose::Organisation) => {
            "no organisation has this `IO_CONSUMER_ID`: it is `project.org.id` in the workspace's JSON"
        }
        (ServiceFault::Status(404), Whose::Workspace) => {
            "the organisation has no such project or workspace: `IO_PROJECT_ID` and `IO_WORKSPACE_ID` are `project.id` and \
             `project.workspace.id` in the workspace's JSON"
        }
        (ServiceFault::Unexpected | ServiceFault::Status(300..=399), _) => {
            "check `IO_MANAGEMENT_BASE_URL`; a proxy or a login page seems to answer in its place"
        }
        (ServiceFault::NoAnswer, _) => "check `IO_MANAGEMENT_BASE_URL`, and the network",
        (ServiceFault::Status(_) | ServiceFault::Conflict(_) | ServiceFault::Store, _) => {
            "wait some minutes, and look at status.adobe.com"
        }
    };
    Finding::bad(MANAGEMENT, &error.said, hint)
}

/// What an onboarding would change.
async fn compare(ground: &Ground, project: &Project, service: &dyn EventsService) -> Vec<Finding> {
    let (record, address) = (record(ground), ground.settings.events.public_url.clone().unwrap_or_default());
    let webhook = |name: &str| format!("{address}/webhooks/{}", slug(name));
    let workspace = ground.workspace();
    let rules = Rules {
        client_id: ground.client_id(),
        targets: if address.is_empty() { Targets::Journals } else { Targets::Webhooks(&webhook) },
        is_deployed: &|action| project.deploys(action),
        record: record.as_ref(),
        workspace_id: workspace.as_ref().map(|workspace| workspace.workspace_id.as_str()),
        prune: false,
        name_suffix: "",
    };
    let desired = &project.desired;
    let observed = match Observed::read(service, desired, &rules).await {
        Ok(observed) => observed,
        Err(failure) => return vec![Finding::bad(PROVIDERS, failure.reason, failure.hints.join("; "))],
    };
    let plan = Plan::new(desired, &observed, &rules);
    let of = |kinds: &[Kind]| plan.changes().filter(|change| kinds.contains(&change.kind)).collect::<Vec<&Change>>();
    let providers = judge(PROVIDERS, &of(&[Kind::Provider, Kind::EventMetadata]), "providers and event metadata are");
    let registrations = disabled(desired, &observed, ground.client_id())
        .unwrap_or_else(|| judge(REGISTRATIONS, &of(&[Kind::Registration]), "registrations are"));
    vec![providers, registrations]
}

fn judge(check: &'static str, changes: &[&Change], what: &str) -> Finding {
    let differ: Vec<&&Change> = changes.iter().filter(|change| change.verb != Verb::Leave).collect();
    if differ.is_empty() {
        return Finding::ok(check, format!("{} {what} as the files say", changes.len()));
    }
    let told: Vec<String> = differ.iter().take(CHANGES_TOLD_MAX).map(|change| one(change)).collect();
    let more = differ.len().saturating_sub(CHANGES_TOLD_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let seen = format!("{} of {} {what} not as the files say: {}{more}", differ.len(), changes.len(), told.join(", "));
    Finding::bad(check, seen, "run `kit onboard`; `--dry-run` shows all that it would change")
}

fn one(change: &Change) -> String {
    match change.verb {
        Verb::Create => format!("no `{}`", change.name),
        Verb::Update | Verb::Delete | Verb::Leave => format!("`{}` ({})", change.name, change.why.join(", ")),
    }
}

/// An events API switches off who does not answer for long.
fn disabled(desired: &Desired, observed: &Observed, client_id: &str) -> Option<Finding> {
    let is_wanted = |name: &str| desired.registrations.iter().any(|registration| registration.name == name);
    let off = observed
        .registrations
        .iter()
        .filter(|found| !found.enabled && found.client_id == client_id && is_wanted(&found.name));
    let names: Vec<String> = off.map(|found| format!("`{}`", found.name)).collect();
    if names.is_empty() {
        return None;
    }
    let hint = "enable it in Adobe's Console when its webhook answers (see `callback`); events of up to 7 days wait in its journal";
    Some(Finding::bad(REGISTRATIONS, format!("{} is disabled", names.join(", ")), hint))
}
