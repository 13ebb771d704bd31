//! Our own events service, by its store.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use store::{Catalogue, RegistrationHealth, Store, StoreError, Verification};
use uuid::Uuid;

use crate::desired::{EventMetadata, Provider};
use crate::observed::Observed;
use crate::service::{
    EventOfInterest, EventsService, FoundMetadata, FoundProvider, FoundRegistration, ServiceError, ServiceFault,
    Target, WantedRegistration,
};

/// The events service whose catalogue lies in this store.
pub struct StoredService<'a> {
    pub store: &'a dyn Store,
    pub now: Timestamp,
}

impl fmt::Debug for StoredService<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredService").field("now", &self.now).finish_non_exhaustive()
    }
}

impl StoredService<'_> {
    async fn catalogue(&self) -> Result<Catalogue, ServiceError> {
        self.store.catalogue().await.map_err(|error| failed(&error))
    }

    async fn registration(&self, registration_id: &str) -> Result<store::Registration, ServiceError> {
        let catalogue = self.catalogue().await?;
        let found = catalogue.registrations.into_iter().find(|found| found.registration_id == registration_id);
        found.ok_or_else(|| ServiceError {
            fault: ServiceFault::Status(404),
            url: String::new(),
            said: "the registration is gone".to_owned(),
        })
    }

    async fn put(&self, registration: store::Registration) -> Result<FoundRegistration, ServiceError> {
        let id = registration.registration_id.clone();
        self.store.put_registration(registration).await.map_err(|error| failed(&error))?;
        Ok(found(&self.registration(&id).await?))
    }
}

fn failed(error: &StoreError) -> ServiceError {
    ServiceError { fault: ServiceFault::Store, url: "the embedded events service".to_owned(), said: error.to_string() }
}

#[async_trait]
impl EventsService for StoredService<'_> {
    async fn providers(&self) -> Result<Vec<FoundProvider>, ServiceError> {
        Ok(Observed::from(self.catalogue().await?).providers)
    }

    async fn metadata(&self, provider_id: &str) -> Result<Vec<FoundMetadata>, ServiceError> {
        Ok(Observed::from(self.catalogue().await?).metadata.remove(provider_id).unwrap_or_default())
    }

    async fn registrations(&self) -> Result<Vec<FoundRegistration>, ServiceError> {
        Ok(Observed::from(self.catalogue().await?).registrations)
    }

    async fn create_provider(&self, wanted: &Provider, instance: Option<&str>) -> Result<FoundProvider, ServiceError> {
        let made = store::Provider {
            id: Uuid::new_v4().to_string(),
            label: wanted.label.clone(),
            description: wanted.description.clone(),
            docs_url: wanted.docs_url.clone(),
            provider_metadata: wanted.provider_metadata.clone(),
            instance_id: instance.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned),
            data_residency_region: store::Provider::REGION.to_owned(),
        };
        self.store.put_provider(made.clone()).await.map_err(|error| failed(&error))?;
        Ok(provider(made))
    }

    async fn update_provider(&self, id: &str, wanted: &Provider) -> Result<(), ServiceError> {
        let found = self.catalogue().await?.providers.into_iter().find(|found| found.id == id);
        let Some(found) = found else { return Ok(()) };
        let updated = store::Provider {
            label: wanted.label.clone(),
            description: wanted.description.clone(),
            docs_url: wanted.docs_url.clone(),
            ..found
        };
        self.store.put_provider(updated).await.map_err(|error| failed(&error))
    }

    async fn delete_provider(&self, id: &str) -> Result<(), ServiceError> {
        self.store.delete_provider(id).await.map(drop).map_err(|error| failed(&error))
    }

    async fn create_metadata(&self, provider_id: &str, wanted: &EventMetadata) -> Result<(), ServiceError> {
        self.update_metadata(provider_id, wanted).await
    }

    async fn update_metadata(&self, provider_id: &str, wanted: &EventMetadata) -> Result<(), ServiceError> {
        let metadata = store::EventMetadata {
            provider_id: provider_id.to_owned(),
            event_code: wanted.event_code.clone(),
            label: wanted.label.clone(),
            description: wanted.description.clone(),
            sample_event_template: wanted.sample_event_template.clone(),
        };
        self.store.put_metadata(metadata).await.map_err(|error| failed(&error))
    }

    async fn delete_metadata(&self, provider_id: &str, event_code: &str) -> Result<(), ServiceError> {
        self.store.delete_metadata(provider_id, Some(event_code)).await.map(drop).map_err(|error| failed(&error))
    }

    async fn create_registration(&self, wanted: &WantedRegistration) -> Result<FoundRegistration, ServiceError> {
        let blank = store::Registration {
            id: 0,
            registration_id: Uuid::new_v4().to_string(),
            client_id: wanted.client_id.clone(),
            name: wanted.name.clone(),
            description: String::new(),
            delivery_type: String::new(),
            runtime_action: None,
            webhook_url: None,
            verification: Verification::Verified,
            subscriber_filters: Vec::new(),
            enabled: true,
            health: RegistrationHealth::Active,
            events_of_interest: Vec::new(),
            created_date: self.now,
            updated_date: self.now,
        };
        self.put(changed(blank, wanted)).await
    }

    async fn update_registration(
        &self,
        found: &FoundRegistration,
        wanted: &WantedRegistration,
    ) -> Result<FoundRegistration, ServiceError> {
        let old = self.registration(&found.registration_id).await?;
        self.put(store::Registration { updated_date: self.now, ..changed(old, wanted) }).await
    }

    async fn delete_registration(&self, registration_id: &str) -> Result<(), ServiceError> {
        self.store.delete_registration(registration_id).await.map(drop).map_err(|error| failed(&error))
    }
}

