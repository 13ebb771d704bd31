use reqwest::Url;
use settings::Environment;

use super::finding::Finding;
use super::probe::{Probe, Silence, origin};

const CHECK: &str = "back office";

/// Any answer shows that it is there: what it takes, only its own paths know.
pub async fn check(probe: &Probe, environment: Option<&Environment>) -> Finding {
    let Some(environment) = environment else {
        return Finding::skipped(CHECK, "mend the variables first");
    };
    let Some(backoffice) = &environment.backoffice else {
        return Finding::skipped(CHECK, "KIT_BACKOFFICE_URL is not set: `kit dev` brings a sandbox");
    };
    let place = origin(&backoffice.base_url);
    let Ok(url) = Url::parse(&backoffice.base_url) else {
        return Finding::bad(CHECK, "its address is none", "check `KIT_BACKOFFICE_URL`");
    };
    match probe.get(&url).await {
        Ok(answer) => Finding::ok(CHECK, format!("{place} answers ({})", answer.status)),
        Err(silence) => {
            let hint = match silence {
                Silence::NotAllowed(_) => "name it in `KIT_OUTBOUND_ALLOW` if it is really meant",
                _ => "check `KIT_BACKOFFICE_URL`, and whether the back office runs and lets this machine in",
            };
            Finding::bad(CHECK, format!("{place} {silence}"), hint)
        }
    }
}
