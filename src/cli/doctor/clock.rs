//! Our clock against those of the servers that we ask.

use jiff::SignedDuration;
use reqwest::Url;

use super::finding::Finding;
use super::probe::{Answer, Probe, origin};

const CHECK: &str = "clock";

/// Signatures with a time are refused beyond a few minutes; a clock that is kept in time is off by far less than this.
const OFF_MAX: SignedDuration = SignedDuration::from_mins(1);

/// Asks the roots of these addresses. Whoever does not answer is somebody else's finding.
pub async fn check(probe: &Probe, addresses: &[&str]) -> Finding {
    let mut asked = tokio::task::JoinSet::new();
    for address in addresses {
        let Ok(mut url) = Url::parse(address) else { continue };
        url.set_path("/");
        let probe = probe.clone();
        asked.spawn(async move {
            let ahead = probe.get(&url).await.ok().as_ref().and_then(Answer::clock_ahead)?;
            Some((origin(url.as_str()), ahead))
        });
    }
    if asked.is_empty() {
        return Finding::skipped(CHECK, "no server elsewhere to compare it with");
    }
    let mut seen: Vec<(String, SignedDuration)> = asked.join_all().await.into_iter().flatten().collect();
    seen.sort_by_key(|(_, ahead)| ahead.abs());
    let Some((worst, ahead)) = seen.last() else {
        return Finding::skipped(CHECK, "no server told its time");
    };
    judge(worst, *ahead)
}

fn judge(server: &str, ahead: SignedDuration) -> Finding {
    if ahead.abs() <= OFF_MAX {
        let at_most = ahead.abs().as_secs().max(1);
        return Finding::ok(CHECK, format!("as those of the servers, within {at_most} s"));
    }
    let (seconds, side) = (ahead.abs().as_secs(), if ahead.is_positive() { "behind" } else { "ahead of" });
    let off = if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) };
    Finding::bad(
        CHECK,
        format!("ours is {off} {side} that of {server}"),
        "have the machine's clock set by a time server (NTP): OAuth 1.0a and signatures are refused otherwise",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ahead_s: i64, line: &str) {
        assert_eq!(judge("https://ims.example", SignedDuration::from_secs(ahead_s)).seen, line, "{ahead_s}");
    }

    #[test]
    fn a_minute_is_borne() {
        check(0, "as those of the servers, within 1 s");
        check(-60, "as those of the servers, within 60 s");
        check(61, "ours is 61 s behind that of https://ims.example");
        check(-7_200, "ours is 120 min ahead of that of https://ims.example");
    }
}
