use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use events_api::webhook_secrets::{self, SecretsError, Style, WebhookSecrets};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use store::{Beside, Registration};
use uuid::Uuid;

use super::local::{Folder, Registrations, one_of};
use super::table::plain;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a secret for a registration's webhook and print it, this once. Deliveries are signed with it from now on,
    /// besides their RSA signatures.
    Create {
        /// Its name, slug or id.
        registration: String,
        /// How deliveries are signed with it: `standard-webhooks` or `port`.
        #[arg(long, default_value = "standard-webhooks")]
        style: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the webhooks that have secrets, without them.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a webhook a second secret and print it; the first one counts a while longer.
    Rotate {
        /// Its registration's name, slug or id.
        registration: String,
        /// How long the first secret still counts: `24h`, `90m`.
        #[arg(long, default_value = "24h")]
        overlap: SignedDuration,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a webhook's secrets away, or one of them.
    Revoke {
        /// Its registration's name, slug or id.
        registration: String,
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
    let folder = Folder::open(root, "registrations")?;
    let kept = Kept {
        store: Beside::open(&folder.path).context("the store of webhook secrets cannot be used")?,
        registrations: folder.registrations()?,
        now: Timestamp::now(),
        folder,
    };
    match command {
        Command::Create { registration, style, json } => {
            let style = one_of("style", style, &Style::ALL, Style::as_str)?;
            let (registration, secret) = kept.create(registration, style)?;
            print_secret(registration, &secret, *json);
            Ok(())
        }
        Command::List { json } => kept.print(*json),
        Command::Rotate { registration, overlap, json } => {
            let (registration, secret) = kept.rotate(registration, *overlap)?;
            print_secret(registration, &secret, *json);
            Ok(())
        }
        Command::Revoke { registration, secret, json } => {
            let registration = kept.revoke(registration, secret.as_deref())?;
            let name = &registration.name;
            match (json, secret) {
                (true, secret) => println!("{}", json!({"registration": name, "revoked_secret": secret})),
                (false, Some(id)) => println!("the secret {id} of `{name}` counts no more"),
                (false, None) => println!("deliveries to `{name}` have only their RSA signatures now"),
            }
            Ok(())
        }
    }
}

struct Kept {
    store: Beside,
    folder: Folder,
    registrations: Registrations,
    now: Timestamp,
}

impl Kept {
    fn create(&self, wanted: &str, style: Style) -> anyhow::Result<(&Registration, SecretString)> {
        let registration = self.registrations.find(wanted)?;
        let name = &registration.name;
        if registration.webhook_url.is_none() {
            bail!("`{name}` has no webhook: nothing is delivered that could be signed");
        }
        let mut secrets = self.read()?;
        secrets.retain(|id| self.registrations.iter().any(|known| known.registration_id == id));
        let secret = match secrets.create(&registration.registration_id, style, self.now) {
            Ok(secret) => secret,
            Err(error @ SecretsError::Exists) => bail!(
                "`{name}` gets no first secret: {error}; `kit webhook-secret rotate` gives it another one, and \
                 `kit webhook-secret revoke` makes room for another style"
            ),
            Err(error) => return Err(error.into()),
        };
        self.write(&secrets)?;
        Ok((registration, secret))
    }

    fn rotate(&self, wanted: &str, overlap: SignedDuration) -> anyhow::Result<(&Registration, SecretString)> {
        let registration = self.registrations.find(wanted)?;
        let overlap = Duration::try_from(overlap).context("`--overlap` cannot be negative")?;
        let mut secrets = self.read()?;
        let rotated = secrets.rotate(&registration.registration_id, self.now, overlap);
        let secret = rotated.with_context(|| {
            format!("`{}` gets no second secret; `kit webhook-secret list` shows what there is", registration.name)
        })?;
        self.write(&secrets)?;
        Ok((registration, secret))
    }

    fn revoke(&self, wanted: &str, secret: Option<&str>) -> anyhow::Result<&Registration> {
        let registration = self.registrations.find(wanted)?;
        let name = &registration.name;
        let nothing = || format!("there is nothing to revoke: `kit webhook-secret list` shows what `{name}` has");
        let secret = secret.map(|id| Uuid::try_parse(id).ok().with_context(nothing)).transpose()?;
        let mut secrets = self.read()?;
        if !secrets.revoke(&registration.registration_id, secret) {
            bail!(nothing());
        }
        self.write(&secrets)?;
        Ok(registration)
    }

    fn read(&self) -> anyhow::Result<WebhookSecrets> {
        let kept = self.folder.reader.value(webhook_secrets::KEY_NAME, self.now)?;
        Ok(kept.map(|bytes| WebhookSecrets::read(&bytes)).transpose()?.unwrap_or_default())
    }

    fn write(&self, secrets: &WebhookSecrets) -> anyhow::Result<()> {
        Ok(self.store.put_value(webhook_secrets::KEY_NAME, &secrets.bytes()?, Timestamp::MAX)?)
    }

    fn print(&self, json: bool) -> anyhow::Result<()> {
        let secrets = self.read()?;
        let known = self.registrations.iter();
        let all = known.filter_map(|registration| Some((registration, secrets.of(&registration.registration_id)?)));
        if json {
            let rows = all.map(|(registration, webhook)| {
                let secrets: Vec<Value> = webhook
                    .alive(self.now)
                    .map(|secret| {
                        let ends = secret.expires.map(|ends| ends.to_string());
                        json!({"id": secret.id, "created": secret.created.to_string(), "expires": ends})
                    })
                    .collect();
                json!({"registration": registration.name, "style": webhook.style.as_str(), "secrets": secrets})
            });
            println!("{}", serde_json::to_string_pretty(&rows.collect::<Vec<Value>>())?);
            return Ok(());
        }
        let mut table = plain(["Registration", "Style", "Secrets"]);
        for (registration, webhook) in all {
            let secrets = webhook.alive(self.now).map(|secret| match secret.expires {
                Some(ends) => format!("{} until {}", secret.id, ends.strftime("%F %T")),
                None => secret.id.to_string(),
            });
            let secrets = secrets.collect::<Vec<_>>().join("\n");
            table.add_row([registration.name.clone(), webhook.style.as_str().to_owned(), secrets]);
        }
        println!("{}", table.trim_fmt());
        Ok(())
    }
}

fn print_secret(registration: &Registration, secret: &SecretString, json: bool) {
    if json {
        println!("{}", json!({"registration": registration.name, "secret": secret.expose_secret()}));
        return;
    }
    eprintln!("The secret of `{}`, shown this once:", registration.name);
    println!("{}", secret.expose_secret());
}
