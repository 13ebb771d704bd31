use std::io::IsTerminal;

use sdk::spans::TARGET;
use settings::{Environment, LogLevel};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry::Telemetry;

/// The crates that `LOG_LEVEL` speaks of; of all others only warnings are of interest.
const OURS: [&str; 10] =
    ["kit", "actions", "adobe", "engine", "events_api", "onboarding", "sandbox", "sdk", "server", "store"];

/// Starts the log on stderr: text on a terminal, JSON otherwise. stdout belongs to what a command prints. Spans that
/// belong to traces go to the exporter alone, which is returned when there is one.
///
/// # Errors
/// Traces cannot be exported as the environment says.
pub fn start(environment: &Environment) -> anyhow::Result<Option<Telemetry>> {
    let level = match environment.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(OURS.map(|ours| (ours, level)));
    let filter = filter.with_target(TARGET, LevelFilter::OFF);
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let output = if std::io::stderr().is_terminal() {
        output.with_target(false).boxed()
    } else {
        output.json().flatten_event(true).boxed()
    };
    let telemetry = environment.traces.as_ref().map(Telemetry::new).transpose()?;
    let log = tracing_subscriber::registry().with(output.with_filter(filter));
    // A layer that does nothing would make every span ask whether it is wanted.
    match &telemetry {
        Some(telemetry) => log.with(telemetry.layer()).init(),
        None => log.init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        // The payload of a panic can hold values of an event, so only the place is told.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic was caught");
    }));
    Ok(telemetry)
}
