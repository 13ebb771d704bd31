//! Carrying out a plan of subscriptions, entry by entry.

use http::Method;
use sdk::{TargetPort, segment};
use serde::Serialize;
use serde_json::Value;

use super::observed::module;
use super::plan::{Act, Step, SubscriptionPlan};
use crate::commerce::Module;
use crate::{Change, Failure, Verb};

const SUBSCRIBE: &str = "eventing/eventSubscribe";
const UNSUBSCRIBE: &str = "eventing/eventUnsubscribe";
const ENTRY: &str = "check that Commerce has an event of this name (`bin/magento events:list:all`), and that its entry in \
     onboarding/config/commerce-event-subscribe.json is what Commerce takes";
const AGAIN: &str = "where Commerce has the event already, another `kit subscribe` may be under way: run this again";
const MALFORMED: &str = "The given event specification payload is not valid";

/// What became of one entry.
#[derive(Debug)]
pub struct AppliedEntry<'a> {
    pub change: &'a Change,
    pub failure: Option<Failure>,
}

/// What became of the file's entries, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionReport {
    /// Those that are as the file says, whether or not anything had to be sent.
    pub successful_subscriptions: Vec<String>,
    pub failed_subscriptions: Vec<String>,
}

impl SubscriptionPlan {
    /// Sends what has to change; each entry is told when it is done. One that fails does not stop the others.
    pub async fn apply(&self, store: &dyn TargetPort, tell: &mut dyn FnMut(AppliedEntry<'_>)) -> SubscriptionReport {
        let module = module(store);
        let mut report = SubscriptionReport::default();
        for step in &self.steps {
            let failure = act(&module, step).await.err();
            let is_wanted = match step.act {
                Act::Nothing { is_wanted } => is_wanted,
                Act::Subscribe { .. } | Act::Update { .. } | Act::Replace { .. } => true,
                Act::Unsubscribe => false,
            };
            let name = step.change.name.clone();
            match &failure {
                Some(_) => report.failed_subscriptions.push(name),
                None if is_wanted => report.successful_subscriptions.push(name),
                None => {}
            }
            tell(AppliedEntry { change: &step.change, failure });
        }
        report
    }

    /// Whether anything is sent.
    pub fn writes(&self) -> bool {
        self.changes().any(|change| change.verb != Verb::Leave)
    }
}

async fn act(module: &Module<'_>, step: &Step) -> Result<(), Failure> {
    let name = segment(&step.change.name);
    match &step.act {
        Act::Nothing { .. } => {}
        Act::Subscribe { subscription, provider_id } => {
            let payload = subscription.payload(provider_id.as_deref());
            write(module, Method::POST, SUBSCRIBE, Some(&payload)).await?;
        }
        Act::Update { subscription, provider_id } => {
            let payload = subscription.payload(provider_id.as_deref());
            write(module, Method::PUT, &format!("{SUBSCRIBE}/{name}"), Some(&payload)).await?;
        }
        Act::Replace { subscription, provider_id } => {
            write(module, Method::POST, &format!("{UNSUBSCRIBE}/{name}"), None).await?;
            let payload = subscription.payload(provider_id.as_deref());
            write(module, Method::POST, SUBSCRIBE, Some(&payload)).await?;
        }
        Act::Unsubscribe => write(module, Method::POST, &format!("{UNSUBSCRIBE}/{name}"), None).await?,
    }
    Ok(())
}

/// Commerce answers 400 when it does not take an entry.
async fn write(module: &Module<'_>, method: Method, path: &str, body: Option<&Value>) -> Result<(), Failure> {
    let reply = module.send(method, path, body).await?;
    if reply.is_success() {
        return Ok(());
    }
    let failure = module.refused(&reply);
    if reply.status != 400 {
        return Err(failure);
    }
    let mut hints = vec![ENTRY.to_owned(), AGAIN.to_owned()];
    hints.extend(failure.hints);
    Err(Failure { label: "MALFORMED_EVENT_SPEC", reason: MALFORMED.to_owned(), hints, ..failure })
}
