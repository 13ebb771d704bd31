//! What onboarding and whoever looks after it need: the events API, Commerce, and nothing of what serves.

use std::path::PathBuf;

use egress::Gate;
use secrecy::SecretString;

use crate::environment::reader::{Reader, Setting};
use crate::environment::{Commerce, Events, Mode, Role, commerce, data, events, names, namespace, outbound, server};
use crate::{Faults, Variables};

const MERCHANT_ID: &str = "COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID";
const ENVIRONMENT_ID: &str = "COMMERCE_ADOBE_IO_EVENTS_ENVIRONMENT_ID";

/// The settings of `kit onboard`, `kit subscribe`, `kit offboard` and `kit doctor`.
#[derive(Debug, Clone)]
pub struct Onboarding {
    /// Folder of the embedded store and of what onboarding left, relative to the working folder unless absolute.
    pub data: PathBuf,
    pub namespace: String,
    pub events: Events,
    /// None: the sandbox of the kit on this machine.
    pub commerce: Option<Commerce>,
    pub sandbox_token: Option<SecretString>,
    /// What Commerce's events say they come from: letters, digits and `_`.
    pub merchant_id: Option<String>,
    /// The other part of that. None: the workspace's name.
    pub environment_id: Option<String>,
    /// Where calls may go.
    pub egress: Gate,
}

impl Onboarding {
    /// # Errors
    /// Everything that is wrong with these variables.
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        names::check(&mut reader);
        server::said(&mut reader);
        let onboarding = Self {
            data: data(&reader),
            namespace: namespace(&mut reader),
            events: events::read(&mut reader, Mode::Dev, Role::Kit, true),
            commerce: commerce::read(&mut reader, Mode::Dev),
            sandbox_token: reader.token("KIT_SANDBOX_TOKEN"),
            merchant_id: word(&mut reader, MERCHANT_ID),
            environment_id: word(&mut reader, ENVIRONMENT_ID),
            egress: outbound::read(&mut reader, Mode::Dev),
        };
        Faults::none_or(reader.faults, onboarding)
    }
}

/// What Commerce's configuration takes as a name.
fn word(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let setting = Setting {
        name,
        expected: "expected letters, digits and `_` only",
        hint: "write it as Commerce's configuration shows it (Stores > Configuration > Adobe Services > Adobe I/O Events)",
    };
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    reader.parse(setting, |text| text.chars().all(is_letter).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventsApi;

    #[test]
    fn nothing_that_serves_is_demanded() {
        let read = Onboarding::read(&Variables::from_pairs([("KIT_BIND", "0.0.0.0:80")])).unwrap();
        assert_eq!(read.events.api, EventsApi::Embedded);
        assert!(read.commerce.is_none() && read.merchant_id.is_none());
    }

    #[test]
    fn what_the_events_api_needs_is_named() {
        let faults = Onboarding::read(&Variables::from_pairs([
            ("KIT_EVENTS_API", "adobe"),
            ("COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID", "shop-1"),
        ]));
        let said = faults.unwrap_err().to_string();
        for name in [
            "OAUTH_CLIENT_ID",
            "OAUTH_CLIENT_SECRET",
            "IO_CONSUMER_ID",
            "IO_PROJECT_ID",
            "IO_WORKSPACE_ID",
            MERCHANT_ID,
        ] {
            assert!(said.contains(&format!("`{name}`")), "{name}: {said}");
        }
    }
}
