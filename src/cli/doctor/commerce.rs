//! The Commerce store: its REST API, its eventing module, and what it sends.

use std::collections::BTreeSet;
use std::error::Error;

use http::Method;
use onboarding::{Desired, Record};
use reqwest::Url;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;
use settings::{Commerce, CommerceAuth};

use super::cloud_store;
use super::finding::Finding;
use super::probe::{Probe, WITHIN, origin};

const REST: &str = "commerce";
const MODULE: &str = "eventing";
const CONFIGURATION: &str = "eventing setup";
const SUBSCRIPTIONS: &str = "subscriptions";
const VERSION: &str = "version";

/// Something that every integration of the kit may read.
const READ: &str = "products?searchCriteria%5BpageSize%5D=1&fields=items%5Bsku%5D";
const GET_SUBSCRIPTIONS: &str = "eventing/getEventSubscriptions";
const CHECK_CONFIGURATION: &str = "adobe_io_events/check_configuration";
/// Beside the REST API.
const MAGENTO_VERSION: &str = "/magento_version";
/// The first with events; `/magento_version` tells no third number.
const VERSION_MIN: (u32, u32) = (2, 4);

/// Providers of this kind are Commerce's own.
const COMMERCE_EVENTS: &str = "dx_commerce_events";
/// Begins the codes of events at the events API; Commerce itself leaves it out.
const CODE_PREFIX: &str = "com.adobe.commerce.";

const NAMES_TOLD_MAX: usize = 3;

pub struct Store<'a> {
    pub settings: &'a Commerce,
    pub port: &'a dyn TargetPort,
    /// What the files want; none when something is wrong with them.
    pub desired: Option<&'a Desired>,
    pub record: Option<&'a Record>,
}

type Answered = Result<Reply, String>;

pub async fn check(probe: &Probe, store: &Store<'_>) -> Vec<Finding> {
    let (read, subscribed, configured, version) = tokio::join!(
        get(store, READ),
        get(store, GET_SUBSCRIPTIONS),
        get(store, CHECK_CONFIGURATION),
        version(probe, &store.settings.base_url),
    );
    let rest = rest(&read, store.settings);
    if rest.is_bad() {
        return vec![rest];
    }
    let (module, subscriptions) = module(&subscribed, store);
    let setup = if module.is_bad() {
        Finding::skipped(CONFIGURATION, "without the eventing module there is none")
    } else {
        configuration(&configured, store.record)
    };
    vec![rest, version, module, setup, subscriptions]
}

async fn get(store: &Store<'_>, path: &str) -> Answered {
    let call = Call {
        method: Method::GET,
        path: path.to_owned(),
        body: None,
        event_id: None,
        trace: None,
        changes: Vec::new(),
    };
    match tokio::time::timeout(WITHIN, store.port.call(call)).await {
        Ok(answered) => answered.map_err(|stop| silence(&stop)),
        Err(_) => Err(format!("Commerce did not answer within {} s", WITHIN.as_secs())),
    }
}

/// With the innermost cause.
fn silence(stop: &Stop) -> String {
    let innermost = std::iter::successors(stop.source(), |error| (*error).source()).last();
    innermost.map_or_else(|| stop.to_string(), |innermost| format!("{stop}: {innermost}"))
}

fn rest(read: &Answered, commerce: &Commerce) -> Finding {
    let place = origin(&commerce.base_url);
    let reply = match read {
        Ok(reply) => reply,
        Err(silence) => {
            let hint = "check `COMMERCE_BASE_URL`, and that the store is up; a private address has to stand in `KIT_OUTBOUND_ALLOW`";
            return Finding::bad(REST, format!("{place}: {silence}"), hint);
        }
    };
    let said = reply.error.clone().unwrap_or_else(|| format!("Commerce answered {}", reply.status));
    match reply.status {
        _ if reply.is_success() => Finding::ok(REST, format!("the REST API at {place} takes our calls")),
        401 | 403 => Finding::bad(REST, said, credentials(&commerce.auth)),
        // What is JSON comes from Commerce itself.
        _ if reply.body.is_null() && !matches!(reply.status, 429 | 500 | 503) => Finding::bad(
            REST,
            format!("{place} gives no answer of the REST API: {said}"),
            "`COMMERCE_BASE_URL` is everything before `V1/`, such as `https://shop.example.com/rest/`; a proxy or a \
             login before it has to let the API through",
        ),
        _ => Finding::bad(REST, said, "look into the store's own logs; it is reached, and fails"),
    }
}

