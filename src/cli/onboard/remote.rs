//! An events API elsewhere, as onboarding sees it.

use adobe::{Management, ManagementError, ManagementFault};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use onboarding::{
    EventMetadata, EventOfInterest, EventsService, FoundMetadata, FoundProvider, FoundRegistration, Provider,
    ServiceError, ServiceFault, Target, WantedRegistration, Workspace,
};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const PROVIDERS: &str = "providers";
const METADATA: &str = "eventmetadata";
const REGISTRATIONS: &str = "registrations";

/// Registrations that fetch their events themselves; elsewhere than at our own service they say it in capitals, too.
const JOURNAL: &str = "journal";

/// The management API of one workspace.
pub struct RemoteService {
    pub api: Management,
    pub workspace: Workspace,
}

#[derive(Deserialize)]
struct ProviderView {
    id: String,
    #[serde(default)]
    label: String,
    description: Option<String>,
    docs_url: Option<String>,
    #[serde(default)]
    provider_metadata: String,
    instance_id: Option<String>,
    #[serde(rename = "_links")]
    links: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct MetadataView {
    event_code: String,
    #[serde(default)]
    label: String,
    description: Option<String>,
    #[serde(rename = "_embedded")]
    embedded: Option<MetadataParts>,
}

#[derive(Deserialize)]
struct MetadataParts {
    sample_event: Option<SampleView>,
}

#[derive(Deserialize)]
struct SampleView {
    /// JSON as text; some answers have it as it is.
    sample_payload: Option<Value>,
}

#[derive(Deserialize)]
struct RegistrationView {
    #[serde(default)]
    id: Value,
    registration_id: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    name: String,
    description: Option<String>,
    #[serde(default)]
    delivery_type: String,
    webhook_url: Option<String>,
    runtime_action: Option<String>,
    #[serde(default)]
    events_of_interest: Vec<InterestView>,
    enabled: Option<bool>,
    webhook_status: Option<String>,
    #[serde(default)]
    subscriber_filters: Value,
}

#[derive(Deserialize)]
struct InterestView {
    provider_id: Option<String>,
    /// Older answers call the provider's id so.
    provider: Option<String>,
    event_code: String,
}

impl RemoteService {
    /// Our workspace may change it: only then the API links to where.
    fn is_ours(&self, links: Option<&Map<String, Value>>) -> bool {
        let Some(links) = links else { return true };
        let Workspace { consumer_id, project_id, workspace_id } = &self.workspace;
        let ours = format!("/{consumer_id}/{project_id}/{workspace_id}/");
        let update = links.get("rel:update").and_then(|link| link.get("href")).and_then(Value::as_str);
        update.is_some_and(|href| href.contains(&ours))
    }

    fn provider(&self, view: ProviderView) -> FoundProvider {
        FoundProvider {
            is_ours: self.is_ours(view.links.as_ref()),
            id: view.id,
            label: view.label,
            description: view.description.unwrap_or_default(),
            docs_url: view.docs_url,
            provider_metadata: view.provider_metadata,
            instance_id: view.instance_id.unwrap_or_default(),
        }
    }

    async fn write(&self, method: Method, url: &Url, body: Option<&Value>) -> Result<Value, ServiceError> {
        self.api.send(&method, url, body).await.map_err(failed)
    }

    async fn list<T: for<'de> Deserialize<'de>>(&self, url: &Url, name: &str) -> Result<Vec<T>, ServiceError> {
        let items = self.api.list(url, name).await.map_err(failed)?;
        items.into_iter().map(|item| read(url, item)).collect()
    }

    fn metadata_place(&self, provider_id: &str, code: Option<&str>) -> Url {
        let segments: Vec<&str> = [PROVIDERS, provider_id, METADATA].into_iter().chain(code).collect();
        self.api.of_workspace(&segments)
    }
}

#[async_trait]
impl EventsService for RemoteService {
    async fn providers(&self) -> Result<Vec<FoundProvider>, ServiceError> {
        let views: Vec<ProviderView> = self.list(&self.api.of_organisation(&[PROVIDERS]), PROVIDERS).await?;
        Ok(views.into_iter().map(|view| self.provider(view)).collect())
    }

