mod elsewhere;
mod told;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use settings::{Mode, Role, Variables};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::elsewhere::Stay;
use crate::compose::compose;
use crate::dev_client::DevClient;
use crate::project::Project;
use crate::targets::Fallback;
use crate::{log, run, sandbox_events, secrets};

#[derive(Debug, Default, Args)]
pub struct Options {
    /// Work with the events API of the variables (`OAUTH_*`, `IO_*`) instead of an own events service: for this run it is given
    /// registrations that send events here.
    #[arg(long)]
    adobe: bool,
    /// Where the events API reaches this machine: the address of a tunnel. Without it `KIT_PUBLIC_URL` counts.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let variables = variables(root, options)?;
    let project = Project::read(root, &variables, Mode::Dev)?;
    let stay = if options.adobe { Some(Stay::prepare(root, variables)?) } else { None };
    #[cfg(feature = "planted-leak")]
    crate::planted_leak::before_the_log();
    let telemetry = log::start(&project)?;
    let stop = run::stop_on_signal()?;
    let listener = listen(project.environment.bind).await?;
    let address = listener.local_addr()?;
    let fallback = Fallback::sandbox(&project, address);
    let (token, sandbox_url) = (fallback.token.clone(), fallback.commerce_url().to_owned());
    let kit = compose(&project, address, Some(fallback)).await?;
    #[cfg(feature = "planted-leak")]
    let kit = crate::planted_leak::leak(kit).await;
    let client = match &kit.service {
        Some(_) => Some(DevClient::prepare(&kit, &project.environment.events.service).await?),
        None => None,
    };
    if let Some(client) = &client {
        sandbox_events::begin(&kit, &project, client, address).await?;
    }
    println!("listening on http://{address}");
    println!();
    match (&client, &kit.service) {
        (Some(client), Some(service)) if project.environment.role == Role::EventsService => {
            told::for_clients(address, (&sandbox_url, &token), client, service.identity());
        }
        (client, service) => {
            let sandbox = project.environment.commerce.is_none().then_some((sandbox_url.as_str(), &token));
            told::what_to_try(address, sandbox);
            if let Some(user) = &kit.runtime_user {
                told::runtime(address, user, &project.environment.namespace);
            }
            if let Some(client) = &project.environment.events.client {
                println!("Events are published at {}", client.ingress_url);
                println!();
            }
            if let (Some(client), Some(service)) = (client, service) {
                told::client(client, service.identity());
            }
        }
    }
    let Some(stay) = stay else {
        run::run(kit, listener, stop, telemetry).await;
        return Ok(());
    };
    // Registering needs a kit that answers, and so does leaving.
    let (end, ended) = watch::channel(false);
    let stayed = async {
        let stayed = stay.until(&project, stop).await;
        end.send_replace(true);
        stayed
    };
    let ((), stayed) = tokio::join!(run::run(kit, listener, ended, telemetry), stayed);
    stayed
}

fn variables(root: &Path, options: &Options) -> anyhow::Result<Variables> {
    let variables = secrets::variables(root)?;
    match (options.adobe, &options.public_url) {
        (true, public_url) => elsewhere::settings(variables, public_url.as_deref()),
        (false, None) => Ok(variables),
        (false, Some(_)) => bail!(
            "`--public-url` says where an events API elsewhere sends events\n  hint: add `--adobe`; without it the events \
             service is in this process and needs no tunnel"
        ),
    }
}

pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; set KIT_BIND to another address (port 0 picks a free one)")
    })
}
