//! Calls by names: what the name leads to is looked at once, and connected to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use egress::{Allowance, Found, Gate, Kind, Lookup, Refused};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Another address of this machine, where nobody listens.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// It is never connected to.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));

/// Answers each lookup with the next of these; the last repeats.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[IpAddr]]) -> Arc<Self> {
        Arc::new(Self { answers: answers.iter().map(|answer| answer.to_vec()).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Names {
    fn addresses(&self, _host: &str) -> Found {
        let number = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[number].clone();
        Box::pin(async move { if answer.is_empty() { Err(io::Error::other("no such name")) } else { Ok(answer) } })
    }
}

/// Answers every request on loopback with this, and counts the connections.
fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut connection = connection.unwrap();
            let mut request = [0; 4_096];
            let _ = connection.read(&mut request);
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    (port, connections)
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

async fn call(gate: &Gate, url: &str) -> Result<u16, reqwest::Error> {
    let client = gate.client().build().unwrap();
    client.get(url).send().await.map(|response| response.status().as_u16())
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_called() {
    let (port, connections) = server(FINE);
    for answers in [&[LOOPBACK] as &[_], &[PUBLIC, LOOPBACK]] {
        let gate = Gate::with_lookup(Allowance::default(), Names::new(&[answers]));
        let error = call(&gate, &format!("http://inside.example:{port}/")).await.unwrap_err();
        let refused = Refused::behind(&error).expect("the refusal stands behind the error");
        assert_eq!((refused.host.as_str(), refused.kind), ("inside.example", Kind::Loopback));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// What was looked at is what is connected to: an answer that changes after the look changes nothing.
#[tokio::test]
async fn a_name_is_looked_up_once_for_a_connection() {
    let (port, connections) = server(FINE);
    let names = Names::new(&[&[LOOPBACK], &[NOBODY]]);
    let gate = Gate::with_lookup(Allowance::of_loopback(), Arc::<Names>::clone(&names));
    assert_eq!(call(&gate, &format!("http://turning.example:{port}/")).await.unwrap(), 200);
    assert_eq!((names.asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 1));

    let names = Names::new(&[&[NOBODY], &[LOOPBACK]]);
    let gate = Gate::with_lookup(Allowance::parse("127.0.0.2").unwrap(), Arc::<Names>::clone(&names));
    let client = gate.client().build().unwrap();
    // The first answer is allowed, and nobody is there; nothing falls back on a second look.
    let url = format!("http://turning.example:{port}/");
    assert!(Refused::behind(&client.get(&url).send().await.unwrap_err()).is_none());
    assert_eq!((names.asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 1));
    assert!(Refused::behind(&client.get(&url).send().await.unwrap_err()).is_some(), "each connection is looked at");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_host_that_is_allowed_by_name_may_lead_anywhere() {
    let (port, _) = server(FINE);
    let gate = Gate::with_lookup(Allowance::parse("erp.internal").unwrap(), Names::new(&[&[LOOPBACK]]));
    for host in ["erp.internal", "ERP.internal", "erp.internal."] {
        assert_eq!(call(&gate, &format!("http://{host}:{port}/")).await.unwrap(), 200, "{host}");
    }
    let error = call(&gate, &format!("http://other.internal:{port}/")).await.unwrap_err();
    assert!(Refused::behind(&error).is_some());
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (port, connections) =
        server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n");
    let gate = Gate::with_lookup(Allowance::of_loopback(), Names::new(&[&[LOOPBACK]]));
    assert_eq!(call(&gate, &format!("http://moved.example:{port}/")).await.unwrap(), 302);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_name_that_is_unknown_is_no_refusal() {
    let gate = Gate::with_lookup(Allowance::default(), Names::new(&[&[]]));
    let error = call(&gate, "http://nowhere.example/").await.unwrap_err();
    assert!(error.is_connect() && Refused::behind(&error).is_none(), "{error:?}");
}
