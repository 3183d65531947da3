//! What happened: events while a run goes on, and its final value. The one file of plain data
//! in which those who do (`run`, `session`) and those who read (`report`, `live`) meet.

use std::path::PathBuf;
use std::time::Duration;

/// Something worth telling while a run goes on, in the order in which it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stage outside the lesson, such as "injecting missing-worker-nodes".
    Stage {
        text: String,
    },
    LabStarted {
        lab: String,
        steps: usize,
    },
    StepStarted {
        number: usize,
        of: usize,
        title: String,
        limit: Duration,
    },
    CommandStarted {
        line: usize,
        text: String,
    },
    /// A chunk of output as it arrived; not necessarily whole lines or valid UTF-8.
    Output {
        stream: Stream,
        bytes: Vec<u8>,
    },
    /// The step sits in its `wait=` or runs a hook; `what` says which.
    Pausing {
        what: String,
        limit: Duration,
    },
    StepFinished {
        outcome: StepOutcome,
    },
    LabFinished {
        lab: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Everything a run found out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunOutcome {
    pub labs: Vec<LabOutcome>,
    pub interrupted: bool,
    /// Real time from start to end.
    pub duration: Duration,
    /// Drift of documented output makes the content wrong (`--documented=fail`).
    pub drift_fails: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabOutcome {
    pub lab: String,
    pub steps: Vec<StepOutcome>,
    /// Blocks that were not meant to run, each with its reason: no skip goes uncounted.
    pub skipped: Vec<SkippedBlock>,
    /// The scenario's verdicts after the steps; empty when the lab ran without a scenario.
    pub checks: Vec<CheckOutcome>,
    /// What undoing could not remove, by name.
    pub leftovers: Vec<String>,
    /// Set when we could not find out: the environment failed, not the learner.
    pub error: Option<String>,
    /// The file that holds all output in full.
    pub log: Option<PathBuf>,
}

/// A block that is no step, such as one with `test=false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedBlock {
    pub page: PathBuf,
    /// Line of the block's fence, counted from 1.
    pub line: usize,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StepOutcome {
    pub number: usize,
    pub id: String,
    pub title: String,
    pub page: PathBuf,
    /// Line of the block's fence, counted from 1.
    pub line: usize,
    pub result: StepResult,
    pub commands: Vec<CommandOutcome>,
    /// Real time; `world` is the time that passed in the lab's world (they differ when the clock jumps).
    pub duration: Duration,
    pub world: Duration,
    /// Things the reader should know although the step's result stands,
    /// such as "expectError=true, but nothing failed".
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StepResult {
    Pass,
    Fail(Failure),
    /// A limit fired; the text names which limit and where it was written.
    Timeout(String),
    Skip(String),
    /// Passed on a retry after failing `failures` times.
    Flaky {
        failures: usize,
    },
    Interrupted,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The command at this index of `StepOutcome::commands` ended with a non-zero status.
    Command { index: usize },
    /// `expectError=must`, and nothing failed.
    NothingFailed,
    /// The command at this index replaced or killed bash (`exec`, `kill -9 $$`) with more to come.
    ShellLost { index: usize },
    Hook {
        name: String,
        phase: HookPhase,
        detail: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookPhase {
    Before,
    After,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CommandOutcome {
    /// Line of the command's first line in its page, counted from 1.
    pub line: usize,
    pub text: String,
    /// `None` when the command never ended by itself (a limit, an interrupt, a lost shell).
    pub exit_code: Option<i32>,
    pub duration: Duration,
    /// Both streams in order of arrival, capped; the full log is at `StepOutcome`'s run log.
    pub output: Vec<(Stream, Vec<u8>)>,
    /// Bytes dropped from `output` by the cap.
    pub dropped: u64,
    /// Where the page's documented output and this one part.
    pub drift: Option<Drift>,
}

/// Documented output that is not what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Line of the page, counted from 1.
    pub line: usize,
    /// What differs, in one or two words for programs: `value`, `wrapper gone`.
    pub kind: &'static str,
    /// What the page shows.
    pub expected: String,
    /// What came.
    pub found: String,
    /// One sentence for the author.
    pub why: String,
}

/// One named predicate over the observed world, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOutcome {
    pub id: String,
    pub title: String,
    pub kind: CheckKind,
    pub verdict: Verdict,
    /// True but unwise, e.g. a grant wider than needed.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// True while the scenario is broken.
    Symptom,
    /// True when it is repaired.
    Condition,
    /// Must stay true: a repair that breaks it is refused.
    Invariant,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Met,
    /// Still converging; says what is awaited.
    NotYet {
        awaiting: String,
    },
    NotMet {
        expected: String,
        observed: String,
        reason: Option<String>,
    },
    /// Denied, throttled, unreachable.
    CannotTell {
        why: String,
    },
}

/// The process's exit code: the one documented list (README, "Exit codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything passed and all checks are met.
    Met = 0,
    /// A step failed, or a check is not met.
    Failed = 1,
    /// The command line makes no sense, or selects nothing.
    Usage = 2,
    /// The content is wrong.
    Content = 3,
    /// We cannot tell: the environment failed.
    CannotTell = 4,
    /// Resources we made are still there.
    Leftovers = 5,
    /// Still converging.
    NotYet = 6,
    /// INT, TERM or HUP.
    Interrupted = 130,
}

impl StepOutcome {
    /// Drift of the documented output of its commands.
    pub fn drifts(&self) -> impl Iterator<Item = &Drift> {
        let commands = self.commands.iter();
        commands.filter_map(|command| command.drift.as_ref())
    }
}

impl RunOutcome {
    /// Every drift of documented output, with its step.
    pub fn drifts(&self) -> impl Iterator<Item = (&StepOutcome, &Drift)> {
        let steps = self.labs.iter().flat_map(|lab| &lab.steps);
        steps.flat_map(|step| step.drifts().map(move |drift| (step, drift)))
    }

    /// The first that applies, in the order of the documented list: 130, 3, 5, 4, 1, 6, else 0.
    pub fn exit(&self) -> Exit {
        let checks = || {
            self.labs
                .iter()
                .flat_map(|lab| &lab.checks)
                .map(|check| &check.verdict)
        };
        let steps = || {
            self.labs
                .iter()
                .flat_map(|lab| &lab.steps)
                .map(|step| &step.result)
        };
        if self.interrupted {
            Exit::Interrupted
        } else if self.drift_fails && self.drifts().next().is_some() {
            Exit::Content
        } else if self.labs.iter().any(|lab| !lab.leftovers.is_empty()) {
            Exit::Leftovers
        } else if self.labs.iter().any(|lab| lab.error.is_some())
            || checks().any(|verdict| matches!(verdict, Verdict::CannotTell { .. }))
        {
            Exit::CannotTell
        } else if checks().any(|verdict| matches!(verdict, Verdict::NotMet { .. }))
            || steps().any(|result| {
                matches!(
                    result,
                    StepResult::Fail(_) | StepResult::Timeout(_) | StepResult::Flaky { .. }
                )
            })
        {
            Exit::Failed
        } else if checks().any(|verdict| matches!(verdict, Verdict::NotYet { .. })) {
            Exit::NotYet
        } else {
            Exit::Met
        }
    }
}
