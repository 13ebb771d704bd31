//! Which provider Commerce sends its events to, and with whose credentials.

use std::fmt::{self, Write};

use aws_lc_rs::digest;
use http::Method;
use sdk::TargetPort;
use serde_json::{Value, json};

use super::{Module, text_of};
use crate::{Change, Failure, Kind, Phase, RecordedEventing, RecordedProvider, Verb};

pub(super) const PROVIDERS: &str = "eventing/eventProvider";
pub(super) const CONFIGURATION: &str = "eventing/updateConfiguration";
pub(super) const REASON: &str =
    "Unexpected error occurred while updating the eventing configuration of the Adobe I/O Events module in Commerce";

/// What Commerce is to be told.
#[derive(Clone)]
pub struct Configuration {
    /// Demanded where Commerce's own configuration is written.
    pub merchant_id: Option<String>,
    pub environment_id: String,
    /// The provider of Commerce's events.
    pub provider: RecordedProvider,
    pub description: String,
    /// The JSON of `workspace.json`, which holds secrets.
    pub workspace: String,
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What has to change in Commerce's eventing configuration.
pub struct EventingPlan {
    changes: Vec<Change>,
    write: Option<(Method, &'static str, Value)>,
    /// What is remembered when it is done.
    record: RecordedEventing,
}

impl fmt::Debug for EventingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventingPlan").field("changes", &self.changes).finish_non_exhaustive()
    }
}

/// A provider as Commerce knows it.
pub(crate) struct Known {
    /// Empty: the default one, which is part of Commerce's configuration.
    pub(super) id: String,
    pub(crate) provider_id: String,
    instance_id: String,
    label: String,
    description: String,
    /// Commerce shows no more of the credentials than that it has some.
    is_configured: bool,
}

