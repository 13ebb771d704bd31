//! TLS for the listener, by certificate files that are read again while it runs.

use std::fmt;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{error, info, warn};

use super::told;

/// The files are looked at this often, and on SIGHUP.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);

/// A chain of certificates has a few kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const CERTIFICATES_MAX: usize = 16;

/// A client and a server that agree do so within a second.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where certificate and key are, as PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate first, then those that lead to its root.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What is wrong with certificate and key. Says nothing of what stands in the files.
#[derive(Debug, thiserror::Error)]
#[error("{part} {problem}")]
pub struct TlsFault {
    pub part: TlsPart,
    pub problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPart {
    Certificate,
    Key,
}

impl fmt::Display for TlsPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Certificate => "the certificate",
            Self::Key => "the key",
        })
    }
}

/// The certificate in use.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    /// What the files held when they were looked at last.
    seen: RwLock<u64>,
}

impl Tls {
    /// Begins with what the files hold.
    ///
    /// # Errors
    /// They cannot be read, or hold no certificate and the key to it.
    pub fn open(files: TlsFiles) -> Result<Self, TlsFault> {
        let contents = Contents::read(&files);
        let current = RwLock::new(Arc::new(contents.config()?));
        Ok(Self { files, current, seen: RwLock::new(contents.fingerprint()) })
    }

    /// The client behind a connection; none when it does not get on with us, or not in time.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await.ok()?.ok()
    }

    /// Looks at the files again and again until told to stop.
    pub(super) async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut hangups = signal(SignalKind::hangup())
            .inspect_err(|error| warn!(%error, "SIGHUP cannot be heard; certificates are read by the clock only"))
            .ok();
        let mut looks = interval(LOOKED_AT_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let hangup = async {
                match &mut hangups {
                    Some(hangups) => hangups.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = told(&mut stop) => return,
                _ = looks.tick() => {}
                _ = hangup => {}
            }
            let tls = Arc::clone(&self);
            // A failed look is a panic, which the log has; the next one begins anew.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    }

    /// Takes what the files hold when it is new. What cannot be used is told once, and the certificate before goes on.
    fn look(&self) {
        let contents = Contents::read(&self.files);
        let fingerprint = contents.fingerprint();
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if *seen == fingerprint {
            return;
        }
        *seen = fingerprint;
        match contents.config() {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                info!("new connections get the new certificate");
            }
            Err(fault) => error!(error = %fault, "the new certificate cannot be used; the one before goes on to count"),
        }
    }
}

/// What stands in the files.
struct Contents {
    certificate: Result<Vec<u8>, String>,
    key: Result<Vec<u8>, String>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Self {
        Self { certificate: read(&files.certificate), key: read(&files.key) }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, &self.key).hash(&mut hasher);
        hasher.finish()
    }

    fn config(&self) -> Result<ServerConfig, TlsFault> {
        let fault = |part, problem: &str| TlsFault { part, problem: problem.to_owned() };
        let of_certificate = |problem: &str| fault(TlsPart::Certificate, problem);
        let of_key = |problem: &str| fault(TlsPart::Key, problem);
        let certificate = self.certificate.as_ref().map_err(|problem| of_certificate(problem))?;
        let key = self.key.as_ref().map_err(|problem| of_key(problem))?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .take(CERTIFICATES_MAX)
            .collect::<Result<_, _>>()
            .map_err(|_| of_certificate("is not PEM"))?;
        if chain.is_empty() {
            return Err(of_certificate("is not in its file"));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| of_key("is not in its file, as PEM"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|_| of_certificate("cannot be used: there is no TLS 1.3 and 1.2"))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => of_key("is not the one of the certificate"),
                rustls::Error::InvalidCertificate(_) => of_certificate("cannot be read"),
                _ => of_key("is of a kind that cannot be used"),
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() as u64 <= FILE_BYTES_MAX => Ok(bytes),
        Ok(_) => Err(format!("has a file of more than {FILE_BYTES_MAX} bytes")),
        Err(error) => Err(format!("cannot be read: {}", error.kind())),
    }
}
