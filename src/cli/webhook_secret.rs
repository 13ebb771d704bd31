use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use events_api::webhook_secrets::{self, SecretsError, Style, WebhookSecrets};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use store::Registration;
use uuid::Uuid;

use super::kept::Kept;
use super::local::Folder;
use super::table::plain;
use crate::inspect::{Registrations, one_of};
use crate::vault::vault;

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
    let kept = Kept::open(&folder.path, webhook_secrets::KEY_NAME, vault(&folder.encryption_keys)?)?;
    let webhooks = Webhooks { kept, registrations: folder.registrations()? };
    match command {
        Command::Create { registration, style, json } => {
            let style = one_of("style", style, &Style::ALL, Style::as_str)?;
            let (registration, secret) = webhooks.create(registration, style)?;
            print_secret(registration, &secret, *json);
            Ok(())
        }
        Command::List { json } => webhooks.print(*json),
        Command::Rotate { registration, overlap, json } => {
            let (registration, secret) = webhooks.rotate(registration, *overlap)?;
            print_secret(registration, &secret, *json);
            Ok(())
        }
        Command::Revoke { registration, secret, json } => {
            let registration = webhooks.revoke(registration, secret.as_deref())?;
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

struct Webhooks {
    kept: Kept,
    registrations: Registrations,
}

impl Webhooks {
    fn create(&self, wanted: &str, style: Style) -> anyhow::Result<(&Registration, SecretString)> {
        let registration = self.registrations.find(wanted)?;
        let name = &registration.name;
        if registration.webhook_url.is_none() {
            bail!("`{name}` has no webhook: nothing is delivered that could be signed");
        }
        let secret = self.change(|secrets| {
            secrets.retain(|id| self.registrations.iter().any(|known| known.registration_id == id));
            match secrets.create(&registration.registration_id, style, self.kept.now) {
                Err(error @ SecretsError::Exists) => bail!(
                    "`{name}` gets no first secret: {error}; `kit webhook-secret rotate` gives it another one, and \
                     `kit webhook-secret revoke` makes room for another style"
                ),
                created => Ok(created?),
            }
        })?;
        Ok((registration, secret))
    }

    fn rotate(&self, wanted: &str, overlap: SignedDuration) -> anyhow::Result<(&Registration, SecretString)> {
        let registration = self.registrations.find(wanted)?;
        let overlap = Duration::try_from(overlap).context("`--overlap` cannot be negative")?;
        let secret = self.change(|secrets| {
            let rotated = secrets.rotate(&registration.registration_id, self.kept.now, overlap);
            rotated.with_context(|| {
                format!("`{}` gets no second secret; `kit webhook-secret list` shows what there is", registration.name)
            })
        })?;
        Ok((registration, secret))
    }

    fn revoke(&self, wanted: &str, secret: Option<&str>) -> anyhow::Result<&Registration> {
        let registration = self.registrations.find(wanted)?;
        let name = &registration.name;
        let nothing = || anyhow!("there is nothing to revoke: `kit webhook-secret list` shows what `{name}` has");
        let secret = secret.map(Uuid::try_parse).transpose().map_err(|_| nothing())?;
        self.change(|secrets| {
            let is_done = secrets.revoke(&registration.registration_id, secret);
            if is_done { Ok(registration) } else { Err(nothing()) }
        })
    }

    fn change<T>(&self, change: impl Fn(&mut WebhookSecrets) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.kept.change(
            || Ok(WebhookSecrets::default().bytes()?),
            |bytes| {
                let mut secrets = WebhookSecrets::read(bytes)?;
                let told = change(&mut secrets)?;
                Ok((secrets.bytes()?, told))
            },
        )
    }

    fn print(&self, json: bool) -> anyhow::Result<()> {
        let secrets = self.kept.read()?.map(|bytes| WebhookSecrets::read(&bytes)).transpose()?.unwrap_or_default();
        let known = self.registrations.iter();
        let all = known.filter_map(|registration| Some((registration, secrets.of(&registration.registration_id)?)));
        if json {
            let rows = all.map(|(registration, webhook)| {
                let secrets: Vec<Value> = webhook
                    .alive(self.kept.now)
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
            let secrets = webhook.alive(self.kept.now).map(|secret| match secret.expires {
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
