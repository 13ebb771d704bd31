//! What the commands of onboarding stand on: the settings they need, and clients for both sides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adobe::Pool;
use anyhow::{Context, bail};
use onboarding::{Desired, Failure, Phase, Workspace};
use sdk::TargetPort;
use secrecy::ExposeSecret;
use settings::{Commerce, CommerceAuth, Faults, Manifest, Onboarding, Server, ServerUrl, Variables};

use super::remote::RemoteService;
use crate::{events, secrets, targets};

/// The sandbox's REST API, below a kit's address.
const SANDBOX: &str = "sandbox/commerce/rest/";

pub struct Ground {
    pub root: PathBuf,
    pub variables: Variables,
    pub settings: Onboarding,
    pub pool: Pool,
}

/// The Commerce store that is meant.
pub struct Store {
    /// Everything before `V1/`.
    pub base_url: String,
    pub port: Arc<dyn TargetPort>,
}

/// In the words of Adobe's kit, with every variable on a line of its own.
fn invalid(faults: &Faults) -> Failure {
    let reason = "Missing or invalid environment variables for Onboarding script.";
    Failure::new(Phase::EnvironmentVariables, "INVALID_ENV_VARS", reason).detail(faults.to_string())
}

impl Ground {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let variables = secrets::variables(root)?;
        let settings = Onboarding::read(&variables).map_err(|faults| invalid(&faults))?;
        let pool = Pool::new(&settings.egress).context("no connection can be made")?;
        Ok(Self { root: root.to_owned(), variables, settings, pool })
    }

    /// The folder of the store and of the record.
    pub fn data(&self) -> PathBuf {
        self.root.join(&self.settings.data)
    }

    pub fn config_folder(&self) -> PathBuf {
        self.root.join("onboarding").join("config")
    }

    /// What the config files want, and the manifest that says which actions there are.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn project(&self) -> anyhow::Result<(Desired, Manifest)> {
        let (manifest, faults) = Manifest::read(&self.root, &self.variables);
        if let Some(faults) = faults {
            return Err(faults.into());
        }
        Ok((Desired::load_with(&self.config_folder(), &self.settings.namespace, &manifest)?, manifest))
    }

    /// Whose events these are; none with the embedded events service.
    pub fn workspace(&self) -> Option<Workspace> {
        self.settings.events.client.as_ref().map(events::workspace)
    }

    /// Whose registrations are ours, at an events API elsewhere.
    pub fn client_id(&self) -> &str {
        self.settings.events.client.as_ref().map_or("", |client| &client.client_id)
    }

    /// The management API of this workspace.
    ///
    /// # Errors
    /// The settings lead to no usable client.
    pub fn service(&self, workspace: &Workspace) -> anyhow::Result<RemoteService> {
        let client = self.settings.events.client.as_ref().context("no events API elsewhere is said")?;
        Ok(RemoteService { api: events::management(client, &self.pool)?, workspace: workspace.clone() })
    }

    /// The store of the settings, else the sandbox of the kit on this machine.
    ///
    /// # Errors
    /// Neither is said.
    pub fn commerce(&self) -> anyhow::Result<Store> {
        let commerce = match &self.settings.commerce {
            Some(commerce) => commerce.clone(),
            None => self.sandbox()?,
        };
        let base_url = commerce.base_url.clone();
        let port = targets::commerce(&self.pool, commerce).context("no client of Commerce can be made")?;
        Ok(Store { base_url, port })
    }

    fn sandbox(&self) -> anyhow::Result<Commerce> {
        let Some(token) = &self.settings.sandbox_token else {
            bail!(
                "no Commerce store is said\n  hint: set COMMERCE_BASE_URL and its credentials; or, for the sandbox of \
                 `kit dev`, KIT_SANDBOX_TOKEN to the token that it prints"
            );
        };
        let ServerUrl::Known(url) = Server::read(&self.variables)?.url else {
            bail!("nobody can tell where the sandbox is\n  hint: set KIT_URL to the address that `kit dev` prints");
        };
        Ok(Commerce {
            base_url: format!("{url}{SANDBOX}"),
            graphql_url: format!("{url}sandbox/commerce/graphql"),
            auth: CommerceAuth::Bearer(token.expose_secret().into()),
        })
    }
}
