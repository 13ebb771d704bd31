//! Every answer tells browsers that it is no page, and that nobody is to keep it.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Project, Server, TOKEN};

const EXPECTED: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

const WEBHOOK: &str = "/api/v1/web/ingestion/webhook";
const GUARDED: &str = "/api/v1/web/starter-kit/info";

fn production() -> Project {
    Project::new()
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:9/rest/")
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")
}

async fn check(kit: &Server, (method, path, body): (Method, &str, Vec<u8>), (status, policy): (u16, &str)) {
    let request = kit.client.request(method.clone(), kit.url(path)).header("content-type", "application/json");
    check_answer(&Answer::of(request.body(body)).await, status, policy);
}

#[track_caller]
fn check_answer(answer: &Answer, status: u16, policy: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    for (name, value) in EXPECTED.into_iter().chain([("cross-origin-resource-policy", policy)]) {
        assert_eq!(answer.header(name), Some(value), "`{name}` of {answer:?}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "`{name}` of {answer:?}");
    }
    assert_eq!(answer.header("server"), None, "{answer:?}");
}

#[tokio::test]
async fn every_answer_has_them_whatever_its_status() {
    let project = production().with("KIT_METRICS_TOKEN", "operator-of-the-tests").with("KIT_HEADERS_MAX", "20");
    let kit = project.start(&["serve"]);
    let (get, post) = (|path| (Method::GET, path, Vec::new()), |path, body: &[u8]| (Method::POST, path, body.to_vec()));
    check(&kit, get("/health/ready"), (200, "same-origin")).await;
    check(&kit, get("/metrics"), (401, "same-origin")).await;
    check(&kit, get("/nowhere"), (404, "same-origin")).await;
    check(&kit, get("/prod/keys/none.pem"), (404, "same-origin")).await;
    check(&kit, (Method::DELETE, "/health/live", Vec::new()), (405, "same-origin")).await;
    check(&kit, post(WEBHOOK, b"{"), (400, "same-origin")).await;
    check(&kit, post(WEBHOOK, &vec![b' '; 2 << 20]), (413, "same-origin")).await;
    check(&kit, post("/ims/token/v3", b""), (400, "same-origin")).await;
    check(&kit, get("/events/x/providers"), (401, "same-origin")).await;
    // A guarded action may be called by pages of other origins, which have to read its answers.
    check(&kit, get(GUARDED), (401, "cross-origin")).await;
    check(&kit, (Method::OPTIONS, GUARDED, Vec::new()), (200, "cross-origin")).await;
    let many = (0..30)
        .fold(kit.client.get(kit.url("/health/live")), |request, number| request.header(format!("x-{number}"), "x"));
    check_answer(&Answer::of(many).await, 431, "same-origin");
    let answer = kit.get("/health/live").await;
    assert_eq!(answer.header("strict-transport-security"), None, "nobody said that it is reached by TLS");
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn whoever_finds_no_place_is_told_so_with_them() {
    let project = production().with("KIT_CONNECTIONS_MAX", "8");
    let kit = project.start(&["serve"]);
    let mut others = Vec::new();
    for _ in 0..8 {
        let mut other = TcpStream::connect(&kit.address).await.unwrap();
        other.write_all(b"GET /health/live HTTP/1.1\r\nhost: kit\r\n\r\n").await.unwrap();
        assert!(other.read(&mut [0; 1_024]).await.unwrap() > 0);
        others.push(other);
    }
    let mut last = TcpStream::connect(&kit.address).await.unwrap();
    let mut text = String::new();
    last.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    for (name, value) in EXPECTED {
        assert!(text.contains(&format!("\r\n{name}: {value}\r\n")), "`{name}` in {text}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_come_by_tls_where_that_is_the_kits_address() {
    for (url, told) in [("https://kit.example.com/", Some("max-age=31536000")), ("http://kit.example.com/", None)] {
        let project = production().with("KIT_PUBLIC_URL", url);
        let kit = project.start(&["serve"]);
        for path in ["/health/live", "/nowhere"] {
            assert_eq!(kit.get(path).await.header("strict-transport-security"), told, "{url}");
        }
    }
}
