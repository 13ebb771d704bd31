use jiff::Timestamp;
use store::{Catalogue, Registration, Verification};

use crate::management::catalogue;
use crate::problem::Problem;
use crate::{Service, challenge};

/// What a change makes of a registration, by what the catalogue says at the moment.
#[derive(Debug)]
pub(in crate::management) struct Planned {
    pub(in crate::management) registration: Registration,
    /// The owner of its webhook has to show first that events are wanted there.
    pub(in crate::management) must_prove: bool,
    pub(in crate::management) is_changed: bool,
}

/// Carries a change out. Webhooks are slow, and some call back before they answer, so nobody is asked during the turn:
/// it is given up meanwhile, and then the change is planned anew.
pub(in crate::management) async fn take(
    service: &Service,
    plan: impl Fn(&Catalogue) -> Result<Planned, Problem>,
) -> Result<Planned, Problem> {
    let mut proved: Option<(String, Verification)> = None;
    loop {
        let turn = service.0.turn.lock().await;
        let mut planned = plan(&catalogue(service).await?)?;
        let wanted = planned.registration.webhook_url.clone().filter(|_| planned.must_prove);
        match (wanted, &proved) {
            (None, _) => {}
            (Some(url), Some((known, verification))) if url == *known => {
                planned.registration.verification = verification.clone();
            }
            (Some(url), _) => {
                drop(turn);
                let client_id = &planned.registration.client_id;
                let verification =
                    challenge::verify(service, &url, client_id).await.map_err(|reason| unproved(&reason))?;
                proved = Some((url, verification));
                continue;
            }
        }
        if planned.is_changed {
            service.0.store.put_registration(planned.registration.clone()).await?;
            service.refresh().await?;
        }
        return Ok(planned);
    }
}

fn unproved(reason: &str) -> Problem {
    let hint = "the webhook has to answer a challenge before events go there";
    Problem::bad_request(format!("`/webhook_url` was not proved: {reason}; {hint}"))
}

/// Addresses are proved when they are new and when deliveries to them begin again, also after nobody fetched the
/// validation URL in time.
pub(super) fn must_prove(new: &Registration, old: &Registration, now: Timestamp) -> bool {
    let is_new = new.webhook_url != old.webhook_url;
    let has_lapsed = matches!(&old.verification, Verification::Pending { until, .. } if *until <= now);
    let begins_again = new.enabled && (!old.enabled || has_lapsed);
    new.webhook_url.is_some() && (is_new || begins_again)
}