impl Known {
    fn new(element: &Value) -> Self {
        let member = |name: &str| text_of(&element[name]);
        Self {
            id: member("id"),
            provider_id: member("provider_id"),
            instance_id: member("instance_id"),
            label: member("label"),
            description: member("description"),
            is_configured: !member("workspace_configuration").is_empty(),
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        self.id.is_empty() && self.is_configured
    }
}

/// Compares what Commerce has with what it is to have; writes nothing. `record` is what the last onboarding remembered.
///
/// # Errors
/// Commerce does not answer as its eventing module does, or a setting is missing.
pub async fn plan_eventing(
    store: &dyn TargetPort,
    base_url: &str,
    configuration: &Configuration,
    record: Option<&RecordedEventing>,
) -> Result<EventingPlan, Failure> {
    let wanted = RecordedEventing { base_url: base_url.to_owned(), sent: fingerprint(configuration) };
    let record = record.filter(|record| record.base_url == base_url);
    let sent = Sent { is_same: record.is_some_and(|record| record.sent == wanted.sent), is_known: record.is_some() };
    let (change, write) = match known(&module(store)).await? {
        None => of_older_module(configuration, sent)?,
        Some(known) => match known.iter().find(|known| known.is_default()) {
            None => (configured(configuration, Verb::Create, Vec::new()), Some(update(configuration)?)),
            Some(default) if is_ours(default, configuration, sent) => of_default(default, configuration, sent)?,
            Some(default) => beside(default, &known, configuration, sent),
        },
    };
    Ok(EventingPlan { changes: change, write, record: wanted })
}

impl EventingPlan {
    /// What is written, and what is left as it is.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Writes what has to change, and tells each change when it is done. Returns what to remember.
    ///
    /// # Errors
    /// Commerce refused it; planning and applying again is safe.
    pub async fn apply(
        &self,
        store: &dyn TargetPort,
        tell: &mut dyn FnMut(&Change),
    ) -> Result<RecordedEventing, Failure> {
        let module = module(store);
        if let Some((method, path, body)) = &self.write {
            let reply = module.write(method.clone(), path, Some(body)).await?;
            if reply.body == Value::Bool(false) {
                return Err(module.strange(path, "`true`"));
            }
        }
        self.changes.iter().for_each(tell);
        Ok(self.record.clone())
    }
}

/// How what was sent last compares with what is wanted.
#[derive(Clone, Copy)]
struct Sent {
    is_same: bool,
    is_known: bool,
}

impl Sent {
    /// Why it has to be sent again, unless it is the same.
    fn why(self) -> Option<String> {
        match self {
            Self { is_same: true, .. } => None,
            Self { is_known: true, .. } => Some("not what was sent last".to_owned()),
            Self { is_known: false, .. } => Some("nobody remembers what was sent".to_owned()),
        }
    }
}

type Planned = (Vec<Change>, Option<(Method, &'static str, Value)>);

/// A module that knows one provider only does not tell what it has.
fn of_older_module(configuration: &Configuration, sent: Sent) -> Result<Planned, Failure> {
    Ok(match sent.why() {
        None => (configured(configuration, Verb::Leave, Vec::new()), None),
        Some(why) if sent.is_known => {
            (configured(configuration, Verb::Update, vec![why]), Some(update(configuration)?))
        }
        Some(_) => (configured(configuration, Verb::Create, Vec::new()), Some(update(configuration)?)),
    })
}

/// An older configuration names no provider; it is ours when we wrote it. A provider that was deleted and made again has
/// another id and the same instance id.
fn is_ours(default: &Known, configuration: &Configuration, sent: Sent) -> bool {
    let provider = &configuration.provider;
    let is_same_instance = !default.instance_id.is_empty() && default.instance_id == provider.instance_id;
    let is_unnamed = default.provider_id.is_empty() && sent.is_known;
    default.provider_id == provider.id || is_same_instance || is_unnamed
}

fn of_default(default: &Known, configuration: &Configuration, sent: Sent) -> Result<Planned, Failure> {
    let mut why: Vec<String> = sent.why().into_iter().collect();
    if !default.provider_id.is_empty() && default.provider_id != configuration.provider.id {
        why.push("provider_id".to_owned());
    }
    if !default.instance_id.is_empty() && default.instance_id != configuration.provider.instance_id {
        why.push("instance_id".to_owned());
    }
    Ok(if why.is_empty() {
        (configured(configuration, Verb::Leave, why), None)
    } else {
        (configured(configuration, Verb::Update, why), Some(update(configuration)?))
    })
}

/// Somebody else's provider is the default, and stays it: ours stands beside it.
fn beside(default: &Known, known: &[Known], configuration: &Configuration, sent: Sent) -> Planned {
    let owner = [&default.label, &default.provider_id].into_iter().find(|name| !name.is_empty());
    let owner = owner.map_or("somebody else", String::as_str);
    let left = Change {
        verb: Verb::Leave,
        kind: Kind::EventingConfiguration,
        name: owner.to_owned(),
        why: vec!["the default provider is not ours".to_owned()],
    };
    let ours = known.iter().find(|known| !known.id.is_empty() && known.provider_id == configuration.provider.id);
    let change = |verb: Verb, why: Vec<String>| {
        vec![left.clone(), Change { verb, kind: Kind::EventProvider, name: configuration.provider.label.clone(), why }]
    };
    let Some(ours) = ours else {
        return (change(Verb::Create, Vec::new()), Some((Method::POST, PROVIDERS, provider(configuration, None))));
    };
    let wanted = &configuration.provider;
    let members = [
        ("label", &ours.label, &wanted.label),
        ("description", &ours.description, &configuration.description),
        ("instance_id", &ours.instance_id, &wanted.instance_id),
    ];
    let differing = members.into_iter().filter(|(_, found, wanted)| found != wanted);
    let why: Vec<String> = differing.map(|(name, ..)| name.to_owned()).chain(sent.why()).collect();
    if why.is_empty() {
        return (change(Verb::Leave, why), None);
    }
    (change(Verb::Update, why), Some((Method::PUT, PROVIDERS, provider(configuration, Some(&ours.id)))))
}

fn configured(configuration: &Configuration, verb: Verb, why: Vec<String>) -> Vec<Change> {
    vec![Change { verb, kind: Kind::EventingConfiguration, name: configuration.provider.label.clone(), why }]
}

fn update(configuration: &Configuration) -> Result<(Method, &'static str, Value), Failure> {
    let Some(merchant_id) = &configuration.merchant_id else {
        let reason = "Missing or invalid environment variables for Onboarding script.";
        return Err(Failure::new(Phase::ConfigureEventing, "INVALID_ENV_VARS", reason)
            .detail("`COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID` is not set")
            .hint("set it to a name of your company: letters, digits and `_`; Commerce's events say that they come from it"));
    };
    let body = json!({"config": {
        "enabled": true,
        "merchant_id": merchant_id,
        "environment_id": configuration.environment_id,
        "provider_id": configuration.provider.id,
        "instance_id": configuration.provider.instance_id,
        "workspace_configuration": configuration.workspace,
    }});
    Ok((Method::PUT, CONFIGURATION, body))
}

fn provider(configuration: &Configuration, id: Option<&str>) -> Value {
    let mut provider = json!({
        "provider_id": configuration.provider.id,
        "instance_id": configuration.provider.instance_id,
        "label": configuration.provider.label,
        "description": configuration.description,
        "workspace_configuration": configuration.workspace,
    });
    if let Some(id) = id {
        provider["id"] = id.into();
    }
    json!({"eventProvider": provider})
}

/// Tells whether the same would be sent, and nothing of what it is.
fn fingerprint(configuration: &Configuration) -> String {
    let Configuration { merchant_id, environment_id, provider, workspace, .. } = configuration;
    // As JSON, so that no part runs into the next.
    let sent = json!([merchant_id, environment_id, provider.id, provider.instance_id, workspace]).to_string();
    let hash = digest::digest(&digest::SHA256, sent.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn module(store: &dyn TargetPort) -> Module<'_> {
    Module { store, phase: Phase::ConfigureEventing, reason: REASON }
}

/// The providers that Commerce knows; none when its module is from before there were several.
pub(crate) async fn known(module: &Module<'_>) -> Result<Option<Vec<Known>>, Failure> {
    let reply = module.get(PROVIDERS).await?;
    match (reply.status, &reply.body) {
        (404, _) => Ok(None),
        (_, Value::Array(elements)) if reply.is_success() => Ok(Some(elements.iter().map(Known::new).collect())),
        _ if reply.is_success() => Err(module.strange(PROVIDERS, "a list of providers")),
        _ => Err(module.refused(&reply)),
    }
}
