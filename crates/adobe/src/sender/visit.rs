use std::time::Duration;

use reqwest::Url;

use super::Transport;
use super::budget::Budget;
use crate::clock::Clock;
use crate::pool::{Pool, Silence};

/// Where Adobe's validation URLs are (contract, section 4.1).
const ADOBE: &str = "csm.adobe.io";

/// Adobe's management API; another host is another service, which has its validation URLs there.
const ADOBE_MANAGEMENT: &str = "api.adobe.io";

/// The real ones have 130 characters.
const CHARACTERS_MAX: usize = 1_024;

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Whoever reaches the receiver can send validation URLs.
const VISITS_PER_MINUTE_MAX: usize = 10;

/// Fetches validation URLs.
#[derive(Debug)]
pub(super) struct Visits {
    management: Url,
    transport: Transport,
    pool: Pool,
    budget: Budget,
}

impl Visits {
    pub fn new(management: Url, transport: Transport, pool: Pool, clock: Clock) -> Self {
        Self { management, transport, pool, budget: Budget::new(VISITS_PER_MINUTE_MAX, clock) }
    }

    pub async fn visit(&self, text: &str) -> Result<(), String> {
        let url = self.place(text)?;
        if !self.budget.take() {
            return Err(format!("the validation URL was not called: there were {VISITS_PER_MINUTE_MAX} in a minute"));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        // The body says nothing that the status does not, so it is not read.
        match self.pool.get(url, TIME_LIMIT).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("the validation URL at `{host}` answered {}", answer.status().as_u16())),
            Err(error) => Err(format!("the validation URL at `{host}` {}", Silence::of(&error))),
        }
    }

    /// The address, when it is the events API's own.
    fn place(&self, text: &str) -> Result<Url, String> {
        let refused = |why: &str| Err(format!("the validation URL was not called: {why}"));
        if text.len() > CHARACTERS_MAX {
            return refused("it is too long");
        }
        let Ok(url) = Url::parse(text) else { return refused("it is no address") };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("it has a user or a password");
        }
        let is_own = self.management.host_str() != Some(ADOBE_MANAGEMENT) && url.origin() == self.management.origin();
        let is_adobes = url.host_str() == Some(ADOBE) && url.port().is_none();
        if !is_own && !is_adobes {
            return refused(&format!("its host is neither `{ADOBE}` nor that of `IO_MANAGEMENT_BASE_URL`"));
        }
        match (url.scheme(), self.transport) {
            ("https", _) => Ok(url),
            ("http", Transport::PlainToo) if is_own => Ok(url),
            _ => refused("it does not begin with `https://`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use egress::{Allowance, Gate};

    use super::*;

    fn check(management: &str, transport: Transport, url: &str, problem: Option<&str>) {
        let pool = Pool::new(&Gate::new(Allowance::default())).expect("TLS is there");
        let management = Url::parse(management).expect("an address");
        let visits = Visits::new(management, transport, pool, Clock::system());
        let found = visits.place(url).map(|place| place.to_string());
        match problem {
            None => assert_eq!(found.as_deref(), Ok(url)),
            Some(problem) => {
                let error = found.expect_err("it is refused");
                assert!(error.contains(problem), "{url}: {error}");
                assert!(!error.contains("s3cret"), "{error}");
            }
        }
    }

    #[test]
    fn only_the_events_apis_own_hosts_are_called() {
        const ADOBES: &str = "https://api.adobe.io/events/";
        const QUERY: &str = "csm/registrations/validate?id=1&challenge=s3cret";
        let adobes = |url: String, problem| check(ADOBES, Transport::PlainToo, &url, problem);
        adobes(format!("https://csm.adobe.io/{QUERY}"), None);
        adobes(format!("http://csm.adobe.io/{QUERY}"), Some("does not begin with `https://`"));
        adobes(format!("https://csm.adobe.io:8443/{QUERY}"), Some("its host is neither"));
        adobes(format!("https://csm.adobe.io.example.com/{QUERY}"), Some("its host is neither"));
        adobes(format!("https://csm.adobe.io@example.com/{QUERY}"), Some("a user or a password"));
        adobes(format!("https://user:s3cret@csm.adobe.io/{QUERY}"), Some("a user or a password"));
        adobes(format!("https://api.adobe.io/{QUERY}"), Some("its host is neither"));
        adobes(format!("http://127.0.0.1/{QUERY}"), Some("its host is neither"));
        adobes(format!("http://169.254.169.254/{QUERY}"), Some("its host is neither"));
        adobes("file:///etc/s3cret".to_owned(), Some("its host is neither"));
        adobes("s3cret".to_owned(), Some("no address"));
        adobes(format!("https://csm.adobe.io/?{}", "s3cret".repeat(200)), Some("too long"));
        let own = |url: &str, transport, problem| check("http://events:9090/events/", transport, url, problem);
        own("http://events:9090/events/csm/validate?challenge=s3cret", Transport::PlainToo, None);
        own("http://events:9090/x?challenge=s3cret", Transport::Tls, Some("does not begin with `https://`"));
        own("http://events:9091/x?challenge=s3cret", Transport::PlainToo, Some("its host is neither"));
        own("https://events:9090/x?challenge=s3cret", Transport::PlainToo, Some("its host is neither"));
    }
}
