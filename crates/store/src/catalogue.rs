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
    /// Unique together with `provider_metadata`.
    pub instance_id: String,
    /// `VA6` or `IRL1`; we keep what was asked for, the data stays where the store is.
    #[serde(default = "region")]
    pub data_residency_region: String,
}

fn region() -> String {
    Provider::REGION.to_owned()
}

impl Provider {
    /// The region of providers that name none.
    pub const REGION: &'static str = "VA6";
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
    /// `webhook`, `webhook_batch` or `journal`.
    pub delivery_type: String,
    /// `package/action`; never together with `webhook_url`.
    pub runtime_action: Option<String>,
    #[serde(default)]
    pub webhook_url: Option<String>,
    #[serde(default)]
    pub verification: Verification,
    pub enabled: bool,
    #[serde(default)]
    pub health: RegistrationHealth,
    pub events_of_interest: Vec<Interest>,
    #[serde(default)]
    pub subscriber_filters: Vec<SubscriberFilter>,
    pub created_date: Timestamp,
    pub updated_date: Timestamp,
}

impl Registration {
    /// The client of registrations that a kit made for itself; every client of its events service may read about them.
    pub const OWN_CLIENT: &str = "embedded";
}

/// A registration's name as part of a path: `Backoffice Product Sync` is `backoffice-product-sync`.
pub fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Interest {
    pub provider_id: String,
    pub event_code: String,
}

/// Whether the owner of the webhook has shown that events are wanted there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verification {
    #[default]
    Verified,
    /// Somebody has to fetch the validation URL, which carries these two, until then.
    Pending { id: String, challenge: String, until: Timestamp },
}

/// How deliveries to a registration go (contract, section 4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RegistrationHealth {
    #[default]
    Active,
    /// Most attempts fail; deliveries go on.
    Unstable { since: Timestamp },
    /// It stayed like that: new events stay in the journal until somebody enables the registration.
    Disabled { since: Timestamp },
}

impl RegistrationHealth {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unstable { .. } => "unstable",
            Self::Disabled { .. } => "disabled",
        }
    }
}

/// Narrows a registration to the events that match a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SubscriberFilter {
    pub id: String,
    pub name: String,
    pub description: String,
    /// The pattern, JSON text.
    pub subscriber_filter: String,
}
