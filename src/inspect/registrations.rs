//! Registrations: by the numbers that deliveries carry, and how they are doing.

use engine::{PUBLISH, PUBLISH_ACTION, WEBHOOK_ACTION, slug, takes_deliveries};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settings::nearest;
use store::{AttemptCount, Reader, Registration, RegistrationHealth, StateCount, Verification};

use super::Refused;
use crate::project::is_called;

/// What stands for the registration of publications.
pub const PUBLICATION: &str = "publication";

/// How far back attempts are counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(24);

/// The registrations of a store.
pub struct Registrations(Vec<Registration>);

impl Registrations {
    pub fn read(reader: &Reader) -> anyhow::Result<Self> {
        Ok(Self(reader.catalogue()?.registrations))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Registration> {
        self.0.iter()
    }

    /// By name, slug or id.
    pub fn find(&self, wanted: &str) -> Result<&Registration, Refused> {
        let is_meant = |known: &&Registration| is_called(&known.name, wanted) || known.registration_id == wanted;
        self.0.iter().find(is_meant).ok_or_else(|| {
            let slugs: Vec<String> = self.0.iter().map(|registration| slug(&registration.name)).collect();
            let names = self.0.iter().map(|registration| registration.name.as_str());
            unknown(wanted, &names.chain(slugs.iter().map(String::as_str)).collect::<Vec<_>>())
        })
    }

    /// The number that deliveries carry; publications have one as well.
    pub fn number(&self, wanted: &str) -> Result<i64, Refused> {
        match self.find(wanted) {
            Ok(registration) => Ok(registration.id),
            Err(_) if wanted == PUBLICATION => Ok(PUBLISH),
            Err(error) => Err(error),
        }
    }

    /// What people call the registration with this number.
    pub fn name(&self, number: i64) -> String {
        match self.of(number) {
            Some(registration) => registration.name.clone(),
            None if number == PUBLISH => PUBLICATION.to_owned(),
            None => format!("(removed, number {number})"),
        }
    }

    /// The action whose runs are attempts at deliveries to this registration.
    pub fn action(&self, number: i64) -> Option<&str> {
        match self.of(number) {
            Some(registration) => registration.runtime_action.as_deref().or(Some(WEBHOOK_ACTION)),
            None if number == PUBLISH => Some(PUBLISH_ACTION),
            None => None,
        }
    }

    /// Why nothing would be brought to the registration with this number.
    pub fn takes_nothing(&self, number: i64) -> Option<&'static str> {
        match self.of(number) {
            Some(registration) if takes_deliveries(registration) => None,
            Some(Registration { verification: Verification::Pending { .. }, .. }) => {
                Some("the webhook of its registration is not verified")
            }
            Some(
                Registration { enabled: false, .. } | Registration { health: RegistrationHealth::Disabled { .. }, .. },
            ) => Some("its registration is disabled"),
            Some(_) => Some("its registration is read by journal only"),
            None if number == PUBLISH => None,
            None => Some("its registration is gone"),
        }
    }

    pub fn of(&self, number: i64) -> Option<&Registration> {
        self.0.iter().find(|registration| registration.id == number)
    }
}

/// Says that there is no registration of this name; `names` are those there are.
pub fn unknown(wanted: &str, names: &[&str]) -> Refused {
    let meant = nearest(wanted, names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Refused::Unknown(format!(
        "there is no registration `{wanted}`\n  hint: {meant}`kit registration list` shows those there are"
    ))
}

/// All of them, with what they have to do and how their attempts went.
pub(super) fn list(reader: &Reader, now: Timestamp) -> anyhow::Result<Value> {
    let since = now.saturating_sub(COUNTED).unwrap_or(Timestamp::MIN);
    let (counts, attempts) = (reader.undelivered()?, reader.attempt_counts(since)?);
    let registrations = Registrations::read(reader)?;
    Ok(registrations.iter().map(|registration| row(registration, &counts, &attempts)).collect())
}

fn row(registration: &Registration, counts: &[StateCount], attempts: &[AttemptCount]) -> Value {
    let own = counts.iter().filter(|count| count.registration == registration.id);
    let open: u64 = own.clone().filter(|count| count.state.is_open()).map(|count| count.count).sum();
    let undelivered: u64 = own.map(|count| count.count).sum();
    let attempts = attempts.iter().find(|count| count.registration == registration.id).copied().unwrap_or_default();
    json!({
        "name": registration.name,
        "slug": slug(&registration.name),
        "registration_id": registration.registration_id,
        "health": registration.health.as_str(),
        "enabled": registration.enabled,
        "open": open,
        "undelivered": undelivered,
        "attempts_24h": attempts.attempts,
        "failures_24h": attempts.failures,
    })
}
