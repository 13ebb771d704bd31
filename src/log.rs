use std::io::IsTerminal;

use settings::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates that `LOG_LEVEL` speaks of; of all others only warnings are of interest.
const OURS: [&str; 10] =
    ["kit", "actions", "adobe", "engine", "events_api", "onboarding", "sandbox", "sdk", "server", "store"];

/// Starts the log on stderr: text on a terminal, JSON otherwise. stdout belongs to what a command prints.
pub fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(OURS.map(|ours| (ours, level)));
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let output = if std::io::stderr().is_terminal() {
        output.with_target(false).boxed()
    } else {
        output.json().flatten_event(true).boxed()
    };
    tracing_subscriber::registry().with(output.with_filter(filter)).init();
    std::panic::set_hook(Box::new(|panic| {
        // The payload of a panic can hold values of an event, so only the place is told.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic was caught");
    }));
}
