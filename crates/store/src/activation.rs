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
    /// How long it waited before it began, in milliseconds.
    pub wait_ms: u32,
    /// Its stages and the calls that it made, as JSON text. Lists leave it out.
    pub detail: Option<Box<str>>,
    /// What it logged, a line each. Lists leave it out.
    pub logs: Option<Box<str>>,
}

impl Activation {
    /// Of its texts together.
    pub(crate) fn bytes(&self) -> usize {
        let of = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        self.result.len() + of(&self.detail) + of(&self.logs)
    }
}

/// How a run ended, in OpenWhisk's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    /// The action answered with an error.
    ApplicationError,
    /// The action crashed, or answered what is no answer.
    DeveloperError,
    /// Our fault.
    InternalError,
    /// The event was an echo, so the action did nothing; not one of OpenWhisk's words.
    Suppressed,
    /// The action took too long: to OpenWhisk an error of its developer, with an annotation.
    TimedOut,
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::Success,
        Self::ApplicationError,
        Self::DeveloperError,
        Self::InternalError,
        Self::Suppressed,
        Self::TimedOut,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ApplicationError => "application error",
            Self::DeveloperError | Self::TimedOut => "action developer error",
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
            Self::TimedOut => 5,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.to_number() == number)
    }
}

/// Which activations to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub limit: usize,
    /// The newest of those that the rest lets through, so many of them, are left out.
    pub skip: usize,
    /// `package/action`, or an action's name in any package.
    pub action: Option<String>,
    /// Only runs on this event.
    pub event: Option<Uuid>,
    /// Empty: whatever its end.
    pub statuses: Vec<Status>,
    /// Only runs that began at this time or later.
    pub since: Option<Timestamp>,
    /// Only runs that began before this time.
    pub upto: Option<Timestamp>,
}

/// How far somebody has read the runs: of those that are recorded, and of those that stand in their events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunPlace {
    pub recorded: i64,
    pub event: i64,
}
