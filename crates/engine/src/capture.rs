//! What a run logs, by the usual macros of `tracing`, goes into its own record.

use std::fmt::{self, Write};
use std::sync::Arc;

use sdk::Record;
use sdk::record::{Ended, Stream};
use store::Status;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::Clock;

tokio::task_local! {
    static CURRENT: Arc<Record>;
}

/// Members of a line that its activation says already.
const SAID_ALREADY: [&str; 2] = ["action", "activation"];

/// Runs with this record: what is logged meanwhile, but for other runs inside of this one, is its own.
pub(crate) async fn recording<F: Future>(record: Arc<Record>, run: F) -> F::Output {
    CURRENT.scope(record, run).await
}

/// How a run ended, for its record.
pub(crate) fn ended(status: Status) -> Ended {
    match status {
        Status::Success | Status::Suppressed => Ended::Well,
        Status::ApplicationError | Status::DeveloperError | Status::InternalError | Status::TimedOut => Ended::Badly,
    }
}

/// Gives each line to the run that logs it. Lines of nobody's run pass by.
pub struct CaptureLogs {
    clock: Arc<dyn Clock>,
}

impl CaptureLogs {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl fmt::Debug for CaptureLogs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CaptureLogs")
    }
}

impl<S: Subscriber> Layer<S> for CaptureLogs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        let Ok(record) = CURRENT.try_with(Arc::clone) else { return };
        if !record.wants(level) {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let stream = if level <= Level::WARN { Stream::Stderr } else { Stream::Stdout };
        record.log(self.clock.now(), stream, &format!("{level} {}{}", line.message, line.members));
    }
}

/// The message, and behind it ` name=value` for each member.
#[derive(Default)]
struct Line {
    message: String,
    members: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    // Writing to a text cannot fail.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => {
                let _ = write!(self.message, "{value:?}");
            }
            name if SAID_ALREADY.contains(&name) => {}
            name if redaction::is_secret_member(name) => {
                let _ = write!(self.members, " {name}={}", redaction::REDACTED);
            }
            name => {
                let _ = write!(self.members, " {name}={value:?}");
            }
        }
    }
}
