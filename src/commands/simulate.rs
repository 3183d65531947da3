//! `breakfix simulate`: the simulator alone, until a signal comes.

use super::scratch::Scratch;
use super::{interrupt, output, runtime};
use crate::outcome::Exit;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;
use crate::simulator::environment::Variable;
use crate::simulator::{Configuration, Simulator};

/// What to serve.
#[derive(Debug, Clone)]
pub struct SimulateRequest {
    pub pace: Pace,
    /// Trouble for whoever calls.
    pub chaos: Chaos,
}

/// Serves until INT, TERM or HUP; prints what to export first.
///
/// # Errors
/// When the simulator cannot be started.
pub fn simulate(request: SimulateRequest) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        // Before anybody is told that the simulator is ready, and may end it.
        let interrupted = interrupt::first()?;
        // Locked like a run's: the next run must not take it for a dead one's.
        let directory = Scratch::new(&std::env::temp_dir())?;
        let simulator = Simulator::start(Configuration {
            pace: request.pace,
            chaos: request.chaos,
            ..Configuration::default()
        })
        .await?;
        let environment = simulator.environment(directory.path(), &simulator.learner_key())?;
        output::say(&exports(&environment));
        output::complain("simulator ready; Ctrl-C ends it");
        interrupted.await;
        simulator.stop().await;
        Ok(Exit::Met)
    })
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
