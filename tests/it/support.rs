//! Starts the real program in a folder of its own and speaks to it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use adobe::Pool;
use egress::{Allowance, Gate};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::watch::{self, Place};

/// Whatever a test waits for has to come within this time.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The token of the sandbox Commerce in tests.
pub const TOKEN: &str = "sandbox-token-of-the-tests";

/// What stored secrets are sealed with in tests: 32 bytes in base64.
pub const ENCRYPTION_KEY: &str = "cGxlYXNlIG1ha2UgYSBrZXkgb2YgeW91ciBvd24hISE=";

/// The key of the runtime API in tests.
pub const RUNTIME_AUTH: &str = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:runtime-key-of-the-tests-0123456789";

/// A copy of the project's settings, so that no `.env` or data of the checkout matters.
pub struct Project {
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
}

impl Project {
    pub fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["app.config.yaml", "actions", "onboarding/config"] {
            copy_settings(&source.join(part), &folder.path().join(part));
        }
        let variables = [
            ("KIT_BIND", "127.0.0.1:0"),
            ("KIT_SANDBOX_TOKEN", TOKEN),
            ("KIT_OUTBOUND_ALLOW", "127.0.0.1"),
            ("KIT_ENCRYPTION_KEY", ENCRYPTION_KEY),
            ("AIO_runtime_namespace", "local"),
            ("AIO_runtime_auth", RUNTIME_AUTH),
            // What the sandbox tells of itself would come between what a test does and counts.
            ("KIT_SANDBOX_EVENTS", "off"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        watch::of_test().give(watch::FOLDER, &folder.path().to_string_lossy());
        Self { folder, variables }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable of the program's environment; an empty value takes it out.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        if !value.is_empty() {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if file == ".env" {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
            watch::of_test().give_env_file(text);
        }
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kit"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Output {
        end_of(self.command(arguments))
    }

    /// Runs a serving command that has to refuse to start; what it said on stderr.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        let mut command = self.command(arguments);
        let watch = watch::of_test();
        watch.give_to(&command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.is_empty() {
            let _ = child.kill();
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(line, "", "a kit that does not start has nothing to say on stdout");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        watch.look(&Place::Log, &output.stderr);
        watch.check();
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts a serving command and waits until it answers.
    pub fn start(&self, arguments: &[&str]) -> Server {
        let mut server = Server::spawn(self.command(arguments), self.path());
        server.project = Some(Arc::clone(&self.folder));
        server
    }
}

/// Runs a kit's command to its end, and searches what it said for secrets.
#[track_caller]
pub fn end_of(mut command: Command) -> Output {
    let watch = watch::of_test();
    watch.give_to(&command);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    watch.printed(&arguments.join(" "), &output.stdout, &output.stderr);
    watch.check();
    output
}

/// A running kit. Dropping it kills it, and fails the test when it told a secret.
pub struct Server {
    child: Child,
    scheme: String,
    pub address: String,
    log: PathBuf,
    /// `dev` or `serve`, and what it printed, once it has ended.
    command: &'static str,
    printed: Option<JoinHandle<Vec<u8>>>,
    data: PathBuf,
    /// Keeps the folder for as long as it runs.
    project: Option<Arc<TempDir>>,
    pub client: reqwest::Client,
}

impl Server {
    /// The log goes to `kit.log` in this folder.
    pub fn spawn(mut command: Command, folder: &Path) -> Self {
        let log = folder.join("kit.log");
        watch::of_test().give_to(&command);
        let data = folder.join(variable(&command, "KIT_DATA").unwrap_or_else(|| "data".to_owned()));
        // Only `dev` prints more than its address; some tests start it through a shell.
        let name = if command.get_args().any(|argument| argument == "serve") { "serve" } else { "dev" };
        let stderr = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let Some((scheme, address)) = line.trim().strip_prefix("listening on ").and_then(|url| url.split_once("://"))
        else {
            let _ = child.wait();
            panic!("the kit did not start: `{line}`; its log:\n{}", std::fs::read_to_string(&log).unwrap());
        };
        let (scheme, address) = (scheme.to_owned(), address.to_owned());
        // Somebody has to read the rest, or the kit would block on a full pipe.
        let printed = std::thread::spawn(move || {
            let mut printed = Vec::new();
            let _ = lines.read_to_end(&mut printed);
            printed
        });
        let (printed, client) = (Some(printed), reqwest::Client::new());
        Self { child, scheme, address, log, command: name, printed, data, project: None, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, then waits for the end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code, when it ends in time.
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.process_id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
        panic!("the kit did not end after SIGTERM");
    }

    /// As [`Self::terminate`]; what it printed after its address.
    pub fn terminate_and_read(mut self) -> String {
        let printed = self.printed.take().unwrap();
        let command = self.command;
        assert_eq!(self.terminate(), Some(0));
        let printed = printed.join().unwrap();
        let watch = watch::of_test();
        watch.printed(command, &printed, &[]);
        watch.check();
        String::from_utf8(printed).unwrap()
    }

    /// Posts a body to the ingestion webhook as it is, as JSON.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.post(self.url("/api/v1/web/ingestion/webhook"));
        Answer::of(request.header("content-type", "application/json").body(body)).await
    }

    /// Posts an event to the ingestion webhook.
    pub async fn send(&self, uid: &str, code: &str, value: &Value) -> Answer {
        self.post(json!({"data": {"uid": uid, "event": code, "value": value}}).to_string()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path))).await
    }

