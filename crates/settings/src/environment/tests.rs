use std::fs;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::environment::runtime::SAID;
use crate::{CommerceAuth, Environment, EventsApi, Faults, IngestAck, LogLevel, Mode, Store, TargetLimits, Variables};

const SERVED: [(&str, &str); 6] = [
    SAID[0],
    SAID[1],
    ("KIT_INGESTION_AUTH", "none"),
    ("KIT_ENCRYPTION_KEY", "none"),
    ("COMMERCE_BASE_URL", "https://shop.example.com/rest"),
    ("COMMERCE_ACCESS_TOKEN", "s3cr3t"),
];

fn read(mode: Mode, pairs: &[(&str, &str)]) -> Result<Environment, Faults> {
    Environment::read(&Variables::from_pairs(pairs.iter().copied()), mode)
}

/// What `serve` needs, with `pairs` laid over it.
fn serve(pairs: &[(&str, &str)]) -> Result<Environment, Faults> {
    let mut variables = Variables::from_pairs(SERVED);
    for (name, value) in pairs {
        variables.set(*name, *value);
    }
    Environment::read(&variables, Mode::Serve)
}

fn seconds(all: &[u64]) -> Vec<Duration> {
    all.iter().copied().map(Duration::from_secs).collect()
}

#[test]
fn everything_has_a_default_in_dev() {
    let environment = read(Mode::Dev, &[]).unwrap();
    assert_eq!(environment.bind.to_string(), "127.0.0.1:9080");
    assert_eq!(environment.data.to_str(), Some("data"));
    assert_eq!(environment.store, Store::Sqlite);
    assert_eq!(environment.events.api, EventsApi::Embedded);
    assert_eq!(environment.events.ack, IngestAck::Stored);
    assert!(environment.sandbox_token.is_none());
    assert!(environment.sandbox_has_events);
    assert!(environment.commerce.is_none());
    assert_eq!(environment.retry.delays, seconds(&[1, 2, 4, 8, 15]));
    assert_eq!(environment.retry.total, Duration::from_hours(24));
    assert_eq!(environment.dedupe_window, Duration::from_hours(8 * 24));
    assert_eq!(environment.store_bytes_max, 32 * 1024 * 1024 * 1024);
    assert_eq!(environment.deliveries_at_once, 64);
    assert_eq!(environment.log_level, LogLevel::Info);
    assert_eq!(environment.namespace, "local");
    assert!(environment.backoffice.is_none());
    assert_eq!(environment.echo_window, Duration::from_mins(1));
    assert_eq!(environment.target_limits, TargetLimits { concurrency: 32, rate: None });
}

#[test]
fn serve_takes_what_is_set() {
    let environment = serve(&[
        ("KIT_BIND", "0.0.0.0:0"),
        ("KIT_INGESTION_IPS", "192.0.2.0/24"),
        ("KIT_METRICS_TOKEN", "t0ken"),
        ("KIT_DATA", "/var/lib/kit"),
        ("KIT_STORE", "sqlite"),
        ("KIT_EVENTS_API", "embedded"),
        ("KIT_INGEST_ACK", "stored"),
        ("KIT_SANDBOX_TOKEN", "t0ken"),
        ("KIT_SANDBOX_EVENTS", "off"),
        ("KIT_RETRY_DELAYS", "100ms, 5s"),
        ("KIT_RETRY_FOR", "2h"),
        ("KIT_DEDUPE_WINDOW", "30d"),
        ("KIT_STORE_BYTES_MAX", "500MB"),
        ("KIT_DELIVERIES_AT_ONCE", "1024"),
        ("LOG_LEVEL", "trace"),
        ("AIO_runtime_namespace", "1234-shop_stage"),
    ])
    .unwrap();
    assert_eq!(environment.bind.to_string(), "0.0.0.0:0");
    assert_eq!(environment.data.to_str(), Some("/var/lib/kit"));
    assert_eq!(environment.sandbox_token.unwrap().expose_secret(), "t0ken");
    assert!(!environment.sandbox_has_events);
    let commerce = environment.commerce.unwrap();
    assert_eq!(commerce.base_url, "https://shop.example.com/rest/");
    assert!(matches!(commerce.auth, CommerceAuth::Bearer(token) if token.expose_secret() == "s3cr3t"));
    assert_eq!(environment.retry.delays, [Duration::from_millis(100), Duration::from_secs(5)]);
    assert_eq!(environment.retry.total, Duration::from_hours(2));
    assert_eq!(environment.dedupe_window, Duration::from_hours(30 * 24));
    assert_eq!(environment.store_bytes_max, 500_000_000);
    assert_eq!(environment.deliveries_at_once, 1_024);
    assert_eq!(environment.log_level, LogLevel::Trace);
    assert_eq!(environment.namespace, "1234-shop_stage");
    assert_eq!(serve(&[]).unwrap().retry.delays, seconds(&[60, 120, 240, 480, 900]));
}

