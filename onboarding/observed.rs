use std::collections::HashMap;

use crate::desired::{Desired, Provider};
use crate::explain::{Doing, explain};
use crate::plan::Rules;
use crate::service::{EventsService, FoundMetadata, FoundProvider, FoundRegistration};
use crate::{Failure, Phase};

/// What the events service has of what the files describe.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub providers: Vec<FoundProvider>,
    /// By provider id, of the providers that are wanted.
    pub metadata: HashMap<String, Vec<FoundMetadata>>,
    pub registrations: Vec<FoundRegistration>,
}

impl Observed {
    /// Asks for everything that a plan compares.
    ///
    /// # Errors
    /// The service does not say it.
    pub async fn read(service: &dyn EventsService, desired: &Desired, rules: &Rules<'_>) -> Result<Self, Failure> {
        let asked = |phase| move |error| explain(phase, Doing::Read, &error);
        let mut observed =
            Self { providers: service.providers().await.map_err(asked(Phase::Providers))?, ..Self::default() };
        for provider in &desired.providers {
            let Some(found) = observed.find(provider, rules) else { continue };
            let id = found.id.clone();
            let metadata = service.metadata(&id).await.map_err(asked(Phase::Metadata))?;
            observed.metadata.insert(id, metadata);
        }
        observed.registrations = service.registrations().await.map_err(asked(Phase::Registrations))?;
        Ok(observed)
    }

    /// The provider that is meant: by the id of an earlier run, else by its instance id, which outlives a renaming of label and
    /// namespace, else by its label. One of another workspace is not ours, whatever it is called.
    pub(crate) fn find(&self, wanted: &Provider, rules: &Rules<'_>) -> Option<&FoundProvider> {
        let ours = || {
            self.providers.iter().filter(|found| found.is_ours && found.provider_metadata == wanted.provider_metadata)
        };
        let recorded =
            rules.record.and_then(|record| record.provider(&wanted.key)).map(|provider| provider.id.as_str());
        let instance_id = rules.instance_id(&wanted.key);
        let by_record = ours().find(|found| recorded == Some(found.id.as_str()));
        let by_instance = || ours().find(|found| instance_id.as_deref() == Some(found.instance_id.as_str()));
        // Of several with one label the last counts, as in Adobe's kit.
        let by_label = || ours().rfind(|found| found.label == wanted.label);
        by_record.or_else(by_instance).or_else(by_label)
    }
}
