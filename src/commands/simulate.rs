//! `breakfix simulate`: the simulator alone, until a signal comes.

pub mod look;

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::scratch::Scratch;
use super::{background, interrupt, output, runtime};
use crate::outcome::Exit;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;
use crate::simulator::environment::Variable;
use crate::simulator::{Configuration, Simulator};

/// Between two looks at whether the world's directory is still there.
const LOOK: Duration = Duration::from_secs(1);

/// To serve a world, or to look into one that is served elsewhere.
#[derive(Debug, Clone)]
pub enum SimulateRequest {
    Serve(ServeRequest),
    Look(look::LookRequest),
}

/// What to serve.
#[derive(Debug, Clone)]
pub struct ServeRequest {
    pub pace: Pace,
    /// Trouble for whoever calls.
    pub chaos: Chaos,
    /// Where the world is kept; without, it goes with the process.
    pub state: Option<PathBuf>,
    /// Leave the terminal, so that closing it ends nothing.
    pub detached: bool,
}

/// Serves until INT, TERM or HUP; prints what to export first.
///
/// # Errors
/// When the simulator cannot be started.
pub fn serve(request: &ServeRequest) -> anyhow::Result<Exit> {
    let place = request.state.as_deref().and_then(place_of);
    let mut state = request.state.clone();
    if request.detached {
        // Fails for a process that leads its group already, which no terminal's end reaches either.
        let _ = rustix::process::setsid();
        // Whoever gave it up meanwhile has removed its directory, or is about to: within it none can be made again.
        if let Some(state) = &mut state {
            std::env::set_current_dir(&state)
                .with_context(|| format!("there is no directory {}", state.display()))?;
            *state = PathBuf::from(".");
        }
    }
    runtime()?.block_on(async {
        // Before anybody is told that the simulator is ready, and may end it.
        let interrupted = interrupt::first()?;
        let simulator = Simulator::start(Configuration {
            pace: request.pace,
            chaos: request.chaos.clone(),
            state,
            ..Configuration::default()
        })
        .await?;
        // Locked like a run's: the next run must not take it for a dead one's.
        let scratch = Scratch::new(&std::env::temp_dir())?;
        let directory = match &request.state {
            Some(state) => kept_files(state)?,
            None => scratch.path().to_owned(),
        };
        let environment = simulator.environment(&directory, &simulator.learner_key())?;
        output::say(&exports(&environment));
        if request.state.is_some() {
            background::leave_access(&directory, &simulator, &environment)?;
        }
        output::complain("simulator ready; Ctrl-C ends it");
        tokio::select! {
            () = interrupted => {}
            () = simulator.told_to_stop() => {}
            () = forgotten(request.state.as_deref(), place) => {}
        }
        simulator.stop().await;
        Ok(Exit::Met)
    })
}

/// Device and number of a directory: another one under the same name has others.
fn place_of(directory: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(directory).ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
}

/// Resolves once the directory of the world is gone: then nobody can ever find the way to this simulator. `place` is
/// where it was, `None` if it was not there yet.
async fn forgotten(state: Option<&Path>, place: Option<(u64, u64)>) {
    let Some(state) = state else {
        return std::future::pending().await;
    };
    let place = place.or_else(|| place_of(state));
    while place.is_some() && place_of(state) == place {
        tokio::time::sleep(LOOK).await;
    }
}

/// Where the files that clients read stay as long as the world does.
fn kept_files(state: &Path) -> anyhow::Result<PathBuf> {
    let files = std::path::absolute(state)
        .with_context(|| format!("failed to find {}", state.display()))?
        .join("clients");
    match std::fs::create_dir(&files) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("failed to make {}", files.display()))
        }
        _ => Ok(files),
    }
}

/// The environment as lines for a shell to evaluate.
pub(super) fn exports(environment: &[Variable]) -> String {
    environment
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("export {name}='{}'\n", value.replace('\'', "'\\''")),
            None => format!("unset {name}\n"),
        })
        .collect()
}
