//! Carrying out a plan.

use std::collections::HashMap;

use crate::change::{Change, Kind, Verb};
use crate::desired::Desired;
use crate::explain::{Doing, explain};
use crate::observed::Observed;
use crate::plan::{Act, Draft, Plan, Rules, recorded};
use crate::record::RecordedProvider;
use crate::service::{EventsService, FoundProvider, FoundRegistration, ServiceError, ServiceFault, WantedRegistration};
use crate::{Failure, Phase};

/// Somebody else may be onboarding the same: what appeared meanwhile is looked at again, so often without anything being done
/// in between, by us or by them.
const LOOKS_MAX: usize = 3;

/// The state that a plan has led to.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    pub providers: Vec<RecordedProvider>,
    /// Ours, those that were left included.
    pub registrations: Vec<FoundRegistration>,
    /// Names of registrations whose action is not deployed.
    pub left_out: Vec<String>,
}

/// Why a plan was not carried out to its end. What was done stays.
#[derive(Clone, Debug)]
struct Broken {
    failure: Failure,
    /// Something is there that was not when the plan was made.
    is_conflict: bool,
}

/// Who is told how far it is.
pub trait Progress: Send {
    /// A plan that is to be carried out, in the place of the one before.
    fn planned(&mut self, plan: &Plan);
    /// A change that was carried out.
    fn done(&mut self, change: &Change);
}

/// Looks, plans and applies.
///
/// # Errors
/// A call failed; running it again goes on from there.
pub async fn converge(
    service: &dyn EventsService,
    desired: &Desired,
    rules: &Rules<'_>,
    progress: &mut dyn Progress,
) -> Result<Applied, Failure> {
    let (mut looks, mut left_before) = (0, usize::MAX);
    loop {
        let observed = Observed::read(service, desired, rules).await?;
        let plan = Plan::new(desired, &observed, rules);
        progress.planned(&plan);
        // Fewer with each look that counts from one again, so that this ends.
        let left = plan.changes().filter(|change| change.verb != Verb::Leave).count();
        looks = if left < left_before { 1 } else { looks + 1 };
        left_before = left_before.min(left);
        // Our own service's clients may have names that we would have; elsewhere a name is wanted for good.
        if let (Some(name), Some(_)) = (plan.taken.first(), rules.workspace_id) {
            return Err(taken(name));
        }
        match apply(&plan, desired, service, progress).await {
            Ok(applied) => return Ok(applied),
            Err(broken) if broken.is_conflict && looks < LOOKS_MAX => {}
            Err(broken) => return Err(broken.failure),
        }
    }
}

fn taken(name: &str) -> Failure {
    Failure::new(Phase::Registrations, "CREATE_EVENT_REGISTRATION_FAILED", format!("The name `{name}` is taken"))
        .detail("another client has a registration of this name in the workspace")
        .hint("remove that one or give it another name, in the Console; or set `OAUTH_CLIENT_ID` to its client")
}

async fn apply(
    plan: &Plan,
    desired: &Desired,
    service: &dyn EventsService,
    progress: &mut dyn Progress,
) -> Result<Applied, Broken> {
    let mut state = State { known: plan.known.clone(), registrations: plan.kept.clone() };
    for step in &plan.steps {
        let (phase, doing) = (phase(step.change.kind), doing(step.change.verb));
        if let Err(error) = state.carry_out(&step.act, service).await {
            let is_conflict = matches!(error.fault, ServiceFault::Conflict(_));
            let failure = explain(phase, doing, &error).detail(format!("at: {}", step.change));
            return Err(Broken { failure, is_conflict });
        }
        if step.change.verb != Verb::Leave {
            progress.done(&step.change);
        }
    }
    let providers = recorded(&state.known, desired);
    Ok(Applied { providers, registrations: state.registrations, left_out: plan.left_out.clone() })
}

fn phase(kind: Kind) -> Phase {
    match kind {
        Kind::Provider => Phase::Providers,
        Kind::EventMetadata => Phase::Metadata,
        Kind::Registration => Phase::Registrations,
        Kind::EventingConfiguration | Kind::EventProvider => Phase::ConfigureEventing,
        Kind::EventSubscription => Phase::CommerceEventSubscribe,
    }
}

fn doing(verb: Verb) -> Doing {
    match verb {
        Verb::Create => Doing::Create,
        Verb::Update => Doing::Update,
        Verb::Delete => Doing::Delete,
        Verb::Leave => Doing::Read,
    }
}

/// What is there by now.
struct State {
    known: HashMap<String, FoundProvider>,
    registrations: Vec<FoundRegistration>,
}

impl State {
    async fn carry_out(&mut self, act: &Act, service: &dyn EventsService) -> Result<(), ServiceError> {
        match act {
            Act::Nothing => Ok(()),
            Act::CreateProvider { wanted, instance_id } => {
                let made = service.create_provider(wanted, instance_id.as_deref()).await?;
                self.known.insert(wanted.key.clone(), made);
                Ok(())
            }
            Act::UpdateProvider { id, wanted } => service.update_provider(id, wanted).await,
            Act::CreateMetadata(wanted) => service.create_metadata(self.id(&wanted.provider_key)?, wanted).await,
            Act::UpdateMetadata(wanted) => service.update_metadata(self.id(&wanted.provider_key)?, wanted).await,
            Act::CreateRegistration(draft) => {
                let made = service.create_registration(&self.wanted(draft)?).await?;
                self.registrations.push(made);
                Ok(())
            }
            Act::UpdateRegistration { found, draft } => {
                let updated = service.update_registration(found, &self.wanted(draft)?).await?;
                self.registrations.push(updated);
                Ok(())
            }
            Act::DeleteRegistration { registration_id } => gone(service.delete_registration(registration_id).await),
            Act::DeleteMetadata { provider_id, event_code } => {
                gone(service.delete_metadata(provider_id, event_code).await)
            }
            Act::DeleteProvider { id } => gone(service.delete_provider(id).await),
        }
    }

    fn id(&self, key: &str) -> Result<&str, ServiceError> {
        self.known.get(key).map(|provider| provider.id.as_str()).ok_or_else(|| unknown(key))
    }

    fn wanted(&self, draft: &Draft) -> Result<WantedRegistration, ServiceError> {
        draft.resolved(&self.known).ok_or_else(|| unknown(&draft.name))
    }
}

/// Every step that needs a provider comes after the one that makes it.
fn unknown(name: &str) -> ServiceError {
    let said = format!("the provider of `{name}` is not there");
    ServiceError { fault: ServiceFault::Unexpected, url: String::new(), said }
}

/// What is not there any more needs no deletion.
fn gone(deleted: Result<(), ServiceError>) -> Result<(), ServiceError> {
    match deleted {
        Err(ServiceError { fault: ServiceFault::Status(404), .. }) => Ok(()),
        other => other,
    }
}
