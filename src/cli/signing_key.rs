use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use events_api::signing_keys::{self, KeysError, SigningKeys};
use jiff::Timestamp;
use serde_json::{Value, json};
use settings::{Local, Variables};
use store::{Beside, Reader};
use uuid::Uuid;

use super::table::plain;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the keys that sign deliveries, and those that are still served.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a new key in the place of the older of the two. Receivers can still fetch that one for 25 hours.
    Rotate {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a key away at once: it signs no more, and nobody can fetch it any more.
    Revoke {
        /// Its id, as `kit signing-key list` shows it.
        key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Works on the local folder, also while a kit is running on it.
pub fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let variables = Variables::read(root)?;
    let local = Local::read(&variables)?;
    let folder = root.join(&local.data);
    let kept = Kept {
        store: Beside::open(&folder).context("the store of signing keys cannot be used")?,
        reader: Reader::open(&folder)?,
        now: Timestamp::now(),
    };
    match command {
        Command::List { json } => print_all(kept.read()?.as_ref(), kept.now, *json),
        Command::Rotate { json } => print_rotated(&kept.rotate()?, *json),
        Command::Revoke { key, json } => {
            print_revoked(key, kept.revoke(key)?, *json);
            Ok(())
        }
    }
}

struct Kept {
    store: Beside,
    reader: Reader,
    now: Timestamp,
}

impl Kept {
    /// None: no delivery has been signed yet.
    fn read(&self) -> anyhow::Result<Option<SigningKeys>> {
        let kept = self.reader.value(signing_keys::KEY_NAME, self.now)?;
        Ok(kept.map(|bytes| SigningKeys::read(&bytes)).transpose()?)
    }

    fn rotate(&self) -> anyhow::Result<SigningKeys> {
        if self.read()?.is_none() {
            // A kit that runs here may make keys at the same time: whoever is first has made them.
            let made = SigningKeys::make(self.now)?.bytes()?;
            self.store.reserve(signing_keys::KEY_NAME, &made, self.now, Timestamp::MAX)?;
        }
        let mut keys = self.read()?.context("the signing keys are gone again")?;
        keys.rotate(self.now)?;
        self.write(&keys)?;
        Ok(keys)
    }

    fn revoke(&self, key: &str) -> anyhow::Result<Option<Uuid>> {
        let unknown = || format!("there is no key `{key}`; `kit signing-key list` shows those there are");
        let id = Uuid::try_parse(key).ok().with_context(unknown)?;
        let mut keys = self.read()?.with_context(unknown)?;
        let new = match keys.revoke(id, self.now) {
            Ok(new) => new,
            Err(KeysError::Unknown) => bail!(unknown()),
            Err(error) => return Err(error.into()),
        };
        self.write(&keys)?;
        Ok(new)
    }

    fn write(&self, keys: &SigningKeys) -> anyhow::Result<()> {
        Ok(self.store.put_value(signing_keys::KEY_NAME, &keys.bytes()?, Timestamp::MAX)?)
    }
}

fn print_all(keys: Option<&SigningKeys>, now: Timestamp, json: bool) -> anyhow::Result<()> {
    let signing = keys.into_iter().flat_map(SigningKeys::signing).map(|key| (key.id, key.created, None));
    let retired = keys.into_iter().flat_map(|keys| keys.retired(now));
    let retired = retired.map(|key| (key.id, key.created, Some(key.served_until)));
    let all: Vec<(Uuid, Timestamp, Option<Timestamp>)> = signing.chain(retired).collect();
    if json {
        let rows = all.iter().map(|(id, created, served_until)| {
            json!({
                "id": id,
                "path": signing_keys::path(*id),
                "created": created.to_string(),
                "signs": served_until.is_none(),
                "served_until": served_until.map(|until| until.to_string()),
            })
        });
        println!("{}", serde_json::to_string_pretty(&rows.collect::<Vec<Value>>())?);
        return Ok(());
    }
    if all.is_empty() {
        println!("no keys yet: they are made for the first delivery");
        return Ok(());
    }
    let mut table = plain(["Key", "Created", "Does"]);
    for (id, created, served_until) in all {
        let does = match served_until {
            None => "signs".to_owned(),
            Some(until) => format!("is served until {}", until.strftime("%F %T")),
        };
        table.add_row([id.to_string(), created.strftime("%F %T").to_string(), does]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

fn print_rotated(keys: &SigningKeys, json: bool) -> anyhow::Result<()> {
    let new = keys.signing().last().context("two keys sign")?.id;
    if json {
        println!("{}", json!({"id": new, "path": signing_keys::path(new)}));
    } else {
        println!("{new} signs in the place of the older key, which is served for 25 hours more");
    }
    Ok(())
}

fn print_revoked(key: &str, new: Option<Uuid>, json: bool) {
    match (json, new) {
        (true, new) => println!("{}", json!({"revoked": key, "id": new})),
        (false, Some(new)) => println!("{key} counts no more; {new} signs in its place"),
        (false, None) => println!("{key} is served no more"),
    }
}
