use std::convert::Infallible;
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Client;
use serde::Deserialize;

const ASKED_EVERY: Duration = Duration::from_millis(250);

/// An answer that takes longer is not worth waiting for: the next one is newer.
const ASKED_FOR: Duration = Duration::from_secs(2);

/// Until the number is known; a bar of none would look as if all were done.
const PAGES_LEAST: u64 = 1;

const RUNNING: &str = "running";

/// What a full sync says about itself, as far as it is shown.
#[derive(Deserialize)]
struct Progress {
    state: String,
    page: u64,
    pages: u64,
    products: u64,
}

/// Waits for a call to a full sync, with a bar on the terminal meanwhile. stdout stays free for the answer.
pub async fn beside<T>(client: &Client, url: &str, call: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return call.await;
    }
    let bar = ProgressBar::new(PAGES_LEAST);
    // A style that cannot be read leaves the bar plain.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} page {pos} of {len}, {msg} products, {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message("0");
    tokio::select! {
        answered = call => {
            bar.finish_and_clear();
            answered
        }
        never = follow(client, url, &bar) => match never {},
    }
}

async fn follow(client: &Client, url: &str, bar: &ProgressBar) -> Infallible {
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    loop {
        ticks.tick().await;
        // What the run before left behind is not this one's progress.
        if let Some(progress) = ask(client, url).await.filter(|progress| progress.state == RUNNING) {
            bar.set_length(progress.pages.max(PAGES_LEAST));
            bar.set_position(progress.page);
            bar.set_message(progress.products.to_string());
        }
        bar.tick();
    }
}

/// Waits for the end of a sync whose call was answered before: what it then says about itself.
///
/// # Errors
/// It does not end in this time.
pub async fn until_ended(client: &Client, url: &str, within: Duration) -> anyhow::Result<String> {
    let mut ticks = tokio::time::interval(ASKED_EVERY);
    let ended = async {
        loop {
            ticks.tick().await;
            let Ok(answer) = client.get(url).timeout(ASKED_FOR).send().await else { continue };
            let Ok(text) = answer.text().await else { continue };
            if serde_json::from_str::<Progress>(&text).is_ok_and(|progress| progress.state != RUNNING) {
                return text;
            }
        }
    };
    tokio::time::timeout(within, ended).await.context("the sync did not end in the time that its action has")
}

async fn ask(client: &Client, url: &str) -> Option<Progress> {
    client.get(url).timeout(ASKED_FOR).send().await.ok()?.json().await.ok()
}
