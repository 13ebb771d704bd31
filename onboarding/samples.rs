use std::path::Path;

use serde_json::Value;

use crate::desired::Checks;
use crate::files::{self, EVENTS_FILE, Events};
use crate::{LoadError, Problem};

/// An event as its provider could send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub code: String,
    /// The entity it stands under in the events file.
    pub entity: String,
    pub value: Value,
}

/// The samples of a provider's events, in the order of the file: created comes before updated, deleted last. Events
/// without a sample are not among them.
///
/// # Errors
/// The events file cannot be used, or has no events of that provider.
pub fn samples(folder: &Path, provider_key: &str) -> Result<Vec<Sample>, LoadError> {
    let events: Events = files::read(folder, EVENTS_FILE)?;
    let mut checks = Checks::new(folder);
    checks.events(&events);
    if !events.listed().any(|listed| listed.provider_key == provider_key) {
        let mut known: Vec<String> = events.listed().map(|listed| listed.provider_key.to_owned()).collect();
        known.sort();
        known.dedup();
        checks.add(Problem::NoSamples { file: folder.join(EVENTS_FILE), key: provider_key.to_owned(), known });
    }
    let mut samples = Vec::new();
    for listed in events.listed().filter(|listed| listed.provider_key == provider_key) {
        let Some(sample) = &listed.event.sample else { continue };
        match serde_json::from_str::<Value>(sample.get()) {
            Ok(value) => {
                samples.push(Sample { code: listed.code.to_owned(), entity: listed.entity.to_owned(), value });
            }
            Err(error) => checks.add(Problem::UnusableSample {
                file: folder.join(EVENTS_FILE),
                code: listed.code.to_owned(),
                error,
            }),
        }
    }
    checks.finish(Some(samples))
}
