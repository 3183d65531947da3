//! A simulator for the labs of this process: served, reached by breakfix's own clients and by the learner's.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::cloud::aws::Endpoint;
use crate::cloud::kubernetes::Access;
use crate::cloud::{Cloud, Pause};
use crate::simulator::environment::Variable;
use crate::simulator::{Configuration, Simulator};

/// Serves a world, and says what leads a learner's clients to it; their files are in `scratch`.
pub(super) fn start(
    runtime: &Runtime,
    configuration: Configuration,
    scratch: &Path,
) -> anyhow::Result<(Arc<Simulator>, Vec<Variable>)> {
    let simulator = Arc::new(runtime.block_on(Simulator::start(configuration))?);
    let mut environment = simulator.environment(scratch, &simulator.learner_key())?;
    environment.extend(clock_shim(&simulator, scratch)?);
    Ok((simulator, environment))
}

/// The environment that breakfix was called in, changed by `variables`.
pub(super) fn inherited(variables: Vec<Variable>) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    for (name, value) in variables {
        environment.retain(|(known, _)| *known != *name);
        environment.extend(value.map(|value| (name.into(), value.into())));
    }
    environment
}

/// A `sleep` that sleeps in world time, first on the PATH.
fn clock_shim(simulator: &Simulator, scratch: &Path) -> anyhow::Result<Vec<Variable>> {
    if simulator.wall_duration(Duration::from_secs(1)) == Duration::from_secs(1) {
        return Ok(Vec::new());
    }
    let programs = scratch.join("bin");
    std::fs::create_dir(&programs)
        .context("failed to make the directory of the clock's programs")?;
    let breakfix = std::env::current_exe().context("failed to find breakfix's own program")?;
    std::os::unix::fs::symlink(breakfix, programs.join("sleep"))
        .context("failed to put the clock's sleep in place")?;
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&inherited)))
            .context("failed to put the clock's sleep on the PATH")?;
    let path = path.to_string_lossy().into_owned();
    Ok(vec![("PATH".to_owned(), Some(path))])
}

/// breakfix's own clients.
pub(super) async fn connect(simulator: &Arc<Simulator>) -> anyhow::Result<Cloud> {
    let key = simulator.operator_key();
    let endpoint = Endpoint::Simulator {
        url: simulator.aws_url(),
        access_key: key.id,
        secret_key: key.secret,
    };
    let configuration = simulator.configuration();
    let names = (
        configuration.account.as_str(),
        configuration.region.as_str(),
        configuration.cluster.as_str(),
    );
    let kubernetes = Access::Kubeconfig(simulator.operator_kubeconfig());
    Ok(Cloud::connect(endpoint, names, kubernetes, pause(simulator)).await?)
}

/// World time passes at once where the clock jumps.
fn pause(simulator: &Arc<Simulator>) -> Pause {
    let simulator = Arc::downgrade(simulator);
    Arc::new(move |duration| {
        let simulator = simulator.upgrade();
        Box::pin(async move {
            if let Some(simulator) = simulator {
                simulator.pass(duration).await;
            }
        })
    })
}
