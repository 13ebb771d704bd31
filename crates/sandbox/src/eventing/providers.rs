//! Event providers beside the default one, and the default one's configuration.
//!
//! A guess, because Commerce's answers to them are not documented: a second provider of one id is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::workspace::Workspace;
use crate::answer::{Answer, shortened};
use crate::collection::{Collection, Limits};
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, flag, integer, line, object, required};

pub const LIMITS: Limits = Limits { name: "event providers", count_max: 100, bytes_max: 1024 * 1024 };
const KIND: &str = "commerce.event_provider";
const CONFIGURATION_LIMITS: Limits = Limits { name: "configurations", count_max: 1, bytes_max: 64 * 1024 };
const CONFIGURATION_KIND: &str = "commerce.event_configuration";
/// The id of the one configuration.
const THE_ONE: u64 = 1;
const WORKSPACE: &str = "workspace_configuration";
const WORKSPACE_BYTES_MAX: usize = 256 * 1024;

/// One provider; its client is among the workspaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Provider {
    pub provider_id: String,
    pub instance_id: String,
    pub label: String,
    pub description: String,
}

/// What `updateConfiguration` says of the default provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    pub enabled: bool,
    pub merchant_id: String,
    pub environment_id: String,
    pub provider_id: String,
    pub instance_id: String,
}

#[derive(Debug)]
pub struct Providers {
    collection: Collection<Provider>,
    configuration: Collection<Configuration>,
}

/// What a client wants a provider to be; what it leaves out is as it was.
#[derive(Debug)]
pub struct ProviderDraft {
    id: Option<u64>,
    provider_id: Option<String>,
    instance_id: Option<String>,
    label: Option<String>,
    description: Option<String>,
    pub workspace: Option<Workspace>,
}

/// As above, of the configuration.
#[derive(Debug)]
pub struct ConfigurationDraft {
    enabled: Option<u8>,
    merchant_id: Option<String>,
    environment_id: Option<String>,
    provider_id: Option<String>,
    instance_id: Option<String>,
    pub workspace: Option<Workspace>,
}

impl Providers {
    pub fn load(keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        Ok(Self {
            collection: Collection::load(KIND, LIMITS, keeper)?.aside(),
            configuration: Collection::load(CONFIGURATION_KIND, CONFIGURATION_LIMITS, keeper)?.aside(),
        })
    }

    /// `None` before the first `updateConfiguration`.
    pub fn configuration(&self) -> Option<&Configuration> {
        self.configuration.get(THE_ONE)
    }

    pub fn configure(&mut self, draft: &ConfigurationDraft) -> Result<(), Answer> {
        let known = self.configuration().cloned().unwrap_or_default();
        let text = |draft: &Option<String>, known: String| draft.clone().unwrap_or(known);
        let configuration = Configuration {
            enabled: draft.enabled.map_or(known.enabled, |set| set == 1),
            merchant_id: text(&draft.merchant_id, known.merchant_id),
            environment_id: text(&draft.environment_id, known.environment_id),
            provider_id: text(&draft.provider_id, known.provider_id),
            instance_id: text(&draft.instance_id, known.instance_id),
        };
        self.configuration.put(THE_ONE, configuration).map(|_| ())
    }

