//! `kit dev --adobe`: events go to an events API elsewhere and come back to this machine through a tunnel.
//!
//! The registrations of a run are its own: they stand beside those of production under names of their own, and go with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use adobe::Pool;
use anyhow::{Context, bail};
use engine::slug;
use onboarding::{
    Applied, Change, DEV_SUFFIX, EventsService, FoundRegistration, Plan, Progress, Record, Rules, ServiceError,
    ServiceFault, Targets, Workspace, converge,
};
use reqwest::Url;
use settings::{Onboarding, Variables};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::cli::onboard::ground::Ground;
use crate::cli::onboard::lock::Lock;
use crate::cli::onboard::remote::RemoteService;
use crate::project::Project;

const PUBLIC_URL: &str = "KIT_PUBLIC_URL";

/// Taking all registrations away may take no longer; whoever stopped the kit waits.
const REMOVED_WITHIN: Duration = Duration::from_secs(20);

/// The variables of this run. `public_url` is the tunnel's address; without it `KIT_PUBLIC_URL` counts.
///
/// # Errors
/// There is no such address, or none that an events API would call.
pub fn settings(mut variables: Variables, public_url: Option<&str>) -> anyhow::Result<Variables> {
    let Some(address) = public_url.or_else(|| variables.get(PUBLIC_URL)) else {
        bail!(
            "`--adobe` needs the address by which the events API reaches this machine\n  hint: start a tunnel, such as \
             `cloudflared tunnel --url http://127.0.0.1:9080`, and say its address: `--public-url https://...`"
        );
    };
    let address = check(address)?;
    variables.set(PUBLIC_URL, address);
    variables.set("KIT_EVENTS_API", "adobe");
    Ok(variables)
}

/// An events API calls public addresses with TLS only; one on this machine is another kit's.
fn check(address: &str) -> anyhow::Result<String> {
    let url = Url::parse(address).ok();
    let url = url.filter(|url| url.host().is_some() && url.query().is_none() && url.fragment().is_none());
    let is_fine = url.is_some_and(|url| match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    });
    if !is_fine {
        bail!(
            "`{address}` is no address that an events API calls\n  hint: it begins with `https://`, such as \
             `https://abc.trycloudflare.com`; a tunnel prints it"
        );
    }
    Ok(address.trim_end_matches('/').to_owned())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What this run has at the events API.
pub struct Stay {
    ground: Ground,
    workspace: Workspace,
    service: RemoteService,
}

impl Stay {
    /// # Errors
    /// The settings lead to no usable client.
    pub fn prepare(root: &Path, variables: Variables) -> anyhow::Result<Self> {
        let settings = Onboarding::read(&variables)?;
        let pool = Pool::new(&settings.egress).context("no connection can be made")?;
        let ground = Ground { root: root.to_owned(), variables, settings, pool };
        let workspace = ground.workspace().context("no events API elsewhere is said")?;
        let service = ground.service(&workspace)?;
        Ok(Self { ground, workspace, service })
    }

    /// Registers, waits for the stop, and takes away what it registered. The kit has to be answering meanwhile.
    ///
    /// # Errors
    /// The events API did not let us; what had been registered is taken away.
    pub async fn until(self, project: &Project, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let registered = tokio::select! {
            registered = self.register(project) => registered,
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        };
        if registered.is_ok() {
            // An error means that nobody can say stop any more, which is one, too.
            let _ = stop.wait_for(|stop| *stop).await;
        }
        self.leave(project).await;
        registered
    }

    async fn register(&self, project: &Project) -> anyhow::Result<()> {
        let data = self.ground.data();
        let _lock = Lock::take(&data)?;
        let before = Record::read(&data, &self.workspace)?;
        let address = self.ground.settings.events.public_url.clone().unwrap_or_default();
        let webhook = |name: &str| format!("{address}/webhooks/{}", slug(name));
        let rules = Rules {
            client_id: self.ground.client_id(),
            targets: Targets::Webhooks(&webhook),
            is_deployed: &|action| project.deploys(action),
            record: before.as_ref(),
            workspace_id: Some(&self.workspace.workspace_id),
            prune: false,
            name_suffix: DEV_SUFFIX,
        };
        let applied = converge(&self.service, &project.desired, &rules, &mut Logged).await?;
        let before = before.unwrap_or_default();
        let record = Record { workspace: self.workspace.clone(), providers: applied.providers.clone(), ..before };
        record.write(&data)?;
        print(&applied, &address);
        Ok(())
    }

