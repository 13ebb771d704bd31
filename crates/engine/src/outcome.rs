//! What follows from an attempt's answer.

use sdk::{Answer, Fate};
use store::{ClaimedDelivery, Drawer, Outcome, Parked};
use tracing::{debug, warn};

use crate::delivery::Deliveries;
use crate::rules::Rule;
use crate::schedule::Failed;
use crate::session::Session;

impl Deliveries {
    pub(crate) fn outcome(&self, delivery: &ClaimedDelivery, answer: &Answer, session: &Session) -> Outcome {
        let routes = self.routes.get();
        let rule = routes.target(delivery.registration);
        let rule = rule.map_or(self.options.rules.of_all(), |target| self.options.rules.of(&target.name));
        let parked = Parked {
            drawer: Drawer::Ours,
            has_effect: false,
            is_in_doubt: delivery.is_in_doubt,
            blocks: rule.is_blocking,
        };
        match answer.fate {
            Fate::Done => Outcome::Done,
            Fate::Skipped => Outcome::Skipped,
            Fate::Suppressed => Outcome::Suppressed,
            Fate::Refused => Outcome::Refused(Drawer::Target),
            Fate::Rejected => Outcome::Refused(Drawer::Payload),
            Fate::Parked => Outcome::Parked(parked),
            Fate::Incomplete => Outcome::Parked(Parked { has_effect: true, is_in_doubt: false, ..parked }),
            Fate::Retry { after } | Fate::Unknown { after } => {
                // An attempt that knows that it did nothing does not know what an earlier one did.
                let is_in_doubt = delivery.is_in_doubt || matches!(answer.fate, Fate::Unknown { .. });
                let failed = Failed {
                    attempt: delivery.attempt_of_schedule,
                    begun: delivery.begun,
                    now: self.runner.clock().now(),
                    at_least: after,
                    lot: (delivery.event.number, delivery.registration),
                };
                again_or_parked(rule, &failed, Parked { is_in_doubt, ..parked }, session)
            }
        }
    }
}

fn again_or_parked(rule: &Rule, failed: &Failed, parked: Parked, session: &Session) -> Outcome {
    match rule.schedule.next(failed) {
        Some(next) if parked.is_in_doubt => Outcome::Unknown(next),
        Some(next) => Outcome::RetryAt(next),
        None if session.ended_by_our_fault() => Outcome::Parked(parked),
        None => Outcome::Parked(Parked { drawer: Drawer::Target, ..parked }),
    }
}

/// One line for each attempt that did not succeed. The reason may quote the target, and so the event: it stands in the
/// activation, not here.
pub(crate) fn report(delivery: &ClaimedDelivery, answer: &Answer, outcome: Outcome, session: &Session) {
    let (id, code, attempt, status) = (delivery.event.id, &*delivery.event.code, delivery.attempt, answer.status);
    let activation = session.newest();
    let activation = activation.as_ref().map(tracing::field::display);
    match outcome {
        Outcome::Done | Outcome::Skipped => debug!(event.id = %id, code, attempt, status, "event {id} was delivered"),
        Outcome::Suppressed => {
            debug!(event.id = %id, code, attempt, status, "event {id} was suppressed: it is an echo");
        }
        Outcome::Refused(_) => warn!(event.id = %id, code, attempt, status, activation, "event {id} was refused"),
        Outcome::Parked(_) => warn!(event.id = %id, code, attempt, status, activation, "event {id} waits for a person"),
        Outcome::RetryAt(at) | Outcome::Unknown(at) => {
            warn!(event.id = %id, code, attempt, status, activation, next = %at, "event {id} will be tried again");
        }
    }
}