fn credentials(auth: &CommerceAuth) -> &'static str {
    match auth {
        CommerceAuth::OAuth1(_) => {
            "copy the four values of the integration again (System > Integrations), and give it the resources of \
             catalog, customers and sales; the clock counts, too"
        }
        CommerceAuth::Bearer(_) => {
            "check `COMMERCE_ACCESS_TOKEN`; a store takes an integration's token alone only when \
             `oauth/consumer/enable_integration_as_bearer` is on"
        }
        CommerceAuth::Ims { .. } => {
            "give the technical account of the credential access to this store, and `OAUTH_SCOPES` what the store asks for"
        }
    }
}

/// The module and what it sends are asked for by one call.
fn module(subscribed: &Answered, store: &Store<'_>) -> (Finding, Finding) {
    let none = |why: &str| Finding::skipped(SUBSCRIPTIONS, why);
    let reply = match subscribed {
        Ok(reply) => reply,
        Err(silence) => {
            let hint = "the store answers other calls: look into its own logs";
            return (Finding::bad(MODULE, silence, hint), none("the eventing module does not answer"));
        }
    };
    let said = reply.error.clone().unwrap_or_else(|| format!("Commerce answered {}", reply.status));
    let bad = |hint: &str| (Finding::bad(MODULE, &said, hint), none("the eventing module does not tell them"));
    match (reply.status, reply.body.as_array()) {
        (404, _) => bad(
            "install or update Adobe I/O Events for Commerce (part of 2.4.6 and newer, `magento/commerce-eventing` \
             before); where that cannot be, configure eventing in the Admin (Stores > Configuration > Adobe Services)",
        ),
        (401 | 403, _) => bad("give the integration the resources of Adobe I/O Events, too"),
        (_, Some(found)) if reply.is_success() => {
            let module = Finding::ok(MODULE, "the module for events is there");
            (module, subscriptions(found, store.desired))
        }
        _ => bad("update Adobe I/O Events for Commerce; it does not answer as it should"),
    }
}

