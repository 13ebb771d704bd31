//! Taking our provider out of Commerce again.

use http::Method;
use sdk::{TargetPort, segment};
use serde_json::{Value, json};

use super::eventing::{CONFIGURATION, PROVIDERS, known, module};
use crate::{Change, Failure, Kind, RecordedEventing, RecordedProvider, Verb};

/// What Commerce is told at the end.
#[derive(Debug)]
pub struct EventingRemoval {
    changes: Vec<Change>,
    write: Option<(Method, String, Option<Value>)>,
}

/// Looks what of ours Commerce has; writes nothing. A provider beside the default one is deleted. The default one is part of
/// Commerce's configuration and cannot be taken away: eventing is switched off instead.
///
/// # Errors
/// Commerce does not answer as its eventing module does.
pub async fn plan_eventing_removal(
    store: &dyn TargetPort,
    base_url: &str,
    provider: &RecordedProvider,
    record: Option<&RecordedEventing>,
) -> Result<EventingRemoval, Failure> {
    let was_ours = record.is_some_and(|record| record.base_url == base_url);
    let known = known(&module(store)).await?;
    let ours = known.iter().flatten().find(|known| known.provider_id == provider.id);
    let is_default = match (&known, ours) {
        // A module from before there were several providers.
        (None, _) => was_ours,
        (Some(_), Some(ours)) => ours.is_default(),
        (Some(known), None) => was_ours && known.iter().any(|known| known.is_default() && known.provider_id.is_empty()),
    };
    let change = |verb, kind, why: Option<&str>| Change {
        verb,
        kind,
        name: provider.label.clone(),
        why: why.map(str::to_owned).into_iter().collect(),
    };
    if is_default {
        let why = "enabled: false, because the default provider cannot be taken away";
        return Ok(EventingRemoval {
            changes: vec![change(Verb::Update, Kind::EventingConfiguration, Some(why))],
            write: Some((Method::PUT, CONFIGURATION.to_owned(), Some(json!({"config": {"enabled": false}})))),
        });
    }
    Ok(match ours.filter(|ours| !ours.id.is_empty()) {
        Some(ours) => EventingRemoval {
            changes: vec![change(Verb::Delete, Kind::EventProvider, None)],
            write: Some((Method::DELETE, format!("{PROVIDERS}/{}", segment(&ours.provider_id)), None)),
        },
        None => EventingRemoval { changes: Vec::new(), write: None },
    })
}

impl EventingRemoval {
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// # Errors
    /// Commerce refused it, which it does as long as subscriptions use the provider.
    pub async fn apply(&self, store: &dyn TargetPort, tell: &mut dyn FnMut(&Change)) -> Result<(), Failure> {
        if let Some((method, path, body)) = &self.write {
            let written = module(store).write(method.clone(), path, body.as_ref()).await;
            written.map_err(|failure| {
                failure.hint("subscriptions that use the provider go first: `kit subscribe --prune` with none of them in the file")
            })?;
        }
        self.changes.iter().for_each(tell);
        Ok(())
    }
}
