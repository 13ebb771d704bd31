//! What the sender of a delivery is answered: what its action answered, or that it is stored.

use axum::Json;
use axum::response::{IntoResponse, Response};
use engine::{ActionAnswer, ArrivalError, Taken};
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, StatusCode};
use sdk::{ActivationId, Fault};
use serde_json::{Value, json};

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

/// The member of an answer that names the run to look at (contract, section 4.8).
const MEMBER: &str = "activationId";

/// What became of one event of a delivery.
pub(super) enum Verdict {
    Taken(Taken),
    Invalid(Vec<Fault>),
    Untaken(ArrivalError),
}

impl Verdict {
    fn status(&self) -> u16 {
        match self {
            Self::Taken(Taken::Answered(answer)) => answer.status,
            Self::Taken(Taken::Accepted) => 202,
            Self::Invalid(_) | Self::Untaken(ArrivalError::Invalid(_)) => 400,
            Self::Untaken(ArrivalError::Conflict) => 409,
            Self::Untaken(ArrivalError::Unavailable { .. }) => 503,
        }
    }

    fn asks_for_retry(&self) -> bool {
        match self {
            Self::Taken(Taken::Answered(answer)) => answer.asks_for_retry(),
            Self::Untaken(ArrivalError::Unavailable { .. }) => true,
            Self::Taken(Taken::Accepted) | Self::Invalid(_) | Self::Untaken(_) => false,
        }
    }

    /// What is wrong with the delivery itself, so that only the validator's activation can tell.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Taken(_) | Self::Untaken(ArrivalError::Unavailable { .. }) => None,
            Self::Invalid(faults) => Some(texts(faults)),
            Self::Untaken(reason @ (ArrivalError::Invalid(_) | ArrivalError::Conflict)) => Some(reason.to_string()),
        }
    }

    fn details(&self) -> Option<&[Fault]> {
        match self {
            Self::Invalid(faults) | Self::Untaken(ArrivalError::Invalid(faults)) => Some(faults),
            Self::Taken(_) | Self::Untaken(_) => None,
        }
    }

    fn body(&self, validator: ActivationId) -> Value {
        match self {
            Self::Taken(Taken::Answered(answer)) => body(answer),
            Self::Taken(Taken::Accepted) => json!({"success": true, "message": "Event accepted"}),
            Self::Untaken(ArrivalError::Unavailable { .. }) => json!({"error": "the event cannot be stored now"}),
            Self::Invalid(_) | Self::Untaken(_) => {
                let error = self.fault().unwrap_or_default();
                let mut body = json!({"error": error, MEMBER: validator.to_string()});
                if let Some(details) = self.details() {
                    body["details"] = json!(details);
                }
                body
            }
        }
    }
}

/// The action's body; that of a failure names its activation.
fn body(answer: &ActionAnswer) -> Value {
    let activation = answer.activation.filter(|_| !answer.is_success());
    let Some(activation) = activation else { return answer.body.clone() };
    let mut body = match &answer.body {
        Value::Object(members) => members.clone(),
        other => [("error".to_owned(), other.clone())].into_iter().collect(),
    };
    body.insert(MEMBER.to_owned(), activation.to_string().into());
    Value::Object(body)
}

/// The answer to a delivery of one event. `validator` is the run that let it pass.
pub(super) fn single(verdict: &Verdict, validator: ActivationId) -> Response {
    let activation = match verdict {
        Verdict::Taken(Taken::Answered(ActionAnswer { activation: Some(activation), .. })) => *activation,
        _ => validator,
    };
    respond(verdict.status(), &verdict.body(validator), activation, retry_after(verdict))
}

/// The answer to a batch: the sender comes again with all of it when one event asks for that, else a failure shows.
pub(super) fn batch(verdicts: &[(Option<String>, Verdict)], validator: ActivationId) -> Response {
    let again = verdicts.iter().find(|(_, verdict)| verdict.asks_for_retry());
    let failed = || verdicts.iter().find(|(_, verdict)| verdict.status() >= 300);
    let open = || verdicts.iter().find(|(_, verdict)| verdict.status() == 202);
    let telling = again.or_else(failed).or_else(open).map(|(_, verdict)| verdict);
    let status = telling.map_or(200, Verdict::status);
    let failures = verdicts.iter().filter(|(_, verdict)| verdict.status() >= 300).count();
    let results: Vec<Value> = verdicts
        .iter()
        .map(|(id, verdict)| json!({"id": id, "statusCode": verdict.status(), "body": verdict.body(validator)}))
        .collect();
    let body = if failures == 0 {
        json!({"success": true, "results": results})
    } else {
        let error = format!("{failures} of {} events failed", verdicts.len());
        json!({"error": error, MEMBER: validator.to_string(), "results": results})
    };
    respond(status, &body, validator, telling.and_then(retry_after))
}

/// The answer to what never became an event: the activation of the validator says why.
pub(super) fn refused(status: StatusCode, error: &str, validator: ActivationId) -> Response {
    respond(status.as_u16(), &json!({"error": error, MEMBER: validator.to_string()}), validator, None)
}

fn retry_after(verdict: &Verdict) -> Option<u64> {
    let Verdict::Untaken(ArrivalError::Unavailable { retry_after }) = verdict else { return None };
    Some(retry_after.as_secs().max(1))
}

fn respond(status: u16, body: &Value, activation: ActivationId, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if let Ok(id) = HeaderValue::try_from(activation.to_string()) {
        response.headers_mut().insert(ACTIVATION_ID, id);
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn texts(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
