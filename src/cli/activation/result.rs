use clap::Args;

use super::One;
use crate::cli::source::Source;
use crate::cli::table::print_json;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    one: One,
    /// JSON is what is printed anyway.
    #[arg(long)]
    json: bool,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let run = source.ask(&options.one.look()?).await?;
    print_json(&run["response"]["result"])
}
