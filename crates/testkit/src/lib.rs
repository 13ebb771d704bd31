//! What tests put in the place of the world: a clock that is moved by hand, and ports that record what they are asked
//! and answer from a script.
//!
//! Invariant: only tests depend on this crate, and nothing in it sleeps or leaves the process.

mod actions;
mod carrier;
mod clock;
mod context;
mod guard;
mod journal;
mod memory;
mod publisher;
mod recorder;
mod senders;

pub use actions::{FakeActions, Invocation};
pub use carrier::{Carrying, FakeCarrier};
pub use clock::ManualClock;
pub use context::{Bench, context, event, targets};
pub use guard::FakeGuard;
pub use journal::FakeJournal;
pub use memory::FakeMemory;
pub use publisher::FakePublisher;
pub use recorder::Recorder;
pub use senders::FakeSenders;