/// Ids, the client, and whether somebody switched it off are not ours to say.
fn changed(old: store::Registration, wanted: &WantedRegistration) -> store::Registration {
    let (runtime_action, webhook_url) = match &wanted.target {
        Target::Action(action) => (Some(action.clone()), None),
        Target::Webhook(url) => (None, Some(url.clone())),
        Target::Journal => (None, None),
    };
    let interest = |wanted: &EventOfInterest| store::Interest {
        provider_id: wanted.provider_id.clone(),
        event_code: wanted.event_code.clone(),
    };
    store::Registration {
        description: wanted.description.clone(),
        delivery_type: wanted.delivery_type.clone(),
        runtime_action,
        webhook_url,
        verification: Verification::Verified,
        events_of_interest: wanted.interests.iter().map(interest).collect(),
        ..old
    }
}

/// What a catalogue says, without asking anybody.
impl From<Catalogue> for Observed {
    fn from(catalogue: Catalogue) -> Self {
        let mut observed =
            Self { registrations: catalogue.registrations.iter().map(found).collect(), ..Self::default() };
        for metadata in catalogue.metadata {
            let of_provider = observed.metadata.entry(metadata.provider_id.clone()).or_default();
            of_provider.push(event(metadata));
        }
        observed.providers = catalogue.providers.into_iter().map(provider).collect();
        observed
    }
}

fn provider(found: store::Provider) -> FoundProvider {
    let store::Provider { id, label, description, docs_url, provider_metadata, instance_id, .. } = found;
    FoundProvider { id, label, description, docs_url, provider_metadata, instance_id, is_ours: true }
}

fn event(found: store::EventMetadata) -> FoundMetadata {
    let sample = found.sample_event_template.as_deref().and_then(|text| serde_json::from_str(text).ok());
    FoundMetadata { event_code: found.event_code, label: found.label, description: found.description, sample }
}

fn found(registration: &store::Registration) -> FoundRegistration {
    let interest = |found: &store::Interest| EventOfInterest {
        provider_id: found.provider_id.clone(),
        event_code: found.event_code.clone(),
    };
    FoundRegistration {
        id: registration.id.to_string(),
        registration_id: registration.registration_id.clone(),
        client_id: registration.client_id.clone(),
        name: registration.name.clone(),
        description: registration.description.clone(),
        delivery_type: registration.delivery_type.clone(),
        target: match (&registration.runtime_action, &registration.webhook_url) {
            (Some(action), _) => Target::Action(action.clone()),
            (None, Some(url)) => Target::Webhook(url.clone()),
            (None, None) => Target::Journal,
        },
        interests: registration.events_of_interest.iter().map(interest).collect(),
        enabled: registration.enabled,
        webhook_status: None,
        subscriber_filters: Value::Null,
    }
}
