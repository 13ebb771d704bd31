//! In which members what is there differs from what is wanted. Empty: it is as it should be.

use std::collections::HashSet;

use serde_json::Value;

use super::Draft;
use crate::desired;
use crate::service::{EventOfInterest, FoundMetadata, FoundProvider, FoundRegistration, Target, WantedRegistration};

/// What an events API says of a webhook that never proved itself. An update has it asked again.
const UNPROVEN: [&str; 2] = ["pending", "hook_unreachable"];

pub(super) fn of_provider(wanted: &desired::Provider, found: &FoundProvider) -> Vec<String> {
    // No text and an empty one are the same to the API.
    let docs_url = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
    names([
        ("label", wanted.label != found.label),
        ("description", wanted.description != found.description),
        ("docs_url", docs_url(&wanted.docs_url) != docs_url(&found.docs_url)),
    ])
}

pub(super) fn of_metadata(wanted: &desired::EventMetadata, found: &FoundMetadata) -> Vec<String> {
    names([
        ("label", wanted.label != found.label),
        ("description", wanted.description != found.description),
        ("sample_event_template", sample(wanted) != found.sample),
    ])
}

/// How a sample is written says nothing.
fn sample(wanted: &desired::EventMetadata) -> Option<Value> {
    wanted.sample_event_template.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

pub(super) fn of_registration(
    draft: &Draft,
    resolved: Option<&WantedRegistration>,
    found: &FoundRegistration,
) -> Vec<String> {
    let status = found.webhook_status.as_deref().unwrap_or_default();
    let is_unproven = matches!(draft.target, Target::Webhook(_)) && UNPROVEN.contains(&status);
    names([
        ("description", draft.description != found.description),
        ("delivery_type", !draft.delivery_type.eq_ignore_ascii_case(&found.delivery_type)),
        (target(&draft.target), draft.target != found.target),
        ("events_of_interest", resolved.is_none_or(|wanted| !is_same_set(&wanted.interests, &found.interests))),
        ("webhook_status", is_unproven && draft.target == found.target),
    ])
}

fn target(target: &Target) -> &'static str {
    match target {
        Target::Action(_) => "runtime_action",
        Target::Webhook(_) | Target::Journal => "webhook_url",
    }
}

/// The order of the events says nothing.
fn is_same_set(left: &[EventOfInterest], right: &[EventOfInterest]) -> bool {
    left.iter().collect::<HashSet<_>>() == right.iter().collect::<HashSet<_>>()
}

fn names<const N: usize>(members: [(&str, bool); N]) -> Vec<String> {
    members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
