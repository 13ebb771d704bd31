//! Commerce's side of onboarding: it is told which provider its events go to, and with whose credentials.

use onboarding::{
    Change, Configuration, Desired, Failure, Kind, Record, RecordedEventing, RecordedProvider, Subscriptions, Verb,
    WorkspaceFile, plan_ending, plan_eventing, plan_eventing_removal,
};

use super::ground::{Ground, Store};
use super::told::Told;
use crate::secrets;

/// The provider of Commerce's events in `providers.json`.
const COMMERCE_KEY: &str = "commerce";

/// What Commerce has to be told.
pub struct Eventing {
    store: Store,
    workspace: WorkspaceFile,
    description: String,
    merchant_id: Option<String>,
    environment_id: String,
}

impl Eventing {
    /// Says at the end why Commerce was left out.
    pub fn note(ground: &Ground, desired: &Desired) {
        let is_wanted = desired.providers.iter().any(|provider| provider.key == COMMERCE_KEY);
        if is_wanted && ground.settings.commerce.is_none() {
            eprintln!(
                "note: Commerce is not told where its events go, because COMMERCE_BASE_URL is not set\n  hint: set it and its \
                 credentials, and run this again"
            );
        }
    }

    /// Reads what is needed, before anything is changed anywhere. `None`: no entity takes events of Commerce, or no Commerce is
    /// said.
    ///
    /// # Errors
    /// `workspace.json` is not there, or not of this workspace.
    pub fn prepare(ground: &Ground, desired: &Desired) -> anyhow::Result<Option<Self>> {
        let Some(wanted) = desired.providers.iter().find(|provider| provider.key == COMMERCE_KEY) else {
            return Ok(None);
        };
        if ground.settings.commerce.is_none() {
            return Ok(None);
        }
        let workspace = workspace_file(ground)?;
        secrets::learn_each(&workspace.secrets());
        Ok(Some(Self {
            store: ground.commerce()?,
            description: wanted.description.clone(),
            merchant_id: ground.settings.merchant_id.clone(),
            environment_id: workspace.environment_id(ground.settings.environment_id.as_deref()),
            workspace,
        }))
    }

    /// What would be done. A provider that is not there yet is one that Commerce does not know.
    ///
    /// # Errors
    /// Commerce does not answer as its eventing module does.
    pub async fn look(&self, providers: &[RecordedProvider], record: Option<&Record>) -> Result<Vec<Change>, Failure> {
        let Some(provider) = of_commerce(providers) else {
            self.would_create(record).await?;
            let name = "Commerce".to_owned();
            let why = vec!["its provider is new".to_owned()];
            return Ok(vec![Change { verb: Verb::Create, kind: Kind::EventingConfiguration, name, why }]);
        };
        let sent = record.and_then(|record| record.eventing.as_ref());
        let wanted = self.configuration(provider);
        let plan = plan_eventing(&*self.store.port, &self.store.base_url, &wanted, sent).await?;
        Ok(plan.changes().to_vec())
    }

    /// What Commerce itself has to be told needs a merchant. That it has none is said before anything is written.
    ///
    /// # Errors
    /// As for `look`, and there is no merchant where one is needed.
    pub async fn demand_merchant(&self, record: Option<&Record>) -> Result<(), Failure> {
        if self.merchant_id.is_some() { Ok(()) } else { self.would_create(record).await }
    }

    /// Whether Commerce could be told of a provider that nobody knows yet.
    async fn would_create(&self, record: Option<&Record>) -> Result<(), Failure> {
        let known = record.and_then(|record| of_commerce(&record.providers)).cloned();
        let provider = known.unwrap_or_else(|| RecordedProvider {
            key: COMMERCE_KEY.to_owned(),
            id: "new".to_owned(),
            instance_id: String::new(),
            label: String::new(),
        });
        let sent = record.and_then(|record| record.eventing.as_ref());
        let wanted = self.configuration(&provider);
        plan_eventing(&*self.store.port, &self.store.base_url, &wanted, sent).await.map(drop)
    }

    /// Does it; what to remember.
    ///
    /// # Errors
    /// Commerce refused it, or does not answer as its eventing module does.
    pub async fn apply(&self, record: &Record, told: &mut Told) -> Result<Option<RecordedEventing>, Failure> {
        let Some(provider) = of_commerce(&record.providers) else { return Ok(None) };
        let wanted = self.configuration(provider);
        let plan = plan_eventing(&*self.store.port, &self.store.base_url, &wanted, record.eventing.as_ref()).await?;
        told.plan(plan.changes());
        let sent = plan.apply(&*self.store.port, &mut |change| told.done_or_left(change)).await?;
        Ok(Some(sent))
    }

    fn configuration(&self, provider: &RecordedProvider) -> Configuration {
        Configuration {
            merchant_id: self.merchant_id.clone(),
            environment_id: self.environment_id.clone(),
            provider: provider.clone(),
            description: self.description.clone(),
            workspace: self.workspace.text().to_owned(),
        }
    }
}

/// `workspace.json`, which has to be of the workspace and the organisation of the settings.
///
/// # Errors
/// It is not there, or of another.
pub fn workspace_file(ground: &Ground) -> Result<WorkspaceFile, Failure> {
    let folder = ground.config_folder();
    let workspace = WorkspaceFile::read(&folder, ground.workspace().as_ref())?;
    if let Some(client) = &ground.settings.events.client {
        workspace.check_organisation(&folder, &client.org_id)?;
    }
    Ok(workspace)
}

fn of_commerce(providers: &[RecordedProvider]) -> Option<&RecordedProvider> {
    providers.iter().find(|provider| provider.key == COMMERCE_KEY)
}

/// Ends the subscriptions of the file and takes our provider out of Commerce. `is_dry`: only tells.
///
/// # Errors
/// Commerce refused it, or does not answer as its eventing module does.
pub async fn remove(ground: &Ground, record: &Record, told: &mut Told, is_dry: bool) -> anyhow::Result<()> {
    if ground.settings.commerce.is_none() {
        return Ok(());
    }
    let Store { base_url, port } = ground.commerce()?;
    let ending = plan_ending(&*port, &Subscriptions::read(&ground.config_folder())?).await?;
    told.plan(ending.changes());
    if !is_dry {
        let mut failed = None;
        let mut tell = |entry: onboarding::AppliedEntry<'_>| match entry.failure {
            Some(failure) => failed = Some(failure),
            None => told.done_or_left(entry.change),
        };
        ending.apply(&*port, &mut tell).await;
        if let Some(failure) = failed {
            return Err(failure.into());
        }
    }
    let Some(provider) = of_commerce(&record.providers) else { return Ok(()) };
    let removal = plan_eventing_removal(&*port, &base_url, provider, record.eventing.as_ref()).await?;
    told.plan(removal.changes());
    if !is_dry {
        removal.apply(&*port, &mut |change| told.done_or_left(change)).await?;
    }
    Ok(())
}
