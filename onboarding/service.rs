//! An events service as onboarding sees it: what it has, and the writes that change it.

use async_trait::async_trait;
use serde_json::Value;

use crate::desired::{EventMetadata, Provider};
use crate::record::RecordedRegistration;

/// A provider that the events service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProvider {
    pub id: String,
    pub label: String,
    pub description: String,
    pub docs_url: Option<String>,
    pub provider_metadata: String,
    pub instance_id: String,
    /// Our workspace made it. The list of an organisation shows those of all its workspaces.
    pub is_ours: bool,
}

/// Metadata of an event that a provider has.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundMetadata {
    pub event_code: String,
    pub label: String,
    pub description: String,
    pub sample: Option<Value>,
}

/// Where the events of a registration go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `package/action` in the process that has the events service.
    Action(String),
    Webhook(String),
    /// Nowhere: they are read from the journal.
    Journal,
}

/// An event of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventOfInterest {
    pub provider_id: String,
    pub event_code: String,
}

/// A registration that the events service has.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRegistration {
    /// The number that Adobe's Console shows.
    pub id: String,
    pub registration_id: String,
    pub client_id: String,
    pub name: String,
    pub description: String,
    pub delivery_type: String,
    pub target: Target,
    pub interests: Vec<EventOfInterest>,
    pub enabled: bool,
    /// Of its webhook: `verified`, `pending`, `hook_unreachable`, `unstable`, `disabled`. Not every service says it.
    pub webhook_status: Option<String>,
    /// As they came; an update sends them back.
    pub subscriber_filters: Value,
}

impl From<&FoundRegistration> for RecordedRegistration {
    fn from(found: &FoundRegistration) -> Self {
        Self {
            id: found.id.clone(),
            registration_id: found.registration_id.clone(),
            name: found.name.clone(),
            enabled: found.enabled,
        }
    }
}

/// A registration as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRegistration {
    pub client_id: String,
    pub name: String,
    pub description: String,
    pub delivery_type: String,
    pub target: Target,
    pub interests: Vec<EventOfInterest>,
}

/// Why a call gave nothing.
#[derive(Clone, Debug)]
pub struct ServiceError {
    pub fault: ServiceFault,
    /// What was called.
    pub url: String,
    /// One sentence, with the other side's own words.
    pub said: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// There is no access token.
    Token,
    Status(u16),
    /// 409; the id of what is there already, when the answer names it.
    Conflict(Option<String>),
    /// The answer is not what the protocol says, such as a page of a proxy.
    Unexpected,
    NoAnswer,
    /// Our own store failed.
    Store,
}

/// What onboarding asks of an events service. Lists come whole, whatever pages the service makes.
#[async_trait]
pub trait EventsService: Send + Sync {
    async fn providers(&self) -> Result<Vec<FoundProvider>, ServiceError>;
    async fn metadata(&self, provider_id: &str) -> Result<Vec<FoundMetadata>, ServiceError>;
    async fn registrations(&self) -> Result<Vec<FoundRegistration>, ServiceError>;

    /// `instance_id`: none lets the service choose.
    async fn create_provider(
        &self,
        provider: &Provider,
        instance_id: Option<&str>,
    ) -> Result<FoundProvider, ServiceError>;
    async fn update_provider(&self, id: &str, provider: &Provider) -> Result<(), ServiceError>;
    async fn delete_provider(&self, id: &str) -> Result<(), ServiceError>;

    async fn create_metadata(&self, provider_id: &str, metadata: &EventMetadata) -> Result<(), ServiceError>;
    async fn update_metadata(&self, provider_id: &str, metadata: &EventMetadata) -> Result<(), ServiceError>;
    async fn delete_metadata(&self, provider_id: &str, event_code: &str) -> Result<(), ServiceError>;

    async fn create_registration(&self, wanted: &WantedRegistration) -> Result<FoundRegistration, ServiceError>;
    /// What the wanted state does not say stays as it was found.
    async fn update_registration(
        &self,
        found: &FoundRegistration,
        wanted: &WantedRegistration,
    ) -> Result<FoundRegistration, ServiceError>;
    async fn delete_registration(&self, registration_id: &str) -> Result<(), ServiceError>;
}
