use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Thing, list};
use crate::cli::orders::Asking;
use crate::cli::table::rows;
use crate::inspect::Look;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    thing: Thing,
    /// Only print which events these are.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    asking: Asking,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let query = options.thing.query()?;
    let (entity, key) = (query.entity()?, &options.thing.key);
    let source = super::open(root)?;
    let found = source.ask(&Look::Events(query)).await?;
    let count = rows(&found).len();
    if options.dry_run {
        list::print(&found, options.asking.json)?;
        if !options.asking.json {
            println!("{count} events would be removed; nothing was changed");
        }
        return Ok(());
    }
    if count == 0 {
        options.asking.nothing(&format!("there are no events of {entity} `{key}`"));
        return Ok(());
    }
    let question = format!("remove {count} events of {entity} `{key}` for good?");
    options.asking.confirm.confirm(&question, "`--dry-run` shows which")?;
    let document = json!({"forget": {"entity": entity, "key": key}});
    let what = format!("{count} events of {entity} `{key}` are to be removed");
    options.asking.place(&source, &document, &what, u64::try_from(count).ok()).await
}
