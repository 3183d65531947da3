//! What proving a scenario found out.

use std::time::Duration;

use super::{Exit, first_that_applies};

/// One variant of a scenario, proved or not.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofOutcome {
    pub scenario: String,
    /// `key-disabled`, `a+b`, or empty for a scenario without variants.
    pub variant: String,
    pub stages: Vec<StageOutcome>,
    /// Set when we could not find out.
    pub error: Option<String>,
    /// Real time.
    pub duration: Duration,
}

/// One stage of a proof.
#[derive(Debug, Clone, PartialEq)]
pub struct StageOutcome {
    pub stage: Stage,
    /// What is wrong with the scenario; empty when the stage shows what it should.
    pub defects: Vec<String>,
    /// Whether a script with the real clients was run, which takes its time.
    pub by_script: bool,
    /// Real time.
    pub duration: Duration,
}

/// What a stage shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Without a fault no symptom shows and every check is met: it is the fault that breaks.
    Healthy,
    /// Broken: every symptom met, every condition not met, every invariant met.
    Broken,
    /// A wrong fix is refused.
    WrongFix(String),
    /// A solution is accepted.
    Solution(String),
}

impl ProofOutcome {
    pub fn is_proved(&self) -> bool {
        self.error.is_none() && self.stages.iter().all(|stage| stage.defects.is_empty())
    }

    /// What this proof alone makes of the exit code.
    pub fn exit(&self) -> Exit {
        let defect = self.stages.iter().any(|stage| !stage.defects.is_empty());
        let error = self.error.as_ref().map(|_| Exit::CannotTell);
        first_that_applies(defect.then_some(Exit::Content).into_iter().chain(error))
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stage::Healthy => to.write_str("healthy without the fault"),
            Stage::Broken => to.write_str("broken by it"),
            Stage::WrongFix(id) => write!(to, "wrong fix {id} refused"),
            Stage::Solution(id) => write!(to, "solution {id} accepted"),
        }
    }
}
