//! The tortured process, as its commander sees it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use secrecy::ExposeSecret;

use super::child::Order;
use super::planted::Plant;
use super::target::TOKEN;
use crate::runtime_auth::new_auth;

/// A process that was asked to end gets this long: longer than it takes to cut off what still runs.
const END_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOG: &str = "kit.log";
/// Of the log, when the process does not start.
const LOG_CHARS_MAX: usize = 2_000;

/// How the program is started, again and again.
pub struct Program {
    executable: PathBuf,
    /// The project whose settings count.
    root: PathBuf,
    folder: PathBuf,
    commerce_url: String,
    plant: Option<Plant>,
}

/// One life of the program. Dropping it kills it.
pub struct Process {
    child: Child,
    pub address: String,
}

impl Program {
    pub fn new((root, folder): (&Path, &Path), commerce_url: String, plant: Option<Plant>) -> anyhow::Result<Self> {
        let executable = std::env::current_exe().context("this program cannot tell where it is")?;
        Ok(Self { executable, root: root.to_owned(), folder: folder.to_owned(), commerce_url, plant })
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// Starts the program and waits until it answers; its log goes to `kit.log`. `clock_ms`: how far its clock is off.
    pub async fn start(&self, clock_ms: i64) -> anyhow::Result<Process> {
        let mut command = self.command(clock_ms);
        let log =
            File::options().create(true).append(true).mode(0o600).open(self.log()).context("cannot write the log")?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("the program cannot be started")?;
        let stdout = child.stdout.take().context("the program has no stdout")?;
        let line = tokio::task::spawn_blocking(move || first_line(stdout)).await??;
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the program did not start; the end of its log: {}", self.log_end());
        };
        Ok(Process { child, address: address.to_owned() })
    }

    fn command(&self, clock_ms: i64) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.root).arg("torture-child").arg(format!("--clock-ms={clock_ms}"));
        if let Some(plant) = self.plant {
            command.args(["--plant", plant.as_str()]);
        }
        let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "error".to_owned());
        // No variable of the commander counts but the level.
        command.env_clear().env("LOG_LEVEL", level).env("KIT_DATA", self.data());
        command.envs(SETTINGS).env("AIO_runtime_auth", new_auth().expose_secret());
        command.env("COMMERCE_BASE_URL", &self.commerce_url).env("COMMERCE_ACCESS_TOKEN", TOKEN);
        command
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let skipped = log.chars().count().saturating_sub(LOG_CHARS_MAX);
        log.chars().skip(skipped).collect()
    }
}

/// Pauses are short and patience is long, so that what stands still does so for no other reason.
const SETTINGS: [(&str, &str); 13] = [
    ("AIO_runtime_namespace", "torture"),
    ("KIT_BIND", "127.0.0.1:0"),
    ("KIT_INGESTION_AUTH", "none"),
    ("KIT_ENCRYPTION_KEY", "none"),
    ("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/"),
    ("KIT_OUTBOUND_ALLOW", "127.0.0.1"),
    ("KIT_DELIVERIES_AT_ONCE", "32"),
    ("KIT_RETRY_DELAYS", "10ms,20ms,50ms,100ms"),
    ("KIT_RETRY_FOR", "30d"),
    ("KIT_RETRY_ATTEMPTS_MAX", "10000"),
    ("KIT_RETRY_AFTER_MAX", "1s"),
    // However much fails here, no registration is to be disabled.
    ("KIT_HEALTH_ATTEMPTS_MIN", "1000000"),
    ("KIT_HEALTH_UNSTABLE_FOR", "30d"),
];

/// Somebody has to read the rest, or the program would block on a full pipe.
fn first_line(stdout: std::process::ChildStdout) -> std::io::Result<String> {
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    Ok(line)
}

impl Process {
    /// A process that has ended by itself does not hear; that is found elsewhere.
    pub fn tell(&mut self, order: Order) {
        if let Some(stdin) = &mut self.child.stdin {
            let _ = stdin.write_all(order.line().as_bytes());
        }
    }

    /// How it ended, if nobody killed it.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("the program cannot be killed")?;
        self.child.wait().context("the program cannot be waited for")?;
        Ok(())
    }

    /// Asks it to end; `false`: it did not in time, or not well, and was killed.
    pub async fn stop(mut self) -> bool {
        self.tell(Order::Stop);
        let begun = Instant::now();
        while begun.elapsed() < END_WITHIN {
            if let Some(status) = self.ended() {
                return status.success();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
