use std::io::{self, IsTerminal, Stderr, Write};
use std::sync::Arc;

use engine::{CaptureLogs, SystemClock};
use sdk::RUN_LOG;
use sdk::spans::TARGET;
use settings::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::deploy;
use crate::project::Project;
use crate::telemetry::Telemetry;

/// The crates that `LOG_LEVEL` speaks of; of all others only warnings are of interest.
const OURS: [&str; 10] =
    ["kit", "actions", "adobe", "engine", "events_api", "onboarding", "sandbox", "sdk", "server", "store"];

/// Starts the log on stderr: text on a terminal, JSON otherwise. stdout belongs to what a command prints. Spans that
/// belong to traces go to the exporter alone, which is returned when there is one. What a run of an action logs goes
/// into its activation as well.
///
/// # Errors
/// Traces cannot be exported as the environment says.
pub fn start(project: &Project) -> anyhow::Result<Option<Telemetry>> {
    let environment = &project.environment;
    let level = match environment.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let filter = of_ours(level).with_target(RUN_LOG, LevelFilter::OFF);
    let capture = of_ours(deploy::loudest(&project.manifest).into()).with_target(RUN_LOG, LevelFilter::TRACE);
    let output = tracing_subscriber::fmt::layer();
    let output = if io::stderr().is_terminal() {
        let fields = debug_fn(|to, field, value| match field.name() {
            "message" => write!(to, "{value:?}"),
            name if redaction::is_secret_member(name) => write!(to, "{name}={}", redaction::REDACTED),
            name => write!(to, "{name}={value:?}"),
        });
        output.fmt_fields(fields.delimited(" ")).with_writer(|| Lines::Text(io::stderr())).with_target(false).boxed()
    } else {
        output.json().flatten_event(true).with_writer(|| Lines::Json(io::stderr())).boxed()
    };
    let telemetry = environment.traces.as_ref().map(Telemetry::new).transpose()?;
    let capture = CaptureLogs::new(Arc::new(SystemClock)).with_filter(capture);
    let log = tracing_subscriber::registry().with(output.with_filter(filter)).with(capture);
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

/// Our own lines of this level and above, and what is wrong elsewhere; no spans of traces.
fn of_ours(level: LevelFilter) -> Targets {
    let targets = Targets::new().with_default(LevelFilter::WARN.min(level));
    targets.with_targets(OURS.map(|ours| (ours, level))).with_target(TARGET, LevelFilter::OFF)
}

/// stderr, without the secrets that this process knows; in JSON also without members whose names say that they are secret.
/// The layer writes each line at once.
enum Lines {
    Text(Stderr),
    Json(Stderr),
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        match self {
            Self::Text(stderr) => stderr.write_all(redaction::process().text(&text).as_bytes())?,
            Self::Json(stderr) => stderr.write_all(redaction::process().json(&text).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Text(stderr) | Self::Json(stderr) => stderr.flush(),
        }
    }
}
