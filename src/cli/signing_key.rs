use std::path::Path;

use anyhow::anyhow;
use clap::Subcommand;
use events_api::signing_keys::{self, KeysError, SigningKeys};
use jiff::Timestamp;
use serde_json::{Value, json};
use settings::Local;
use uuid::Uuid;

use super::kept::Kept;
use super::table::plain;
use crate::vault::vault;

use crate::secrets;

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
    let variables = secrets::variables(root)?;
    let local = Local::read(&variables)?;
    let folder = root.join(&local.data);
    let keys = Keys(Kept::open(&folder, signing_keys::KEY_NAME, vault(&local.encryption_keys)?)?);
    match command {
        Command::List { json } => print_all(keys.read()?.as_ref(), keys.0.now, *json)?,
        Command::Rotate { json } => print_rotated(keys.rotate()?, *json),
        Command::Revoke { key, json } => print_revoked(key, keys.revoke(key)?, *json),
    }
    Ok(())
}

struct Keys(Kept);

impl Keys {
    /// None: no delivery has been signed yet.
    fn read(&self) -> anyhow::Result<Option<SigningKeys>> {
        Ok(self.0.read()?.map(|bytes| SigningKeys::read(&bytes)).transpose()?)
    }

    fn rotate(&self) -> anyhow::Result<Uuid> {
        let now = self.0.now;
        let first = || Ok(SigningKeys::make(now)?.bytes()?);
        self.0.change(first, |bytes| {
            let mut keys = SigningKeys::read(bytes)?;
            let new = keys.rotate(now)?;
            Ok((keys.bytes()?, new))
        })
    }

    fn revoke(&self, key: &str) -> anyhow::Result<Option<Uuid>> {
        let unknown = || anyhow!("there is no key `{key}`; `kit signing-key list` shows those there are");
        let id = Uuid::try_parse(key).map_err(|_| unknown())?;
        self.0.change(
            || Err(unknown()),
            |bytes| {
                let mut keys = SigningKeys::read(bytes)?;
                let new = match keys.revoke(id, self.0.now) {
                    Err(KeysError::Unknown) => return Err(unknown()),
                    revoked => revoked?,
                };
                Ok((keys.bytes()?, new))
            },
        )
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

fn print_rotated(new: Uuid, json: bool) {
    if json {
        println!("{}", json!({"id": new, "path": signing_keys::path(new)}));
    } else {
        println!("{new} signs in the place of the older key, which is served for 25 hours more");
    }
}

fn print_revoked(key: &str, new: Option<Uuid>, json: bool) {
    match (json, new) {
        (true, new) => println!("{}", json!({"revoked": key, "id": new})),
        (false, Some(new)) => println!("{key} counts no more; {new} signs in its place"),
        (false, None) => println!("{key} is served no more"),
    }
}
