use std::collections::HashMap;

use engine::slug;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Catalogue, EventMetadata, Interest, Provider, Registration, RegistrationHealth, Verification};

use crate::Service;
use crate::management::hal::{Places, link};
use crate::problem::Problem;

/// Shows registrations together with what the rest of the catalogue says about them.
pub(super) struct Views<'a> {
    service: &'a Service,
    now: Timestamp,
    providers: HashMap<&'a str, &'a Provider>,
    metadata: HashMap<(&'a str, &'a str), &'a EventMetadata>,
    /// The credentials' ids by client id.
    credentials: HashMap<String, String>,
    /// Whose registration a slug stands for.
    slugs: HashMap<String, &'a str>,
}

impl<'a> Views<'a> {
    pub(super) async fn new(service: &'a Service, catalogue: &'a Catalogue) -> Result<Self, Problem> {
        let credentials = service.0.store.credentials().await?;
        let mut slugs = HashMap::new();
        for registration in &catalogue.registrations {
            slugs.entry(slug(&registration.name)).or_insert(registration.registration_id.as_str());
        }
        Ok(Self {
            service,
            now: service.0.clock.now(),
            providers: catalogue.providers.iter().map(|provider| (provider.id.as_str(), provider)).collect(),
            metadata: catalogue
                .metadata
                .iter()
                .map(|event| ((event.provider_id.as_str(), event.event_code.as_str()), event))
                .collect(),
            credentials: credentials.into_iter().map(|credential| (credential.client_id, credential.id)).collect(),
            slugs,
        })
    }

    pub(super) fn of(&self, registration: &Registration) -> Value {
        let Registration { id, registration_id, client_id, name, description, .. } = registration;
        let identity = &self.service.0.identity;
        let places = Places::new(self.service);
        let credential = self.credentials.get(client_id).unwrap_or(client_id);
        let interests = registration.events_of_interest.iter().map(|interest| self.interest(interest));
        let mut view = json!({
            "id": id,
            "registration_id": registration_id,
            "name": name,
            "description": description,
            "client_id": client_id,
            "delivery_type": registration.delivery_type,
            "enabled": registration.enabled,
            "webhook_status": self.webhook_status(registration),
            "events_of_interest": interests.collect::<Vec<_>>(),
            "subscriber_filters": registration.subscriber_filters,
            "created_date": date(registration.created_date),
            "updated_date": date(registration.updated_date),
            "consumer_id": identity.consumer_id,
            "project_id": identity.project_id,
            "workspace_id": identity.workspace_id,
            "_links": {
                "rel:events": link(places.journal(credential, registration_id)),
                "rel:trace": link(places.traces(credential, registration_id)),
                "self": link(places.registration(registration_id)),
            },
        });
        if let Some(action) = &registration.runtime_action {
            view["runtime_action"] = action.as_str().into();
            view["webhook_url"] = self.webhook(registration).into();
        }
        if let Some(url) = &registration.webhook_url {
            view["webhook_url"] = url.as_str().into();
        }
        view
    }

    /// Where events come in for an action: by the name, unless another registration's reads the same as a path.
    fn webhook(&self, registration: &Registration) -> String {
        let id = registration.registration_id.as_str();
        let slug = slug(&registration.name);
        let is_its_own = !slug.is_empty() && self.slugs.get(&slug).is_none_or(|owner| *owner == id);
        Places::new(self.service).webhook(if is_its_own { &slug } else { id })
    }

    fn webhook_status(&self, registration: &Registration) -> &'static str {
        match registration.verification {
            Verification::Verified => match registration.health {
                RegistrationHealth::Active => "verified",
                RegistrationHealth::Unstable { .. } => "unstable",
                RegistrationHealth::Disabled { .. } => "disabled",
            },
            Verification::Pending { until, .. } if until <= self.now => "disabled",
            Verification::Pending { .. } => "pending",
        }
    }

    fn interest(&self, interest: &Interest) -> Value {
        let Interest { provider_id, event_code } = interest;
        let mut view = json!({
            "provider_id": provider_id,
            "provider": provider_id,
            "event_code": event_code,
            "event_delivery_format": "cloud_events",
        });
        if let Some(event) = self.metadata.get(&(provider_id.as_str(), event_code.as_str())) {
            view["event_label"] = event.label.as_str().into();
            view["event_description"] = event.description.as_str().into();
        }
        if let Some(provider) = self.providers.get(provider_id.as_str()) {
            view["provider_label"] = provider.label.as_str().into();
            view["provider_description"] = provider.description.as_str().into();
            if let Some(docs_url) = &provider.docs_url {
                view["provider_docs_url"] = docs_url.as_str().into();
            }
        }
        view
    }
}

/// ISO 8601 in UTC, with milliseconds whatever they are.
fn date(time: Timestamp) -> String {
    format!("{time:.3}")
}