    async fn metadata(&self, provider_id: &str) -> Result<Vec<FoundMetadata>, ServiceError> {
        let url = self.api.place(&[PROVIDERS, provider_id, METADATA]);
        let views: Vec<MetadataView> = self.list(&url, METADATA).await?;
        Ok(views.into_iter().map(metadata).collect())
    }

    async fn registrations(&self) -> Result<Vec<FoundRegistration>, ServiceError> {
        let views: Vec<RegistrationView> = self.list(&self.api.of_workspace(&[REGISTRATIONS]), REGISTRATIONS).await?;
        Ok(views.into_iter().map(registration).collect())
    }

    async fn create_provider(&self, wanted: &Provider, instance: Option<&str>) -> Result<FoundProvider, ServiceError> {
        let mut body = provider_body(wanted);
        body["provider_metadata"] = wanted.provider_metadata.as_str().into();
        if let Some(instance) = instance {
            body["instance_id"] = instance.into();
        }
        let url = self.api.of_workspace(&[PROVIDERS]);
        let made: ProviderView = read(&url, self.write(Method::POST, &url, Some(&body)).await?)?;
        Ok(FoundProvider { is_ours: true, ..self.provider(made) })
    }

    async fn update_provider(&self, id: &str, wanted: &Provider) -> Result<(), ServiceError> {
        let url = self.api.of_workspace(&[PROVIDERS, id]);
        self.write(Method::PUT, &url, Some(&provider_body(wanted))).await.map(drop)
    }

    /// With its metadata.
    async fn delete_provider(&self, id: &str) -> Result<(), ServiceError> {
        match self.write(Method::DELETE, &self.metadata_place(id, None), None).await {
            Ok(_) | Err(ServiceError { fault: ServiceFault::Status(404), .. }) => {}
            Err(error) => return Err(error),
        }
        self.write(Method::DELETE, &self.api.of_workspace(&[PROVIDERS, id]), None).await.map(drop)
    }

    async fn create_metadata(&self, provider_id: &str, wanted: &EventMetadata) -> Result<(), ServiceError> {
        let url = self.metadata_place(provider_id, None);
        let made = self.write(Method::POST, &url, Some(&metadata_body(wanted))).await?;
        // Some refusals come with a status of success (contract, 14.4).
        if made.get("reason").is_some_and(|reason| !reason.is_null()) {
            return Err(unexpected(&url, "the answer tells of a failure"));
        }
        Ok(())
    }

    async fn update_metadata(&self, provider_id: &str, wanted: &EventMetadata) -> Result<(), ServiceError> {
        let url = self.metadata_place(provider_id, Some(&wanted.event_code));
        self.write(Method::PUT, &url, Some(&metadata_body(wanted))).await.map(drop)
    }

    async fn delete_metadata(&self, provider_id: &str, event_code: &str) -> Result<(), ServiceError> {
        self.write(Method::DELETE, &self.metadata_place(provider_id, Some(event_code)), None).await.map(drop)
    }

    async fn create_registration(&self, wanted: &WantedRegistration) -> Result<FoundRegistration, ServiceError> {
        let url = self.api.of_workspace(&[REGISTRATIONS]);
        let mut body = registration_body(wanted);
        body["client_id"] = wanted.client_id.as_str().into();
        let made: RegistrationView = read(&url, self.write(Method::POST, &url, Some(&body)).await?)?;
        if made.client_id.is_empty() {
            return Err(unexpected(&url, "the answer has no `client_id`"));
        }
        Ok(registration(made))
    }

    async fn update_registration(
        &self,
        found: &FoundRegistration,
        wanted: &WantedRegistration,
    ) -> Result<FoundRegistration, ServiceError> {
        let url = self.api.of_workspace(&[REGISTRATIONS, &found.registration_id]);
        let mut body = registration_body(wanted);
        // What is left out of a PUT may be lost.
        body["enabled"] = found.enabled.into();
        if found.subscriber_filters.as_array().is_some_and(|filters| !filters.is_empty()) {
            body["subscriber_filters"] = found.subscriber_filters.clone();
        }
        let updated = self.write(Method::PUT, &url, Some(&body)).await?;
        Ok(registration(read(&url, updated)?))
    }

