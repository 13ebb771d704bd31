//! Adobe I/O Events: publishing, the management API as far as events need it, and the journal.

mod caller;
mod error;
mod journal;
mod link;
mod manage;
mod management;
mod publish;
mod said;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::Url;
use sdk::Event;

use self::caller::Caller;
pub use self::error::EventsApiError;
pub use self::journal::{JournalEntry, JournalError, JournalPage};
pub use self::manage::{Management, ManagementError, ManagementFault};
use self::management::Providers;
pub use self::publish::{Answered, Exchange, Sent, Unanswered};
use crate::ims::Ims;
use crate::pool::Pool;
use crate::settings::{SettingsError, header, http_url};

/// Where I/O Events is, and whose events are meant.
#[derive(Clone, Debug)]
pub struct EventsSettings {
    /// Usually `https://eventsingress.adobe.io`.
    pub ingress_url: String,
    /// Usually `https://api.adobe.io/events/`.
    pub management_url: String,
    pub consumer_id: String,
    pub project_id: String,
    pub workspace_id: String,
    pub org_id: String,
    pub client_id: String,
}

/// The client of I/O Events.
#[derive(Debug)]
pub struct EventsApi {
    caller: Arc<Caller>,
    ingress: Url,
    registrations: Url,
    providers: Providers,
}

impl EventsApi {
    pub fn new(settings: &EventsSettings, pool: Pool, ims: Arc<Ims>) -> Result<Self, SettingsError> {
        let ingress = http_url(&settings.ingress_url, "event ingress's address (`KIT_EVENTS_INGRESS_URL`)")?;
        let management = http_url(&settings.management_url, "management API's address (`IO_MANAGEMENT_BASE_URL`)")?;
        let (consumer, project) = (&*settings.consumer_id, &*settings.project_id);
        let registrations = below(&management, &[consumer, project, &settings.workspace_id, "registrations"]);
        let caller = Arc::new(Caller {
            pool,
            ims,
            api_key: header(&settings.client_id, "OAUTH_CLIENT_ID")?,
            org_id: header(&settings.org_id, "OAUTH_ORG_ID")?,
        });
        let url = below(&management, &[consumer, "providers"]);
        let providers = Providers { caller: Arc::clone(&caller), url, labels: Mutex::new(HashMap::new()) };
        Ok(Self { caller, ingress, registrations, providers })
    }

    /// Publishes one event. It may arrive twice when it is sent again; its id tells.
    pub async fn publish(&self, event: &Event) -> Sent {
        publish::publish(&self.caller, &self.ingress, event).await
    }

    /// The id of the provider with this label; asked for once, then remembered.
    pub async fn provider_id(&self, label: &str) -> Result<Arc<str>, EventsApiError> {
        self.providers.id(label).await
    }

    /// Where the journal of the registration with this name is read; `None` when there is no such registration.
    pub async fn journal_url(&self, registration_name: &str) -> Result<Option<String>, EventsApiError> {
        management::journal_url(&self.caller, &self.registrations, registration_name).await
    }

    /// Reads one page of a journal, at its own address or at the `next` of a page before.
    pub async fn journal_page(&self, url: &str) -> Result<JournalPage, JournalError> {
        journal::read_page(&self.caller, url).await
    }
}

/// The segments are data and get escaped.
fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
