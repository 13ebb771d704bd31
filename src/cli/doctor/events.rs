//! The events API, from the token to the webhooks.

use reqwest::Url;
use settings::EventsClient;

use super::finding::Finding;
use super::management::{self, MANAGEMENT, PROVIDERS, REGISTRATIONS};
use super::probe::{Probe, Silence, origin};
use super::{callback, token};
use crate::cli::onboard::ground::Ground;
use crate::events;
use crate::project::Project;

/// What is asked of an events API elsewhere.
const CHECKS: [&str; 7] = ["token", "scopes", MANAGEMENT, PROVIDERS, REGISTRATIONS, INGRESS, CALLBACK];
const INGRESS: &str = "ingress";
const CALLBACK: &str = "callback";

pub async fn check(probe: &Probe, ground: &Ground, project: Option<&Project>) -> Vec<Finding> {
    let Some(client) = &ground.settings.events.client else {
        return CHECKS.map(|check| Finding::skipped(check, "embedded")).to_vec();
    };
    let (managed, ingress, callback) =
        tokio::join!(managed(ground, client, project), ingress(probe, client), webhooks(probe, ground, project));
    managed.into_iter().chain([ingress]).chain(callback).collect()
}

/// Any answer but a fault of its own shows that it is there: an event is published by those only who have one.
async fn ingress(probe: &Probe, client: &EventsClient) -> Finding {
    let place = origin(&client.ingress_url);
    let hint = "check `KIT_EVENTS_INGRESS_URL`, and whether this machine may call it";
    let Ok(url) = Url::parse(&client.ingress_url) else { return Finding::bad(INGRESS, "its address is none", hint) };
    match probe.get(&url).await {
        Ok(answer) if answer.status >= 500 => Finding::bad(
            INGRESS,
            format!("{place} answers {}", answer.status),
            "wait some minutes, and look at status.adobe.com",
        ),
        Ok(answer) => Finding::ok(INGRESS, format!("{place} answers ({})", answer.status)),
        Err(Silence::NotAllowed(reason)) => {
            Finding::bad(INGRESS, reason, "name it in `KIT_OUTBOUND_ALLOW` if it is really meant")
        }
        Err(silence) => Finding::bad(INGRESS, format!("{place} {silence}"), hint),
    }
}

async fn webhooks(probe: &Probe, ground: &Ground, project: Option<&Project>) -> Vec<Finding> {
    let Some(public_url) = &ground.settings.events.public_url else {
        return vec![Finding::skipped(CALLBACK, "KIT_PUBLIC_URL is not set: events are fetched from journals")];
    };
    let Some(project) = project else { return vec![Finding::skipped(CALLBACK, "mend the variables first")] };
    let names: Vec<&str> = project
        .desired
        .registrations
        .iter()
        .filter(|registration| project.deploys(&registration.runtime_action))
        .map(|registration| registration.name.as_str())
        .collect();
    callback::check(probe, public_url, &names).await
}

/// Token, scopes, and what the management API has.
async fn managed(ground: &Ground, client: &EventsClient, project: Option<&Project>) -> Vec<Finding> {
    let ims = match events::ims(client, &ground.pool) {
        Ok(ims) => ims,
        Err(error) => return vec![Finding::bad("token", format!("{error:#}"), "check the variables of OAuth")],
    };
    let token::Asked { token, scopes } = token::check(&ims, client, ground.settings.commerce.as_ref()).await;
    let mut findings = if token.is_bad() {
        [MANAGEMENT, PROVIDERS, REGISTRATIONS].map(|check| Finding::skipped(check, "there is no token")).to_vec()
    } else {
        management::check(ground, project).await
    };
    findings.splice(0..0, [token, scopes]);
    findings
}