    /// By their names, so that those that a killed run left, or a call that was cut off made, go as well.
    async fn leave(&self, project: &Project) {
        let left = tokio::time::timeout(REMOVED_WITHIN, self.remove(project)).await;
        let told = match left {
            Ok(Ok(count)) => {
                println!("{count} registrations of this run were removed");
                return;
            }
            Ok(Err(error)) => error.said,
            Err(_) => format!("it took longer than {} s", REMOVED_WITHIN.as_secs()),
        };
        warn!(reason = told, "registrations of this run may be left");
        println!("Registrations whose names end with `{DEV_SUFFIX}` may be left at the events API: {told}");
        println!(
            "  hint: the next `kit dev --adobe` takes them over and removes them; `kit offboard` removes them, too"
        );
    }

    async fn remove(&self, project: &Project) -> Result<usize, ServiceError> {
        let ours: BTreeSet<String> = project
            .desired
            .registrations
            .iter()
            .map(|registration| format!("{}{DEV_SUFFIX}", registration.name))
            .collect();
        let client_id = self.ground.client_id();
        let is_ours = |found: &FoundRegistration| found.client_id == client_id && ours.contains(&found.name);
        let found = self.service.registrations().await?;
        let mut removed = 0;
        for registration in found.into_iter().filter(is_ours) {
            match self.service.delete_registration(&registration.registration_id).await {
                Ok(()) | Err(ServiceError { fault: ServiceFault::Status(404), .. }) => removed += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }
}

/// What was changed for the run.
struct Logged;

impl Progress for Logged {
    fn planned(&mut self, _: &Plan) {}

    fn done(&mut self, change: &Change) {
        info!(kind = change.kind.as_str(), name = change.name, "{} at the events API", change.verb.as_str());
    }
}

fn print(applied: &Applied, address: &str) {
    println!("Registered at the events API for this run, with webhooks at {address}:");
    for registration in &applied.registrations {
        let status = registration.webhook_status.as_deref().filter(|status| *status != "verified");
        let status =
            status.map(|status| format!("  (its webhook is {status}; does the tunnel run?)")).unwrap_or_default();
        println!("  {}{status}", registration.name);
    }
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)], public_url: Option<&str>) -> Result<String, String> {
        let variables =
            settings(Variables::from_pairs(pairs.iter().copied()), public_url).map_err(|error| error.to_string())?;
        assert_eq!(variables.get("KIT_EVENTS_API"), Some("adobe"));
        Ok(variables.get(PUBLIC_URL).unwrap_or_default().to_owned())
    }

    #[test]
    fn the_address_is_one_that_an_events_api_calls() {
        let tunnel = Ok("https://abc.ngrok-free.app".to_owned());
        assert_eq!(read(&[], Some("https://abc.ngrok-free.app/")), tunnel);
        assert_eq!(read(&[(PUBLIC_URL, "https://abc.ngrok-free.app")], None), tunnel);
        assert_eq!(read(&[(PUBLIC_URL, "https://other.example")], Some("https://abc.ngrok-free.app")), tunnel);
        assert_eq!(read(&[], Some("http://127.0.0.1:9080")), Ok("http://127.0.0.1:9080".to_owned()));
        assert_eq!(read(&[], Some("http://[::1]:9080")), Ok("http://[::1]:9080".to_owned()));
        for wrong in
            ["http://abc.ngrok-free.app", "abc.ngrok-free.app", "ftp://127.0.0.1", "https://a.example/?b=c", ""]
        {
            let told = read(&[], Some(wrong)).unwrap_err();
            assert!(told.contains("is no address that an events API calls") && told.contains("hint: "), "{told}");
        }
        assert!(read(&[], None).unwrap_err().contains("cloudflared tunnel --url"));
    }
}
