//! The sandbox as target: in the commanding process, on a listener that knows who is still connected.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::serve::Listener;
use sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::ledger::Ledger;

/// The bearer that the target demands. It guards a sandbox on loopback that lives as long as the command.
pub const TOKEN: &str = "token-of-the-torture";

/// Connections of a killed process have to be gone within this time.
const QUIET_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(1);

pub struct Target {
    pub sandbox: Sandbox,
    pub ledger: Arc<Ledger>,
    address: SocketAddr,
    open: Arc<AtomicUsize>,
}

impl Target {
    pub async fn start() -> anyhow::Result<Self> {
        let sandbox = Sandbox::new(TOKEN.to_owned());
        let inner = TcpListener::bind("127.0.0.1:0").await.context("no free port on loopback for the target")?;
        let (address, open) = (inner.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let listener = Counting { inner, open: Arc::clone(&open) };
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { sandbox, ledger: Arc::default(), address, open })
    }

    pub fn commerce_url(&self) -> String {
        format!("http://{}/sandbox/commerce/rest/", self.address)
    }

    /// From now on every call stands in the ledger.
    pub fn watch(&self) {
        let ledger = Arc::clone(&self.ledger);
        self.sandbox.witnessed_by(move |effect| ledger.note(effect));
    }

    /// Waits until nobody is connected any more, and what a killed process had sent has had its effect: what comes later
    /// than its successor's look would be a second effect by nobody's fault.
    pub async fn quiet(&self) -> anyhow::Result<()> {
        // Whoever is accepted now came after all that the dead process had opened.
        let url = format!("http://{}/sandbox/faults", self.address);
        drop(reqwest::Client::new().get(url).send().await.context("the target does not answer")?);
        let begun = tokio::time::Instant::now();
        while self.open.load(Ordering::SeqCst) > 0 {
            ensure!(begun.elapsed() < QUIET_WITHIN, "connections of a killed process stay open at the target");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Puts a document into the store before anybody watches; returns its id.
    pub async fn put(&self, client: &reqwest::Client, path: &str, document: &Value) -> anyhow::Result<u64> {
        let url = format!("{}V1/{path}", self.commerce_url());
        let answer = client.post(url).bearer_auth(TOKEN).json(document).send().await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        answer.get("id").and_then(Value::as_u64).with_context(|| format!("a new document of `{path}` has no id"))
    }
}

/// A customer for the target.
pub fn customer(email: &str) -> Value {
    json!({"customer": {"email": email, "firstname": "Before", "lastname": "Torture"}})
}

/// A customer group for the target.
pub fn group(code: &str) -> Value {
    json!({"group": {"code": code, "tax_class_id": 3}})
}

struct Counting {
    inner: TcpListener,
    open: Arc<AtomicUsize>,
}

impl Listener for Counting {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        let (inner, address) = Listener::accept(&mut self.inner).await;
        // Answers are one small write; without it they would only be late.
        let _ = inner.set_nodelay(true);
        self.open.fetch_add(1, Ordering::SeqCst);
        (Counted { inner, open: Arc::clone(&self.open) }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that counts as open until it is dropped.
struct Counted {
    inner: TcpStream,
    open: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
