use std::path::Path;

use settings::{EnvFileOpen, Mode};
use tracing::warn;

use super::dev::listen;
use crate::compose::compose;
use crate::project::Project;
use crate::{log, run, secrets};

pub async fn run(root: &Path) -> anyhow::Result<()> {
    let variables = secrets::variables(root)?;
    let project = Project::read(root, &variables, Mode::Serve)?;
    let telemetry = log::start(&project)?;
    if let Some(open) = EnvFileOpen::of(root) {
        let fault = open.fault();
        warn!(hint = fault.hint, "`{}`: {}", fault.key, fault.problem);
    }
    let stop = run::stop_on_signal()?;
    let listener = listen(project.environment.bind).await?;
    let address = listener.local_addr()?;
    let kit = compose(&project, address, None).await?;
    println!("listening on {}://{address}", project.environment.scheme());
    run::run(kit, listener, stop, telemetry).await;
    Ok(())
}
