use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the events service knows: who sends, what they send, and who registered for it.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub providers: Vec<Provider>,
    pub metadata: Vec<EventMetadata>,
    pub registrations: Vec<Registration>,
}

/// An event provider, in the words of the I/O Events management API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Provider {
    pub id: String,
    pub label: String,
    pub description: String,
    pub docs_url: Option<String>,
    pub provider_metadata: String,
    pub instance_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct EventMetadata {
    pub provider_id: String,
    pub event_code: String,
    pub label: String,
    pub description: String,
    /// JSON text; its wire form is base64.
    pub sample_event_template: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Registration {
    /// The store's number; given by the store, whatever stands here when it is put.
    pub id: i64,
    pub registration_id: String,
    pub client_id: String,
    pub name: String,
    pub description: String,
    pub delivery_type: String,
    /// `package/action`.
    pub runtime_action: Option<String>,
    pub enabled: bool,
    pub events_of_interest: Vec<Interest>,
    pub created_date: Timestamp,
    pub updated_date: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Interest {
    pub provider_id: String,
    pub event_code: String,
}
