use jiff::Timestamp;
use uuid::Uuid;

/// The record of one run of one action.
#[derive(Clone, Debug)]
pub struct Activation {
    pub id: Uuid,
    /// The run that caused this one.
    pub cause: Option<Uuid>,
    /// `package/action` as deployed.
    pub action: String,
    pub start: Timestamp,
    pub end: Timestamp,
    pub status: Status,
    /// The action's result, JSON text.
    pub result: String,
    /// The event it ran on.
    pub event: Option<Uuid>,
    /// Which attempt at delivering the event; 0 when it was none.
    pub attempt: u32,
}

/// How a run ended, in OpenWhisk's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    /// The action answered with an error.
    ApplicationError,
    /// The action crashed or took too long.
    DeveloperError,
    /// Our fault.
    InternalError,
    /// The event was an echo, so the action did nothing; not one of OpenWhisk's words.
    Suppressed,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ApplicationError => "application error",
            Self::DeveloperError => "action developer error",
            Self::InternalError => "whisk internal error",
            Self::Suppressed => "suppressed",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        match self {
            Self::Success => 0,
            Self::ApplicationError => 1,
            Self::DeveloperError => 2,
            Self::InternalError => 3,
            Self::Suppressed => 4,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let all = [Self::Success, Self::ApplicationError, Self::DeveloperError, Self::InternalError, Self::Suppressed];
        all.into_iter().find(|status| status.to_number() == number)
    }
}

/// Which activations to list.
#[derive(Clone, Debug)]
pub struct Filter {
    pub limit: usize,
    /// `package/action`, or an action's name in any package.
    pub action: Option<String>,
    /// Only runs on this event.
    pub event: Option<Uuid>,
}