    /// What the sandbox Commerce has under a SKU that is already percent-encoded.
    pub async fn product(&self, sku: &str) -> Answer {
        let path = format!("/sandbox/commerce/rest/V1/products/{sku}");
        Answer::of(self.client.get(self.url(&path)).bearer_auth(TOKEN)).await
    }

    /// The calls that the sandbox Commerce took below this path, but for reads.
    pub async fn calls(&self, path: &str) -> Vec<Value> {
        let calls = self.get(&format!("/sandbox/commerce/calls?path={path}")).await.body;
        calls.as_array().unwrap().iter().filter(|call| call["method"] != "GET").cloned().collect()
    }

    /// Asks the sandbox to fail.
    pub async fn fault(&self, fault: &Value) {
        let answer = Answer::of(self.client.post(self.url("/sandbox/faults")).json(fault)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
    }

    /// Asks until the answer is the one wanted.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, mut ask: impl FnMut() -> F) -> T {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
        panic!("{what} did not happen; the kit's log:\n{}", self.log());
    }

    /// Waits until the sandbox has taken this many calls below a path.
    pub async fn calls_reach(&self, path: &str, count: usize) -> Vec<Value> {
        let what = format!("{count} calls to `{path}`");
        self.until(&what, || async {
            let calls = self.calls(path).await;
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let printed = self.printed.take().and_then(|printed| printed.join().ok()).unwrap_or_default();
        if std::thread::panicking() {
            return;
        }
        let watch = watch::of_test();
        watch.printed(self.command, &printed, &std::fs::read(&self.log).unwrap_or_default());
        watch.stored(&self.data);
        watch.check();
    }
}

fn variable(command: &Command, wanted: &str) -> Option<String> {
    let (_, value) = command.get_envs().find(|(name, _)| *name == wanted)?;
    Some(value?.to_string_lossy().into_owned())
}

/// An HTTP answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `Null` when the body is not JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (watch, path) = (watch::of_test(), response.url().path().to_owned());
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        watch.answered(&path, &format!("{headers:?}"), &text);
        watch.check();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The text of `{"error": ...}`.
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_else(|| panic!("no error in {self:?}"))
    }
}

/// Connections to this machine.
pub fn pool() -> Pool {
    Pool::new(&Gate::new(Allowance::of_loopback())).unwrap()
}

/// A valid product event's value.
pub fn product(sku: &str) -> Value {
    json!({"sku": sku, "name": format!("Name of {sku}"), "price": 9.5, "description": "from a test"})
}

pub const PRODUCT_CREATE: &str = "be-observer.catalog_product_create";
pub const PRODUCT_UPDATE: &str = "be-observer.catalog_product_update";
pub const PRODUCT_DELETE: &str = "be-observer.catalog_product_delete";

/// Whether any file of a folder has these bytes in it.
pub fn shows(folder: &Path, secret: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(secret.len()).any(|part| part == secret))
}

fn copy_settings(source: &Path, target: &Path) {
    if source.is_dir() {
        for entry in std::fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            copy_settings(&entry.path(), &target.join(entry.file_name()));
        }
    } else if source.extension().is_some_and(|extension| extension == "yaml" || extension == "json") {
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(source, target).unwrap();
    }
}
