use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use events_api::{Identity, credentials};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use settings::Local;
use store::{Beside, Credential, Reader, StoreError};

use super::table::plain;
use crate::identity;
use crate::secrets;

const NAME_CHARACTERS_MAX: usize = 100;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a client and print what its `.env` needs. The secret is shown this once.
    Create {
        /// What people call the client.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the clients, without their secrets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a client a second secret and print it; the first one counts a while longer.
    Rotate {
        /// Its name or client id.
        client: String,
        /// How long the first secret still counts: `24h`, `90m`.
        #[arg(long, default_value = "24h")]
        overlap: SignedDuration,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a client, or one of its secrets. Its tokens end with it.
    Revoke {
        /// Its name or client id.
        client: String,
        /// Only the secret with this id.
        #[arg(long)]
        secret: Option<String>,
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
    let clients = Clients {
        store: Beside::open(&folder).context("the store of clients cannot be used")?,
        reader: Reader::open(&folder)?,
        now: Timestamp::now(),
    };
    match command {
        Command::Create { name, json } => {
            let identity = clients.identity(&local)?;
            let (credential, secret) = clients.create(name)?;
            print_created(&credential, &secret, &identity, *json);
        }
        Command::List { json } => print_all(&clients.reader.credentials()?, clients.now, *json)?,
        Command::Rotate { client, overlap, json } => {
            let (credential, secret) = clients.rotate(client, *overlap)?;
            print_rotated(&credential, &secret, *json);
        }
        Command::Revoke { client, secret, json } => {
            let credential = clients.revoke(client, secret.as_deref())?;
            print_revoked(&credential, secret.as_deref(), *json);
        }
    }
    Ok(())
}

struct Clients {
    store: Beside,
    reader: Reader,
    now: Timestamp,
}

impl Clients {
    fn identity(&self, local: &Local) -> anyhow::Result<Identity> {
        self.store.reserve(identity::KEY, &identity::make()?, self.now, identity::FOR_GOOD)?;
        identity::read(self.reader.value(identity::KEY, self.now)?.as_deref(), &local.service)
    }

    fn create(&self, name: &str) -> anyhow::Result<(Credential, SecretString)> {
        let length = name.chars().count();
        if !(1..=NAME_CHARACTERS_MAX).contains(&length) || name.chars().any(char::is_control) {
            bail!("a client's name has 1 to {NAME_CHARACTERS_MAX} characters");
        }
        let (credential, secret) = credentials::create(name, self.now);
        match self.store.put_credential(&credential) {
            Ok(()) => Ok((credential, secret)),
            Err(StoreError::Taken) => bail!(
                "there is a client `{name}` already; `kit credential rotate` gives it a new secret, and another name \
                 makes another client"
            ),
            Err(error) => Err(error.into()),
        }
    }

    fn rotate(&self, client: &str, overlap: SignedDuration) -> anyhow::Result<(Credential, SecretString)> {
        let mut credential = self.find(client)?;
        let overlap = Duration::try_from(overlap).context("`--overlap` cannot be negative")?;
        let secret = credentials::rotate(&mut credential, self.now, overlap)
            .with_context(|| format!("`{client}` gets no second secret; `kit credential list` shows those it has"))?;
        self.store.put_credential(&credential)?;
        Ok((credential, secret))
    }

    fn revoke(&self, client: &str, secret: Option<&str>) -> anyhow::Result<Credential> {
        let mut credential = self.find(client)?;
        let is_done = match secret {
            Some(id) => credentials::revoke_secret(&mut credential, id),
            None => credentials::revoke(&mut credential, self.now),
        };
        if !is_done {
            bail!("there is nothing to revoke: `kit credential list` shows what `{client}` has");
        }
        self.store.put_credential(&credential)?;
        Ok(credential)
    }

    fn find(&self, client: &str) -> anyhow::Result<Credential> {
        let known = self.reader.credentials()?;
        let found = known.into_iter().find(|known| known.client_id == client || known.name == client);
        found.with_context(|| format!("there is no client `{client}`; `kit credential list` shows those there are"))
    }
}

/// What a client needs in its `.env`, one line each.
pub fn lines(credential: &Credential, secret: &SecretString, identity: &Identity) -> Vec<String> {
    let values = [
        ("OAUTH_CLIENT_ID", credential.client_id.as_str()),
        ("OAUTH_CLIENT_SECRET", secret.expose_secret()),
        ("OAUTH_ORG_ID", &identity.ims_org_id),
        ("IO_CONSUMER_ID", &identity.consumer_id),
        ("IO_PROJECT_ID", &identity.project_id),
        ("IO_WORKSPACE_ID", &identity.workspace_id),
    ];
    values.map(|(name, value)| format!("{name}={value}")).to_vec()
}

fn print_created(credential: &Credential, secret: &SecretString, identity: &Identity, json: bool) {
    let lines = lines(credential, secret, identity);
    if json {
        let members = lines.iter().filter_map(|line| line.split_once('='));
        let members: serde_json::Map<String, Value> =
            members.map(|(name, value)| (name.to_owned(), value.into())).collect();
        println!("{}", Value::Object(members));
        return;
    }
    eprintln!("The client `{}` was made. Its secret is shown this once.", credential.name);
    println!("{}", lines.join("\n"));
}

fn print_rotated(credential: &Credential, secret: &SecretString, json: bool) {
    let ends = credential.secrets.first().and_then(|first| first.expires);
    if json {
        let ends = ends.map(|ends| ends.to_string());
        println!("{}", json!({"OAUTH_CLIENT_SECRET": secret.expose_secret(), "previous_expires": ends}));
        return;
    }
    let ends =
        ends.map_or_else(String::new, |ends| format!(" The one before counts until {}.", ends.strftime("%F %T")));
    eprintln!("`{}` has a new secret, shown this once.{ends}", credential.name);
    println!("OAUTH_CLIENT_SECRET={}", secret.expose_secret());
}

fn print_revoked(credential: &Credential, secret: Option<&str>, json: bool) {
    match (json, secret) {
        (true, _) => println!("{}", json!({"client_id": credential.client_id, "revoked_secret": secret})),
        (false, Some(id)) => println!("the secret {id} of `{}` counts no more", credential.name),
        (false, None) => println!("`{}` is no client any more", credential.name),
    }
}

fn print_all(all: &[Credential], now: Timestamp, json: bool) -> anyhow::Result<()> {
    if json {
        let rows: Vec<Value> = all.iter().map(|credential| as_json(credential, now)).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table = plain(["Name", "Client ID", "Created", "Secrets"]);
    for credential in all {
        let secrets = credential.alive(now).map(|secret| match secret.expires {
            Some(ends) => format!("{} until {}", secret.id, ends.strftime("%F %T")),
            None => secret.id.clone(),
        });
        let secrets = secrets.collect::<Vec<_>>().join("\n");
        table.add_row([
            credential.name.clone(),
            credential.client_id.clone(),
            credential.created.strftime("%F %T").to_string(),
            if credential.revoked.is_some() { "revoked".to_owned() } else { secrets },
        ]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

fn as_json(credential: &Credential, now: Timestamp) -> Value {
    let secrets: Vec<Value> = credential
        .alive(now)
        .map(|secret| {
            let ends = secret.expires.map(|ends| ends.to_string());
            json!({"id": secret.id, "created": secret.created.to_string(), "expires": ends})
        })
        .collect();
    json!({
        "id": credential.id,
        "client_id": credential.client_id,
        "name": credential.name,
        "created": credential.created.to_string(),
        "revoked": credential.revoked.map(|revoked| revoked.to_string()),
        "secrets": secrets,
    })
}
