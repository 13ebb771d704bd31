use std::path::Path;

use anyhow::bail;
use clap::Args;
use onboarding::Sample;
use serde_json::Value;
use settings::nearest;

use crate::cli::table::print_json;

/// The provider of what a back office sends through the ingestion webhook.
pub const INGESTED: &str = "backoffice";

const PROVIDERS: [&str; 2] = [INGESTED, "commerce"];

#[derive(Debug, Args)]
pub struct Options {
    /// The event code, such as `be-observer.catalog_product_create`.
    code: String,
    /// JSON is what is printed anyway.
    #[arg(long)]
    json: bool,
}

/// Prints the value that an event of this code could carry.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let (_, value) = find(root, &options.code)?;
    print_json(&value)
}

/// The sample of an event, and whose event it is.
pub fn find(root: &Path, code: &str) -> anyhow::Result<(&'static str, Value)> {
    let folder = root.join("onboarding").join("config");
    let mut codes = Vec::new();
    for provider in PROVIDERS {
        for Sample { code: known, value, .. } in onboarding::samples(&folder, provider)? {
            if known == code {
                return Ok((provider, value));
            }
            codes.push(known);
        }
    }
    let known: Vec<&str> = codes.iter().map(String::as_str).collect();
    let hint = nearest(code, &known)
        .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    bail!("onboarding/config/events.json has no sample of an event `{code}`\n  hint: {hint}")
}
