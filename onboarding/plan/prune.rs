//! What the files no longer mention, as far as it is certainly ours.

use std::collections::HashSet;

use super::{Act, Plan, Rules, Targets};
use crate::DEV_SUFFIX;
use crate::change::{Kind, Verb};
use crate::desired::Desired;
use crate::observed::Observed;
use crate::service::FoundRegistration;

impl Plan {
    pub(super) fn prune(&mut self, desired: &Desired, observed: &Observed, rules: &Rules<'_>) {
        let recorded = rules.record.map(|record| record.providers.as_slice()).unwrap_or_default();
        let mut ours: HashSet<&str> = recorded.iter().map(|provider| provider.id.as_str()).collect();
        let known: Vec<String> = self.known.values().map(|provider| provider.id.clone()).collect();
        ours.extend(known.iter().map(String::as_str));
        for found in &observed.registrations {
            let is_wanted = desired
                .registrations
                .iter()
                .any(|wanted| found.name.strip_suffix(rules.name_suffix) == Some(wanted.name.as_str()));
            if !is_wanted && is_ours(found, &ours, rules) {
                let act = Act::DeleteRegistration { registration_id: found.registration_id.clone() };
                self.step(Verb::Delete, Kind::Registration, &found.name, Vec::new(), act);
            }
        }
        for (key, provider) in self.known.clone() {
            let is_wanted = |code: &str| {
                desired.metadata.iter().any(|wanted| wanted.provider_key == key && wanted.event_code == code)
            };
            for found in observed.metadata.get(&provider.id).into_iter().flatten() {
                if !is_wanted(&found.event_code) {
                    let (provider_id, event_code) = (provider.id.clone(), found.event_code.clone());
                    let act = Act::DeleteMetadata { provider_id, event_code };
                    self.step(Verb::Delete, Kind::EventMetadata, &found.event_code, Vec::new(), act);
                }
            }
        }
        for provider in recorded {
            let is_wanted = desired.providers.iter().any(|wanted| wanted.key == provider.key);
            let is_there = observed.providers.iter().any(|found| found.id == provider.id && found.is_ours);
            if !is_wanted && is_there {
                let act = Act::DeleteProvider { id: provider.id.clone() };
                self.step(Verb::Delete, Kind::Provider, &provider.label, Vec::new(), act);
            }
        }
    }
}

/// A workspace may have registrations for other purposes, of the same client too: ours want events of our providers only.
fn is_ours(found: &FoundRegistration, providers: &HashSet<&str>, rules: &Rules<'_>) -> bool {
    // Somebody may be trying things out right now.
    let is_of_dev = found.name.ends_with(DEV_SUFFIX) && rules.name_suffix != DEV_SUFFIX;
    let wants_ours = || found.interests.iter().all(|interest| providers.contains(interest.provider_id.as_str()));
    let is_seeded = matches!(rules.targets, Targets::Actions);
    found.client_id == rules.client_id && !is_of_dev && (is_seeded || (!found.interests.is_empty() && wants_ours()))
}
