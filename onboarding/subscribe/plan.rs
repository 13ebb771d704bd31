//! What has to change in Commerce for it to send what the file says.

use sdk::TargetPort;

use super::file::{Field, Subscription, Subscriptions};
use super::observed::{Observed, module, observe};
use crate::commerce::known;
use crate::{COMMERCE_KEY, Change, Failure, Kind, Record, Verb};

/// What happens to what Commerce has beyond the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extras {
    /// It stays.
    Leave,
    /// Subscriptions of our provider's events are ended. What has more fields or rules is subscribed anew, because Commerce only
    /// adds to a subscription: what happens in between is not sent.
    Prune,
}

/// All that is done, in the order of the file.
#[derive(Debug)]
pub struct SubscriptionPlan {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) change: Change,
    pub(super) act: Act,
}

#[derive(Debug)]
pub(super) enum Act {
    Nothing {
        is_wanted: bool,
    },
    Subscribe {
        subscription: Subscription,
        provider_id: Option<String>,
    },
    Update {
        subscription: Subscription,
        provider_id: Option<String>,
    },
    /// Ended, and begun again.
    Replace {
        subscription: Subscription,
        provider_id: Option<String>,
    },
    Unsubscribe,
}

impl SubscriptionPlan {
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().map(|step| &step.change)
    }
}

/// Compares; writes nothing. The record says which providers are ours.
///
/// # Errors
/// Commerce does not answer as its eventing module does.
pub async fn plan_subscriptions(
    store: &dyn TargetPort,
    wanted: &Subscriptions,
    record: Option<&Record>,
    extras: Extras,
) -> Result<SubscriptionPlan, Failure> {
    let observed = observe(&module(store)).await?;
    let ours = Ours::find(store, record).await?;
    let mut steps = Vec::new();
    for subscription in wanted {
        let provider_id = ours.provider_id(subscription, record);
        let found = observed.iter().find(|found| found.name == subscription.name);
        steps.push(step(subscription, provider_id, found, extras));
    }
    for found in &observed {
        if !wanted.iter().any(|wanted| wanted.name == found.name) && ours.has(found) {
            steps.push(unlisted(found, extras));
        }
    }
    Ok(SubscriptionPlan { steps })
}

/// Looks which subscriptions of the file Commerce has, so that they are ended; writes nothing.
///
/// # Errors
/// Commerce does not answer as its eventing module does.
pub async fn plan_ending(store: &dyn TargetPort, listed: &Subscriptions) -> Result<SubscriptionPlan, Failure> {
    let observed = observe(&module(store)).await?;
    let is_listed = |found: &&Observed| listed.iter().any(|listed| listed.name == found.name);
    let end = |found: &Observed| Step {
        change: Change { verb: Verb::Delete, kind: Kind::EventSubscription, name: found.name.clone(), why: Vec::new() },
        act: Act::Unsubscribe,
    };
    Ok(SubscriptionPlan { steps: observed.iter().filter(is_listed).map(end).collect() })
}

/// Which of Commerce's providers is ours.
struct Ours {
    /// Of the provider `commerce`; none before an onboarding.
    id: Option<String>,
    /// Its subscriptions need not name it.
    is_default: bool,
}

impl Ours {
    async fn find(store: &dyn TargetPort, record: Option<&Record>) -> Result<Self, Failure> {
        let Some(provider) = record.and_then(|record| record.provider(COMMERCE_KEY)) else {
            return Ok(Self { id: None, is_default: true });
        };
        let known = known(&module(store)).await?;
        // Without several providers, or before there is a default, nobody else can be meant.
        let default = known.iter().flatten().find(|known| known.is_default());
        let is_default =
            default.is_none_or(|default| default.provider_id.is_empty() || default.provider_id == provider.id);
        Ok(Self { id: Some(provider.id.clone()), is_default })
    }

    fn provider_id(&self, subscription: &Subscription, record: Option<&Record>) -> Option<String> {
        match &subscription.provider {
            Some(key) => record.and_then(|record| record.provider(key)).map(|provider| provider.id.clone()),
            None => self.id.clone().filter(|_| !self.is_default),
        }
    }

    fn has(&self, found: &Observed) -> bool {
        match &found.provider_id {
            Some(id) => self.id.as_ref() == Some(id),
            None => self.is_default,
        }
    }
}