    async fn delete_registration(&self, registration_id: &str) -> Result<(), ServiceError> {
        let url = self.api.of_workspace(&[REGISTRATIONS, registration_id]);
        self.write(Method::DELETE, &url, None).await.map(drop)
    }
}

fn read<T: for<'de> Deserialize<'de>>(url: &Url, value: Value) -> Result<T, ServiceError> {
    // The parser's own text may repeat what it read.
    serde_json::from_value(value).map_err(|_| unexpected(url, "the answer lacks members that it has to have"))
}

fn unexpected(url: &Url, said: &str) -> ServiceError {
    ServiceError { fault: ServiceFault::Unexpected, url: url.to_string(), said: said.to_owned() }
}

fn failed(error: ManagementError) -> ServiceError {
    let fault = match error.fault {
        ManagementFault::Token(_) => ServiceFault::Token,
        ManagementFault::Status(status) => ServiceFault::Status(status),
        ManagementFault::Conflict(id) => ServiceFault::Conflict(id),
        ManagementFault::Unexpected => ServiceFault::Unexpected,
        ManagementFault::NoAnswer => ServiceFault::NoAnswer,
    };
    ServiceError { fault, url: error.url, said: error.said }
}

fn metadata(view: MetadataView) -> FoundMetadata {
    let payload = view.embedded.and_then(|parts| parts.sample_event).and_then(|sample| sample.sample_payload);
    let sample = payload.map(|payload| match payload {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    });
    let description = view.description.unwrap_or_default();
    FoundMetadata { event_code: view.event_code, label: view.label, description, sample }
}

fn registration(view: RegistrationView) -> FoundRegistration {
    let is_journal = view.delivery_type.eq_ignore_ascii_case(JOURNAL);
    let action = view.runtime_action.filter(|action| !action.is_empty());
    let target = match (action, view.webhook_url.filter(|url| !url.is_empty() && !is_journal)) {
        (Some(action), _) => Target::Action(action),
        (None, Some(url)) => Target::Webhook(url),
        (None, None) => Target::Journal,
    };
    let interest = |view: InterestView| EventOfInterest {
        provider_id: view.provider_id.or(view.provider).unwrap_or_default(),
        event_code: view.event_code,
    };
    FoundRegistration {
        id: match view.id {
            Value::String(id) => id,
            Value::Null => String::new(),
            other => other.to_string(),
        },
        registration_id: view.registration_id,
        client_id: view.client_id,
        name: view.name,
        description: view.description.unwrap_or_default(),
        delivery_type: view.delivery_type,
        target,
        interests: view.events_of_interest.into_iter().map(interest).collect(),
        enabled: view.enabled.unwrap_or(true),
        webhook_status: view.webhook_status,
        subscriber_filters: view.subscriber_filters,
    }
}

fn provider_body(wanted: &Provider) -> Value {
    let mut body = json!({"label": wanted.label, "description": wanted.description});
    if let Some(docs_url) = &wanted.docs_url {
        body["docs_url"] = docs_url.as_str().into();
    }
    body
}

fn metadata_body(wanted: &EventMetadata) -> Value {
    let mut body = json!({"event_code": wanted.event_code, "label": wanted.label, "description": wanted.description});
    if let Some(template) = &wanted.sample_event_template {
        body["sample_event_template"] = STANDARD.encode(template).into();
    }
    body
}

fn registration_body(wanted: &WantedRegistration) -> Value {
    let interest =
        |interest: &EventOfInterest| json!({"provider_id": interest.provider_id, "event_code": interest.event_code});
    let mut body = json!({
        "name": wanted.name,
        "description": wanted.description,
        "delivery_type": wanted.delivery_type,
        "events_of_interest": wanted.interests.iter().map(interest).collect::<Vec<_>>(),
    });
    match &wanted.target {
        Target::Action(action) => body["runtime_action"] = action.as_str().into(),
        Target::Webhook(url) => body["webhook_url"] = url.as_str().into(),
        Target::Journal => {}
    }
    body
}