#[test]
fn wrong_values_are_refused_by_name_and_never_shown() {
    fn check(name: &str, values: &[&str], hint: &str) {
        for value in values {
            let faults = serve(&[(name, value)]).unwrap_err();
            let shown = faults.to_string();
            assert_eq!(faults.len(), 1, "{value}: {shown}");
            assert!(shown.starts_with(&format!("`{name}`: expected ")), "{value}: {shown}");
            assert!(shown.contains(hint), "{value}: {shown}");
            assert!(!shown.contains("s3cr3t"), "{value}: {shown}");
        }
    }
    check("KIT_BIND", &["localhost:9080", "127.0.0.1", "9080", "127.0.0.1:99999"], "127.0.0.1:9080");
    check("KIT_STORE", &["postgres://user:s3cr3t@host/kit"], "PostgreSQL comes later");
    check("KIT_EVENTS_API", &["other", "Adobe"], "`adobe` is Adobe I/O Events");
    check("KIT_INGEST_ACK", &["202"], "leave it out for `stored`");
    check("KIT_PUBLIC_URL", &["kit.example.com", "https://me:s3cr3t@kit.example.com"], "`https://kit.example.com/`");
    check("KIT_URL", &["kit.example.com", "https://me:s3cr3t@kit.example.com"], "`https://kit.example.com/`");
    check("KIT_ROLE", &["events"], "leave it out for `kit`");
    check("KIT_JOURNAL_INTERVAL", &["1ms", "2h", "5"], "leave it out");
    check("KIT_WEBHOOK_SIGNATURES", &["rsa", "hmac"], "`none` takes deliveries from everybody");
    check("KIT_EVENTS_PLAIN_HTTP", &["yes"], "leave it out");
    check("KIT_EVENTS_DEPRECATED_MEMBERS", &["no"], "leave it out");
    check("KIT_EVENTS_INGRESS_LIMIT", &["0", "-1", "3000/5s"], "in 5 seconds");
    check("OAUTH_CLIENT_SECRET", &["[]", "[1]", r#"["a","b","s3cr3t"]"#, "s3cr3t s3cr3t"], "without blanks");
    check("IO_CONSUMER_ID", &["a/b", "a b"], "copy it again");
    check("KIT_SANDBOX_EVENTS", &["no", "On"], "without the eventing module");
    check("KIT_SANDBOX_TOKEN", &["two words", "line\nbreak", "umläut"], "without line breaks");
    check("KIT_RETRY_DELAYS", &["1m,", "0s", "2d", "1", "a,b", &"1s,".repeat(33)], "the last one repeats");
    check("KIT_RETRY_FOR", &["0s", "31d", "1w"], "such as `24h`");
    check("KIT_DEDUPE_WINDOW", &["59s", "31d", "8"], "such as `8d`");
    check("KIT_STORE_BYTES_MAX", &["15MiB", "16777215", "1PB", "-1"], "`32GiB`");
    check("KIT_DELIVERIES_AT_ONCE", &["0", "1025", "many"], "default of 64");
    check("LOG_LEVEL", &["INFO", "verbose"], "leave it out");
    check("AIO_runtime_namespace", &["a/b", "ü"], "`local`");
    check("KIT_ECHO_WINDOW", &["0s", "2d", "on", "60"], "leave it out for `60s`");
    check("KIT_TARGET_CONCURRENCY", &["0", "1025"], "default of 32");
    check("KIT_TARGET_RATE", &["0", "100001", "5/s"], "the calls in a second");
    check("KIT_BACKOFFICE_URL", &["erp", "https://me:s3cr3t@erp.example.com/"], "`https://erp.example.com/api/`");
    check("KIT_BACKOFFICE_AUTH", &["token"], "leave it out for `none`");
    check("KIT_INGESTION_AUTH", &["bsic"], "did you mean `");
    check("COMMERCE_ACCESS_TOKEN", &["s3cr3t s3cr3t"], "copy the token again");
}

#[test]
fn a_base_url_is_complete_and_plain() {
    fn check(value: &str, expected: Option<&str>) {
        let base_url = serve(&[("COMMERCE_BASE_URL", value), ("KIT_OUTBOUND_ALLOW", "127.0.0.1, ::1")])
            .ok()
            .map(|read| read.commerce.unwrap().base_url);
        assert_eq!(base_url.as_deref(), expected, "{value}");
    }
    check("https://shop.example.com", Some("https://shop.example.com/"));
    check("https://shop.example.com/rest/", Some("https://shop.example.com/rest/"));
    check("https://shop.example.com/rest/V1", None);
    check("https://shop.example.com/rest/V1/", None);
    check("http://127.0.0.1:8080/rest/all", Some("http://127.0.0.1:8080/rest/all/"));
    check("https://[::1]:8443/", Some("https://[::1]:8443/"));
    check("shop.example.com/rest", None);
    check("/rest/", None);
    check("ftp://shop.example.com/", None);
    check("https://", None);
    check("https://:443/", None);
    check("https://shop.example.com:port/", None);
    check("https://shop.example.com:99999/", None);
    check("https://user:s3cr3t@shop.example.com/", None);
    check("https://shop.example.com/?a=b", None);
    check("https://shop.example.com/#top", None);
    check("https://shop example.com/", None);
}

#[test]
fn dev_stays_on_this_machine() {
    fn check(bind: &str, is_accepted: bool) {
        let environment = read(Mode::Dev, &[("KIT_BIND", bind)]);
        assert_eq!(environment.is_ok(), is_accepted, "{bind}");
        if let Err(faults) = environment {
            assert!(faults.to_string().contains("use `kit serve`"), "{faults}");
        }
    }
    check("127.0.0.1:0", true);
    check("127.1.2.3:80", true);
    check("[::1]:9080", true);
    check("[::ffff:127.0.0.1]:9080", true);
    check("0.0.0.0:9080", false);
    check("[::]:9080", false);
    check("192.168.1.2:9080", false);
}

#[test]
fn serve_tells_all_that_it_needs() {
    let faults = read(Mode::Serve, &[]).unwrap_err();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    let of_runtime = ["AIO_runtime_auth", "AIO_runtime_namespace"];
    let others = ["COMMERCE_BASE_URL", "COMMERCE_CONSUMER_KEY", "KIT_ENCRYPTION_KEY", "KIT_INGESTION_AUTH"];
    assert_eq!(keys, [of_runtime.as_slice(), &others].concat());
    assert!(faults.to_string().contains("say `none` to accept everyone"), "{faults}");
}

#[test]
fn unknown_variables_of_the_kit_get_the_nearest_known_one() {
    fn check(name: &str, hint: &str) {
        let faults = read(Mode::Dev, &[(name, "")]).unwrap_err();
        assert!(faults.to_string().starts_with(&format!("`{name}`: expected a variable that the kit knows")));
        assert!(faults.to_string().contains(hint), "{faults}");
    }
    check("KIT_BIMD", "did you mean `KIT_BIND`?");
    check("KIT_INGEST_AUTH", "did you mean `KIT_INGEST_ACK`?");
    check("KIT_RETRY_DELAY", "did you mean `KIT_RETRY_DELAYS`?");
    assert!(read(Mode::Dev, &[("KIT_API_KEY", "x"), ("KITTEN", "x")]).is_ok());
}

#[test]
fn variables_that_nothing_reads_yet_are_named() {
    let set =
        [("KIT_URL", "http://127.0.0.1:9080"), ("KIT_OUTBOUND_ALLOW", ""), ("EVENT_PREFIX", "x"), ("KIT_DATA", "x")];
    assert_eq!(read(Mode::Dev, &set).unwrap().unread, ["EVENT_PREFIX"]);
}

#[test]
fn faults_of_the_file_have_its_line() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".env"), "# note\nKIT_RETRY_FOR=forever\nKIT_TYPO=1\n").unwrap();
    let faults = Environment::read(&Variables::read(root.path()).unwrap(), Mode::Dev).unwrap_err();
    let shown = faults.to_string();
    assert!(shown.contains(".env:2: `KIT_RETRY_FOR`: expected a duration from `1s` to `30d`\n  hint: "), "{shown}");
    assert!(shown.contains(".env:3: `KIT_TYPO`: "), "{shown}");
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", serve(&[("KIT_SANDBOX_TOKEN", "s3cr3t")]).unwrap());
    assert!(!shown.contains("s3cr3t"), "{shown}");
}