fn subscriptions(found: &[Value], desired: Option<&Desired>) -> Finding {
    let Some(desired) = desired else { return Finding::skipped(SUBSCRIPTIONS, "mend the variables first") };
    let ours: BTreeSet<&str> = desired
        .providers
        .iter()
        .filter(|provider| provider.provider_metadata == COMMERCE_EVENTS)
        .map(|provider| provider.key.as_str())
        .collect();
    let events = desired.registrations.iter().flat_map(|registration| &registration.events);
    let wanted: BTreeSet<&str> =
        events.filter(|event| ours.contains(&*event.provider_key)).map(|event| local_name(&event.event_code)).collect();
    let there: BTreeSet<&str> =
        found.iter().filter_map(|event| event.get("name").and_then(Value::as_str)).map(local_name).collect();
    let missing: Vec<&str> = wanted.difference(&there).copied().collect();
    if missing.is_empty() {
        return Finding::ok(
            SUBSCRIPTIONS,
            format!("Commerce sends all {} events that registrations want", wanted.len()),
        );
    }
    let told = missing.iter().take(NAMES_TOLD_MAX).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(NAMES_TOLD_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Finding::bad(
        SUBSCRIPTIONS,
        format!("Commerce does not send {told}{more}"),
        "run `kit subscribe`; onboarding/config/commerce-event-subscribe.json has to list it",
    )
}

fn local_name(code: &str) -> &str {
    code.strip_prefix(CODE_PREFIX).unwrap_or(code)
}

fn configuration(checked: &Answered, record: Option<&Record>) -> Finding {
    let reply = match checked {
        Ok(reply) if reply.status == 404 => {
            return Finding::skipped(CONFIGURATION, "this version of the module does not check itself");
        }
        Ok(reply) => reply,
        Err(silence) => return Finding::skipped(CONFIGURATION, silence),
    };
    if !reply.is_success() {
        return Finding::skipped(CONFIGURATION, reply.error.as_deref().unwrap_or("the module does not check itself"));
    }
    let hint = "run `kit onboard`, with the workspace's JSON from Adobe's Console as onboarding/config/workspace.json";
    let configured = reply.body.get("provider_id_configured").and_then(Value::as_str).unwrap_or_default();
    let of_record = record.into_iter().flat_map(|record| &record.providers);
    let is_known = record.is_none() || configured.is_empty() || of_record.clone().any(|known| known.id == configured);
    if !is_known {
        return Finding::bad(CONFIGURATION, format!("Commerce sends to another provider, `{configured}`"), hint);
    }
    if reply.body.get("status").and_then(Value::as_str) == Some("ok") {
        return Finding::ok(CONFIGURATION, "Commerce says that it can send events");
    }
    let wrong: Vec<&str> = [
        ("technical_service_account_configured", "it has no workspace"),
        ("technical_service_account_can_connect_to_io_events", "it gets no token from the workspace's client"),
        ("provider_id_valid", "its provider is none"),
    ]
    .into_iter()
    .filter_map(|(name, told)| (reply.body.get(name) == Some(&Value::Bool(false))).then_some(told))
    .collect();
    let wrong = if wrong.is_empty() { "it does not say why".to_owned() } else { wrong.join(", ") };
    Finding::bad(CONFIGURATION, format!("Commerce says that it cannot send events: {wrong}"), hint)
}

/// Not every store tells; that is no fault.
async fn version(probe: &Probe, base_url: &str) -> Finding {
    if cloud_store(base_url) {
        return Finding::skipped(VERSION, "the cloud service always has the newest");
    }
    let Ok(mut url) = Url::parse(base_url) else { return Finding::skipped(VERSION, "unknown") };
    let path = match url.path().split_once("/rest") {
        Some((before, _)) => format!("{before}{MAGENTO_VERSION}"),
        None => MAGENTO_VERSION.to_owned(),
    };
    url.set_path(&path);
    let told = probe.get(&url).await.ok().filter(|answer| answer.status == 200 && !answer.is_page());
    judge_version(told.as_ref().map(super::probe::Answer::text).as_deref())
}

/// `Magento/2.4 (Enterprise)`.
fn judge_version(told: Option<&str>) -> Finding {
    let number = told.and_then(|told| told.strip_prefix("Magento/")).and_then(|rest| rest.split(' ').next());
    let mut parts = number.into_iter().flat_map(|number| number.split('.')).map_while(|part| part.parse::<u32>().ok());
    let (Some(number), Some(major), Some(minor)) = (number, parts.next(), parts.next()) else {
        return Finding::skipped(VERSION, "the store does not tell its version");
    };
    if (major, minor) < VERSION_MIN {
        let hint = "update Commerce: its eventing module needs 2.4.4 or newer";
        return Finding::bad(VERSION, format!("Commerce {number}"), hint);
    }
    Finding::ok(VERSION, format!("Commerce {number}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn check(told: Option<&str>, seen: &str, is_bad: bool) {
        let found = judge_version(told);
        assert_eq!((found.seen.as_str(), found.is_bad()), (seen, is_bad), "{told:?}");
    }

    #[test]
    fn a_version_that_nobody_tells_is_no_fault() {
        check(Some("Magento/2.4 (Enterprise)"), "Commerce 2.4", false);
        check(Some("Magento/2.3 (Community)"), "Commerce 2.3", true);
        check(Some("Magento/two"), "the store does not tell its version", false);
        check(Some("Hello"), "the store does not tell its version", false);
        check(None, "the store does not tell its version", false);
        assert_eq!(judge_version(None).verdict, Verdict::Skipped);
    }
}
