//! What a call that failed means to whoever runs the onboarding: label, reason and hints of Adobe's kit.

use crate::service::{ServiceError, ServiceFault};
use crate::{Failure, Phase};

/// What the call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Read,
    Create,
    Update,
    Delete,
}

const UNEXPECTED: &str = "UNEXPECTED_ERROR";
const ELSEWHERE: &str = "check `IO_MANAGEMENT_BASE_URL`; a proxy or a login page seems to answer in its place";

/// The failure of one call.
pub(crate) fn explain(phase: Phase, doing: Doing, error: &ServiceError) -> Failure {
    if error.fault == ServiceFault::Token {
        return Failure::new(
            Phase::GetAccessToken,
            "UNEXPECTED_IMS_AUTH_ERROR",
            "There is no access token for I/O Events",
        )
        .detail(error.said.clone())
        .hint("`kit doctor` looks at the credential, its scopes and `OAUTH_BASE_URL`");
    }
    let failure = match (label(phase, doing), &error.fault) {
        (Some(label), ServiceFault::Status(_) | ServiceFault::Conflict(_)) => {
            Failure::new(phase, label, call(&error.url, "returned a non-2XX status code"))
        }
        (Some(label), ServiceFault::Unexpected) => {
            Failure::new(phase, label, call(&error.url, "did not return the expected response"))
        }
        _ => Failure::new(phase, UNEXPECTED, unexpected(phase, doing)).detail(call(&error.url, "failed")),
    };
    hints(failure.detail(error.said.clone()), phase, &error.fault)
}

fn call(url: &str, what: &str) -> String {
    format!("I/O Management API: call to {url} {what}")
}

/// The contract has one label for the writes of each phase, and one for reading metadata.
fn label(phase: Phase, doing: Doing) -> Option<&'static str> {
    match (phase, doing) {
        (Phase::Providers, Doing::Create | Doing::Update) => Some("PROVIDER_CREATION_FAILED"),
        (Phase::Metadata, Doing::Read) => Some("GET_EXISTING_METADATA_FAILED"),
        (Phase::Metadata, Doing::Create | Doing::Update) => Some("ADD_EVENT_CODE_TO_PROVIDER_FAILED"),
        (Phase::Registrations, Doing::Create | Doing::Update) => Some("CREATE_EVENT_REGISTRATION_FAILED"),
        _ => None,
    }
}

fn unexpected(phase: Phase, doing: Doing) -> &'static str {
    match phase {
        _ if doing == Doing::Delete => "Unexpected error occurred while removing what onboarding made",
        Phase::Providers => "Unexpected error occurred while creating providers",
        Phase::Metadata => "Unexpected error occurred while adding metadata to provider",
        Phase::Registrations => "Unexpected error occurred while creating registrations",
        Phase::ConfigureEventing => {
            "Unexpected error occurred while updating the eventing configuration of the Adobe I/O Events module in Commerce"
        }
        Phase::CommerceEventSubscribe => {
            "Unexpected error occurred while subscribing to an event in the Adobe I/O Events module in Commerce"
        }
        Phase::EnvironmentVariables | Phase::GetAccessToken => "An unexpected error occurred",
    }
}

fn hints(failure: Failure, phase: Phase, fault: &ServiceFault) -> Failure {
    match fault {
        ServiceFault::Status(401 | 403) => failure
            .hint("check `OAUTH_CLIENT_ID`, `OAUTH_ORG_ID` and `OAUTH_SCOPES`; the credential needs the I/O Management API")
            .hint("fill `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID` from workspace.json"),
        ServiceFault::Status(404) => failure
            .hint("fill `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID` from workspace.json")
            .hint("check `IO_MANAGEMENT_BASE_URL`: it ends with `events/`"),
        ServiceFault::Status(400) if phase == Phase::Registrations => failure.hint(
            "the events API asks a new webhook for its challenge: start `kit serve` where KIT_PUBLIC_URL leads, and the tunnel \
             or proxy in between, then run this again; without KIT_PUBLIC_URL events come by journal",
        ),
        ServiceFault::Status(300..=399) => failure.hint(ELSEWHERE),
        ServiceFault::Conflict(_) if phase == Phase::Registrations => failure.hint(
            "the name is taken in this workspace, or a client has as many registrations as it may: remove what is no \
             longer used, in the Console, and run this again",
        ),
        ServiceFault::Conflict(Some(id)) => {
            failure.hint(format!("run it again: another onboarding may be under way; `{id}` is there already, so see whose it is"))
        }
        ServiceFault::Conflict(None) | ServiceFault::Status(_) => failure.hint("run it again: what was done stays done"),
        ServiceFault::Unexpected => {
            failure.hint(ELSEWHERE)
        }
        ServiceFault::NoAnswer => {
            failure.hint("check `IO_MANAGEMENT_BASE_URL` and the network, and run it again: what was done stays done")
        }
        ServiceFault::Store => failure.hint("check the folder `KIT_DATA`"),
        ServiceFault::Token => failure,
    }
}
