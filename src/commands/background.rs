//! A simulator that goes on without the command that started it: one for each session, with its world in the
//! session's directory. It leaves there what leads clients to it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::control::Control;
use crate::cloud::aws::Endpoint;
use crate::cloud::kubernetes::Access;
use crate::cloud::{Cloud, Pause};
use crate::simulator::clock::Pace;
use crate::simulator::environment::Variable;
use crate::simulator::{Simulator, durability};

/// How long a simulator may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at whether it does.
const LOOK: Duration = Duration::from_millis(5);

/// File with what breakfix's own clients need, beside those of the learner's.
const ACCESS: &str = "operator.json";
/// File with the learner's environment.
const ENVIRONMENT: &str = "environment.json";

/// What breakfix's own clients need.
#[derive(Serialize, Deserialize)]
struct Operator {
    url: String,
    access_key: String,
    secret_key: String,
    account: String,
    region: String,
    cluster: String,
    kubeconfig: String,
}

/// Writes what leads clients to a simulator into its directory of clients' files.
pub(super) fn leave_access(
    clients: &Path,
    simulator: &Simulator,
    environment: &[Variable],
) -> anyhow::Result<()> {
    let key = simulator.operator_key();
    let configuration = simulator.configuration();
    let operator = Operator {
        url: simulator.aws_url(),
        access_key: key.id,
        secret_key: key.secret,
        account: configuration.account.clone(),
        region: configuration.region.clone(),
        cluster: configuration.cluster.clone(),
        kubeconfig: simulator.operator_kubeconfig(),
    };
    let text = serde_json::to_string(&operator).context("failed to write JSON")?;
    write_private(&clients.join(ACCESS), &text)?;
    let text = serde_json::to_string(environment).context("failed to write JSON")?;
    write_private(&clients.join(ENVIRONMENT), &text)
}

/// Replaces a file as a whole, readable for its owner alone.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}

/// A session's simulator.
#[derive(Debug, Clone)]
pub(super) struct Background {
    /// Where its world is.
    state: PathBuf,
    /// Where it says what happens to it.
    log: PathBuf,
}

impl Background {
    /// The simulator of the session in a directory.
    pub(super) fn of(session: &Path) -> Background {
        Background {
            state: session.join("world"),
            log: session.join("simulator.log"),
        }
    }

    fn clients(&self) -> PathBuf {
        self.state.join("clients")
    }

    /// The learner's environment.
    pub(super) fn environment(&self) -> anyhow::Result<Vec<Variable>> {
        let path = self.clients().join(ENVIRONMENT);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not what the simulator left", path.display()))
    }

    /// The way to the simulator, which need not be running.
    pub(super) fn control(&self) -> anyhow::Result<Control> {
        Control::find(Some(&self.state))
    }

    pub(super) fn is_running(&self) -> bool {
        let control = Control::find(Some(&self.state));
        control.is_ok_and(|control| control.ask("GET", "status").is_ok())
    }

    /// Serves its world unless somebody does; the same world as before, if there was one.
    pub(super) fn ensure(&self, pace: Pace) -> anyhow::Result<()> {
        if self.is_running() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.state)
            .with_context(|| format!("failed to make {}", self.state.display()))?;
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("failed to open {}", self.log.display()))?;
        let already = log.metadata().map_or(0, |metadata| metadata.len());
        let breakfix = std::env::current_exe().context("failed to find breakfix's own program")?;
        let mut child = Command::new(breakfix)
            .args([
                "simulate",
                "--detached",
                "--clock",
                &pace.to_string(),
                "--state",
            ])
            .arg(&self.state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("failed to start the simulator")?;
        self.await_ready(&mut child, already)
    }

    fn await_ready(&self, child: &mut Child, already: u64) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let log = std::fs::read(&self.log).unwrap_or_default();
            let said = log.get(usize::try_from(already)?..).unwrap_or_default();
            let said = String::from_utf8_lossy(said);
            if said.contains("simulator ready") {
                return Ok(());
            }
            let ended = child.try_wait()?;
            // Somebody else has started it at the same time, and was faster.
            if ended.is_some() && self.is_running() {
                return Ok(());
            }
            if let Some(status) = ended.filter(|_| !durability::is_held(&self.state)) {
                bail!("the simulator ended ({status}): {}", said.trim());
            }
            if started.elapsed() > START_LIMIT {
                // It is ours, and nobody knows of it yet.
                let _ = child.kill();
                bail!(
                    "the simulator is not ready after {} s: {}",
                    START_LIMIT.as_secs(),
                    said.trim()
                );
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Has its time stand still and ends it. Whoever serves the world again goes on from this moment.
    pub(super) fn freeze(&self, pace: Pace) -> anyhow::Result<()> {
        if !self.is_running() && durability::is_frozen(&self.state) {
            return Ok(());
        }
        self.ensure(pace)?;
        self.control()?.ask("POST", "freeze")?;
        self.stop()
    }

    /// Serves its world, whose time flows again.
    pub(super) fn thaw(&self, pace: Pace) -> anyhow::Result<()> {
        self.ensure(pace)?;
        self.control()?.ask("POST", "thaw").map(drop)
    }

    /// breakfix's own clients. World time that they wait for passes at once where `jumps`.
    pub(super) async fn connect(&self, jumps: bool) -> anyhow::Result<Cloud> {
        let path = self.clients().join(ACCESS);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let operator: Operator = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what the simulator left", path.display()))?;
        let endpoint = Endpoint::Simulator {
            url: operator.url,
            access_key: operator.access_key,
            secret_key: operator.secret_key,
        };
        let names = (&*operator.account, &*operator.region, &*operator.cluster);
        let kubernetes = Access::Kubeconfig(operator.kubeconfig);
        let control = Control::find(Some(&self.state))?;
        Ok(Cloud::connect(endpoint, names, kubernetes, pause(control, jumps)).await?)
    }

    /// Ends it, and waits until it is gone. One that is only starting is awaited, and ended then.
    pub(super) fn stop(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while durability::is_held(&self.state) {
            if started.elapsed() > STOP_LIMIT {
                bail!("the simulator of {} does not end", self.state.display());
            }
            if let Ok(control) = Control::find(Some(&self.state)) {
                let _ = control.ask("POST", "stop");
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

fn pause(control: Control, jumps: bool) -> Pause {
    let control = Arc::new(control);
    Arc::new(move |duration| {
        let control = Arc::clone(&control);
        Box::pin(async move {
            if !jumps {
                return tokio::time::sleep(duration).await;
            }
            let advance =
                move || control.ask("POST", &format!("advance?micros={}", duration.as_micros()));
            // Whoever waits looks again, and finds out that the simulator is gone.
            let _ = tokio::task::spawn_blocking(advance).await;
        })
    })
}