fn step(subscription: &Subscription, provider_id: Option<String>, found: Option<&Observed>, extras: Extras) -> Step {
    let change = |verb: Verb, why: Vec<String>| Change {
        verb,
        kind: Kind::EventSubscription,
        name: subscription.name.clone(),
        why,
    };
    let subscription_of = || subscription.clone();
    let Some(found) = found else {
        let act = Act::Subscribe { subscription: subscription_of(), provider_id };
        return Step { change: change(Verb::Create, Vec::new()), act };
    };
    let differing = differing(subscription, provider_id.as_deref(), found);
    let more = more(subscription, found);
    match (extras, differing.is_empty(), more.is_empty()) {
        (Extras::Prune, _, false) => Step {
            change: change(Verb::Update, vec![format!("anew, without {}", more.join(" and "))]),
            act: Act::Replace { subscription: subscription_of(), provider_id },
        },
        (_, true, _) => Step {
            change: change(Verb::Leave, more.iter().map(|more| format!("Commerce has also {more}")).collect()),
            act: Act::Nothing { is_wanted: true },
        },
        (_, false, _) => {
            let more = more.iter().map(|more| format!("Commerce has also {more}"));
            Step {
                change: change(Verb::Update, differing.into_iter().chain(more).collect()),
                act: Act::Update { subscription: subscription_of(), provider_id },
            }
        }
    }
}

fn unlisted(found: &Observed, extras: Extras) -> Step {
    let (verb, why, act) = match extras {
        Extras::Prune => (Verb::Delete, "not in the file", Act::Unsubscribe),
        Extras::Leave => (Verb::Leave, "not in the file; --prune ends it", Act::Nothing { is_wanted: false }),
    };
    let change = Change { verb, kind: Kind::EventSubscription, name: found.name.clone(), why: vec![why.to_owned()] };
    Step { change, act }
}

/// The members that the file wants otherwise.
fn differing(wanted: &Subscription, provider_id: Option<&str>, found: &Observed) -> Vec<String> {
    let lacking: Vec<&str> =
        wanted.fields.iter().filter(|field| !sends(found, field)).map(|field| field.name.as_str()).collect();
    let fields = (!lacking.is_empty()).then(|| format!("fields: {}", lacking.join(" ")));
    let is_other =
        |wanted: Option<&str>, found: Option<&String>| wanted.is_some_and(|wanted| found.is_none_or(|it| it != wanted));
    let rules = wanted.rules.as_ref().is_some_and(|rules| {
        let (mut wanted, mut found) = (rules.clone(), found.rules.clone());
        wanted.sort();
        found.sort();
        wanted != found
    });
    let members = [
        ("parent", is_other(wanted.parent.as_deref(), found.parent.as_ref())),
        ("rules", rules),
        ("priority", wanted.priority.is_some_and(|wanted| wanted != found.priority)),
        ("destination", is_other(wanted.destination.as_deref(), found.destination.as_ref())),
        ("hipaa_audit_required", wanted.hipaa_audit_required.is_some_and(|it| it != found.hipaa_audit_required)),
        ("provider_id", is_other(provider_id, found.provider_id.as_ref())),
    ];
    let members = members.into_iter().filter(|(_, is_other)| *is_other).map(|(name, _)| name.to_owned());
    fields.into_iter().chain(members).collect()
}

/// Whether events bring this field as it is wanted. `*` brings all that need not be asked for by name.
fn sends(found: &Observed, field: &Field) -> bool {
    let is_plain = field.converter.is_none() && field.source.is_none() && !field.name.starts_with('_');
    found.fields.iter().any(|it| it == field || (is_plain && it.name == "*"))
}

/// What Commerce has beyond what is wanted.
fn more(wanted: &Subscription, found: &Observed) -> Vec<String> {
    let is_wanted = |field: &&Field| wanted.fields.iter().any(|it| it.name == field.name || it.name == "*");
    let fields: Vec<&str> =
        found.fields.iter().filter(|field| !is_wanted(field)).map(|field| field.name.as_str()).collect();
    let fields = (!fields.is_empty()).then(|| format!("the fields {}", fields.join(" ")));
    let rules = (wanted.rules.is_none() && !found.rules.is_empty()).then(|| "rules".to_owned());
    fields.into_iter().chain(rules).collect()
}