    /// Beside the default one, each with its own id.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Provider)> {
        self.collection.all()
    }

    /// The default provider counts, too.
    pub fn contains(&self, provider_id: &str) -> bool {
        self.is_default(provider_id) || self.find(provider_id).is_ok()
    }

    pub fn is_default(&self, provider_id: &str) -> bool {
        self.configuration().is_some_and(|configuration| configuration.provider_id == provider_id)
    }

    pub fn find(&self, provider_id: &str) -> Result<(u64, &Provider), Answer> {
        let found = self.all().find(|(_, provider)| provider.provider_id == provider_id);
        found.ok_or_else(|| no_provider("provider_id", provider_id))
    }

    /// POST. Gives the id.
    pub fn create(&mut self, draft: &ProviderDraft) -> Result<u64, Answer> {
        let needed = |text: &Option<String>, name: &str| text.clone().ok_or_else(|| required(name));
        let provider = Provider {
            provider_id: needed(&draft.provider_id, "provider_id")?,
            instance_id: needed(&draft.instance_id, "instance_id")?,
            label: draft.label.clone().unwrap_or_default(),
            description: draft.description.clone().unwrap_or_default(),
        };
        self.put(self.collection.next_id(), provider)
    }

    /// PUT: by the id of the body. Gives the id, and by which provider id it was known before.
    pub fn update(&mut self, draft: &ProviderDraft) -> Result<(u64, String), Answer> {
        let id = draft.id.ok_or_else(|| required("id"))?;
        let known = self.collection.get(id).cloned().ok_or_else(|| no_provider("id", &id.to_string()))?;
        let before = known.provider_id.clone();
        let provider = Provider {
            provider_id: draft.provider_id.clone().unwrap_or(known.provider_id),
            instance_id: draft.instance_id.clone().unwrap_or(known.instance_id),
            label: draft.label.clone().unwrap_or(known.label),
            description: draft.description.clone().unwrap_or(known.description),
        };
        Ok((self.put(id, provider)?, before))
    }

    pub fn remove(&mut self, provider_id: &str) -> Result<(), Answer> {
        let (id, _) = self.find(provider_id)?;
        self.collection.remove(id);
        Ok(())
    }

    pub fn get(&self, id: u64) -> Option<&Provider> {
        self.collection.get(id)
    }

    fn put(&mut self, id: u64, provider: Provider) -> Result<u64, Answer> {
        if self.find(&provider.provider_id).is_ok_and(|(holder, _)| holder != id) {
            return Err(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "The event provider with provider_id \"%1\" exists already.",
                &json!([shortened(&provider.provider_id)]),
            ));
        }
        self.collection.put(id, provider).map(|_| id)
    }
}

impl ProviderDraft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        let mut members = Members::of("An event provider", Value::Object(request.need("eventProvider", object)?))?;
        request.finish(&[])?;
        let mut filled = |name| Ok::<_, Answer>(members.take(name, line)?.filter(|text| !text.trim().is_empty()));
        let (provider_id, instance_id) = (filled("provider_id")?, filled("instance_id")?);
        let draft = Self {
            id: members.take("id", integer)?,
            provider_id,
            instance_id,
            label: members.take("label", line)?,
            description: members.take("description", line)?,
            workspace: workspace(&mut members)?,
        };
        members.finish(&[])?;
        Ok(draft)
    }
}

impl ConfigurationDraft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        let mut members = Members::of("A configuration", Value::Object(request.need("config", object)?))?;
        request.finish(&[])?;
        let draft = Self {
            enabled: members.take("enabled", flag)?,
            merchant_id: members.take("merchant_id", line)?,
            environment_id: members.take("environment_id", line)?,
            provider_id: members.take("provider_id", line)?,
            instance_id: members.take("instance_id", line)?,
            workspace: workspace(&mut members)?,
        };
        members.finish(&[])?;
        Ok(draft)
    }
}

/// Its refusals never tell what was sent: there are secrets in it. An empty one, and the stars that stand for the known
/// one, leave that as it is.
fn workspace(members: &mut Members) -> Result<Option<Workspace>, Answer> {
    let Some(value) = members.take(WORKSPACE, Ok)? else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| unusable("it is no text"))?;
    if text.is_empty() || text == super::HIDDEN {
        return Ok(None);
    }
    if text.len() > WORKSPACE_BYTES_MAX {
        return Err(unusable("it is too long"));
    }
    Workspace::parse(text).map(Some).map_err(unusable)
}

fn unusable(reason: &str) -> Answer {
    Answer::refusal(
        StatusCode::BAD_REQUEST,
        "%fieldName cannot be used: %reason.",
        &json!({ "fieldName": WORKSPACE, "reason": reason }),
    )
}

fn no_provider(field: &str, value: &str) -> Answer {
    Answer::refusal(
        StatusCode::NOT_FOUND,
        "No such entity with %fieldName = %fieldValue",
        &json!({ "fieldName": field, "fieldValue": shortened(value) }),
    )
}
