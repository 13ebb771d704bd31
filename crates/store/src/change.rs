use jiff::Timestamp;
use uuid::Uuid;

/// A change that was carried to the other side. Its echo is known by these hashes; nothing of the payload is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was changed, and which way the change went.
    pub subject: Uuid,
    pub at: Timestamp,
    /// Until when its echo may come.
    pub expires: Timestamp,
    /// One for each thing that the change says.
    pub facts: Vec<u64>,
}
