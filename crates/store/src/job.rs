use jiff::Timestamp;
use uuid::Uuid;

/// Work that somebody asked a running kit for: it goes on after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: Uuid,
    pub created: Timestamp,
    pub state: JobState,
    /// What is to be done, JSON text.
    pub document: String,
    /// How far it has come, JSON text; empty before it began.
    pub progress: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Waiting,
    Running,
    Done,
    Failed,
}

impl JobState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }

    pub(crate) fn to_number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Done => 2,
            Self::Failed => 3,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Failed].into_iter().find(|state| state.to_number() == number)
    }
}
