//! TLS by certificate files that change while the kit runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use reqwest::Version;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{connect, rest};
use crate::support::{Answer, ENCRYPTION_KEY, Project, Server};

/// The certificates are for this name.
const NAME: &str = "kit.test";

fn certificate(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/limits/certificates").join(file)
}

/// An events service with copies of a certificate and its key.
fn project(name: &str) -> Project {
    let project = Project::new()
        .with("KIT_ROLE", "events-service")
        .with("KIT_ENCRYPTION_KEY", ENCRYPTION_KEY)
        .with("KIT_TLS_CERTIFICATE", "tls/kit.pem")
        .with("KIT_TLS_KEY", "tls/kit.key");
    install(&project, name);
    project
}

/// Puts a certificate and its key where the settings name them.
pub fn install(project: &Project, name: &str) {
    for kind in ["key", "pem"] {
        let text = std::fs::read_to_string(certificate(&format!("{name}.{kind}"))).unwrap();
        project.write(&format!("tls/kit.{kind}"), &text);
    }
}

/// Says that the files are new.
fn hang_up(kit: &Server) {
    assert!(Command::new("kill").args(["-HUP", &kit.process_id().to_string()]).status().unwrap().success());
}

fn authority() -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certificate("authority.pem")).unwrap()
}

/// A connection of a client that speaks TLS itself, and the certificate that it was shown.
async fn handshake(kit: &Server) -> (TlsStream<TcpStream>, CertificateDer<'static>) {
    let mut roots = RootCertStore::empty();
    roots.add(authority()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(NAME).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, connect(kit).await).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    (stream, shown)
}

async fn assert_answers(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit.test\r\n\r\n").await.unwrap();
    let mut bytes = [0; 1_024];
    let count = stream.read(&mut bytes).await.unwrap();
    let answer = String::from_utf8_lossy(&bytes[..count]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

fn shown(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certificate(&format!("{name}.pem"))).unwrap()
}

fn client(kit: &Server) -> reqwest::ClientBuilder {
    let address: SocketAddr = kit.address.parse().unwrap();
    let authority = reqwest::Certificate::from_der(&authority()).unwrap();
    reqwest::Client::builder().tls_certs_only([authority]).resolve(NAME, address)
}

fn url(kit: &Server, path: &str) -> String {
    let port = kit.address.rsplit_once(':').unwrap().1;
    format!("https://{NAME}:{port}{path}")
}

#[tokio::test]
async fn http2_and_http1_are_served_by_tls() {
    let project = project("first");
    let kit = project.start(&["serve"]);
    assert!(kit.url("/").starts_with("https://"), "{}", kit.url("/"));
    let negotiated = client(&kit).build().unwrap().get(url(&kit, "/health/live")).send().await.unwrap();
    assert_eq!((negotiated.status().as_u16(), negotiated.version()), (200, Version::HTTP_2));
    let older = client(&kit).http1_only().build().unwrap().get(url(&kit, "/health/live")).send().await.unwrap();
    assert_eq!((older.status().as_u16(), older.version()), (200, Version::HTTP_11));
    let stranger = reqwest::Client::new().get(kit.url("/health/live")).send().await;
    assert!(stranger.is_err(), "nobody else vouches for it");
}

#[tokio::test]
async fn whoever_does_not_speak_tls_is_not_answered_and_others_are() {
    let project = project("first");
    let kit = project.start(&["serve"]);
    let mut plain = connect(&kit).await;
    plain.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit.test\r\n\r\n").await.unwrap();
    let mut silent = connect(&kit).await;
    let answer = Answer::of(client(&kit).build().unwrap().get(url(&kit, "/health/live"))).await;
    assert_eq!(answer.status, 200);
    assert!(!rest(&mut plain).await.contains("HTTP"));
    assert_eq!(rest(&mut silent).await, "", "it is not waited for");
}

#[tokio::test]
async fn new_connections_get_a_new_certificate_and_old_ones_go_on() {
    let project = project("first");
    let kit = project.start(&["serve"]);
    let (mut old, shown_before) = handshake(&kit).await;
    assert_eq!(shown_before, shown("first"));
    install(&project, "second");
    hang_up(&kit);
    let is_new = || async { (handshake(&kit).await.1 == shown("second")).then_some(()) };
    kit.until("the new certificate", is_new).await;
    assert_answers(&mut old).await;
    // Nobody has to say so: the files are looked at again and again.
    install(&project, "first");
    let is_back = || async { (handshake(&kit).await.1 == shown("first")).then_some(()) };
    kit.until("the certificate from before", is_back).await;
    assert_answers(&mut old).await;
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing_and_are_told() {
    let project = project("first");
    let kit = project.start(&["serve"]);
    let broken = [
        ("kit.key", std::fs::read_to_string(certificate("second.key")).unwrap(), "the key is not the one of"),
        ("kit.key", "no key at all".to_owned(), "the key is not in its file, as PEM"),
        ("kit.pem", String::new(), "the certificate is not in its file"),
    ];
    for (file, text, told) in broken {
        project.write(&format!("tls/{file}"), &text);
        hang_up(&kit);
        kit.until(told, || async { kit.log().contains(told).then_some(()) }).await;
        let (mut stream, certificate) = handshake(&kit).await;
        assert_eq!(certificate, shown("first"));
        assert_answers(&mut stream).await;
    }
    let log = kit.log();
    let secret = std::fs::read_to_string(certificate("second.key")).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    assert!(!log.contains(secret) && !log.contains("no key at all"), "{log}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_before_the_start() {
    fn check(project: &Project, name: &str, problem: &str) {
        let told = project.refusal(&["serve"]);
        assert!(told.contains(&format!("`{name}`: {problem}")), "{told}");
        let checked = project.run(&["check", "--serve"]);
        let checked = String::from_utf8(checked.stderr).unwrap();
        assert!(checked.contains(&format!("`{name}`: {problem}")), "{checked}");
    }
    let without_key = project("first").with("KIT_TLS_KEY", "");
    check(&without_key, "KIT_TLS_CERTIFICATE", "expected `KIT_TLS_KEY` beside it");
    let without_certificate = project("first").with("KIT_TLS_CERTIFICATE", "");
    check(&without_certificate, "KIT_TLS_KEY", "expected `KIT_TLS_CERTIFICATE` beside it");
    let elsewhere = project("first").with("KIT_TLS_CERTIFICATE", "tls/nowhere.pem");
    check(&elsewhere, "KIT_TLS_CERTIFICATE", "the certificate cannot be read: entity not found");
    let other = project("first").with("KIT_TLS_KEY", certificate("second.key").to_str().unwrap());
    check(&other, "KIT_TLS_KEY", "the key is not the one of the certificate");
    let dev = project("first").refusal(&["dev"]);
    assert!(dev.contains("`KIT_TLS_CERTIFICATE`: expected no certificate with `kit dev`"), "{dev}");
    let local = project("first").with("KIT_BIND", "127.0.0.1:9443");
    let asked = local.run(&["action", "invoke", "ingestion/webhook"]);
    let asked = String::from_utf8(asked.stderr).unwrap();
    assert!(asked.contains("hint: set `KIT_URL` to the `https` address that its certificate is for"), "{asked}");
}
