//! What happened: events while a run goes on, and its final value. The one file of plain data
//! in which those who do (`run`, `session`) and those who read (`report`, `live`) meet.

pub mod health;
pub mod merged;
pub mod offer;
pub mod progress;
pub mod proof;
pub mod standing;

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use crate::language::{Language, Message};
use crate::message;

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
    /// A pass on a retry counts as one (`--allow-flaky`).
    pub allow_flaky: bool,
    /// Real time from start to end.
    pub duration: Duration,
    /// Drift of documented output makes the content wrong (`--documented=fail`).
    pub drift_fails: bool,
    /// Set when other machines run the other labs.
    pub shard: Option<ShardOutcome>,
}

/// Which of several machines found it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardOutcome {
    /// Counted from 1.
    pub index: usize,
    pub count: usize,
    /// The labs of all shards, in order.
    pub labs: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabOutcome {
    pub lab: String,
    pub steps: Vec<StepOutcome>,
    /// Blocks that were not meant to run, each with its reason: no skip goes uncounted.
    pub skipped: Vec<SkippedBlock>,
    /// Calls of the `hook-suite.sh` files around the lab that happened in its environment, in order.
    pub suite_hooks: Vec<SuiteHookOutcome>,
    /// The scenario's verdicts after the steps; empty when the lab ran without a scenario.
    pub checks: Vec<CheckOutcome>,
    /// What undoing could not remove, by name.
    pub leftovers: Vec<String>,
    /// Set when we could not find out: the environment failed, not the learner.
    pub error: Option<String>,
    /// The file that holds all output in full.
    pub log: Option<PathBuf>,
    /// The directory with everything about a lab that failed.
    pub bundle: Option<PathBuf>,
    /// Real time, with all that was done around the steps.
    pub duration: Duration,
}

/// A block that is no step, such as one with `test=false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedBlock {
    pub page: PathBuf,
    /// Line of the block's fence, counted from 1.
    pub line: usize,
    pub reason: String,
}

/// One call of a `hook-suite.sh`.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteHookOutcome {
    pub script: PathBuf,
    pub phase: HookPhase,
    /// Never `Flaky`; a failure is a [`Failure::Hook`].
    pub result: StepResult,
    /// Real time.
    pub duration: Duration,
    /// Both streams in order of arrival, capped.
    pub output: Vec<(Stream, Vec<u8>)>,
    /// Bytes dropped from `output` by the cap.
    pub dropped: u64,
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
    pub kind: Cow<'static, str>,
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
    /// For whoever asks how it becomes met; `None` when it is, or nobody knows.
    pub advice: Option<Advice>,
}

/// What helps with a check that is not met, without giving the repair away.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice<Text = String> {
    /// Where to look.
    pub look: Text,
    /// What kind of repair this reason asks for.
    pub how: Text,
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

/// What a check comes to. Its texts are said in a language, or are messages that are not yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<Text = String> {
    Met,
    /// Still converging.
    NotYet {
        /// What is awaited, and what may be done instead of waiting.
        awaiting: Text,
        /// How long that has been going on, in the environment's time; `None` where it cannot be known.
        since: Option<Duration>,
        /// How long it usually takes, in words: "1 to 3 minutes".
        typical: Option<Text>,
    },
    NotMet {
        expected: Text,
        observed: Text,
        reason: Option<Text>,
    },
    /// Denied, throttled, unreachable.
    CannotTell {
        why: Text,
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

/// From the one that tells most to the one that tells least: the first that applies is told.
const EXITS_BY_WEIGHT: [Exit; 8] = [
    Exit::Interrupted,
    Exit::Usage,
    Exit::Content,
    Exit::Leftovers,
    Exit::CannotTell,
    Exit::Failed,
    Exit::NotYet,
    Exit::Met,
];

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
        let of_labs = self.labs.iter().map(|lab| lab.exit(self.allow_flaky));
        let interrupted = self.interrupted.then_some(Exit::Interrupted);
        let drifted = self.drift_fails && self.drifts().next().is_some();
        let drifted = drifted.then_some(Exit::Content);
        first_that_applies(of_labs.chain(interrupted).chain(drifted))
    }
}

impl LabOutcome {
    /// What the run would exit with if this were its only lab.
    pub fn exit(&self, allow_flaky: bool) -> Exit {
        let of_steps = self.steps.iter().map(|step| step.result.exit(allow_flaky));
        let of_hooks = self
            .suite_hooks
            .iter()
            .map(|hook| hook.result.exit(allow_flaky));
        let of_checks = self.checks.iter().map(|check| check.verdict.exit());
        let leftovers = (!self.leftovers.is_empty()).then_some(Exit::Leftovers);
        let error = self.error.as_ref().map(|_| Exit::CannotTell);
        first_that_applies(
            of_steps
                .chain(of_hooks)
                .chain(of_checks)
                .chain(leftovers)
                .chain(error),
        )
    }
}

impl StepResult {
    /// What this result alone makes of the exit code.
    pub fn exit(&self, allow_flaky: bool) -> Exit {
        match self {
            StepResult::Pass | StepResult::Skip(_) => Exit::Met,
            StepResult::Flaky { .. } if allow_flaky => Exit::Met,
            StepResult::Fail(_) | StepResult::Timeout(_) | StepResult::Flaky { .. } => Exit::Failed,
            StepResult::Interrupted => Exit::Interrupted,
        }
    }
}

impl Verdict {
    /// In a line of English, for a message about something that is not met.
    pub fn explained(&self) -> String {
        self.told().to_string()
    }

    /// In a line, for a message about something that is not met.
    pub fn told(&self) -> Message {
        match self {
            Verdict::Met => message!("verdict-met"),
            Verdict::NotYet { awaiting, .. } => message!("verdict-awaiting", awaiting = awaiting),
            Verdict::NotMet {
                expected, observed, ..
            } => message!(
                "verdict-expected-observed",
                expected = expected,
                observed = observed
            ),
            Verdict::CannotTell { why } => message!("verdict-unknown", why = why),
        }
    }
}

impl Advice<Message> {
    /// In a language.
    pub fn to(&self, language: Language) -> Advice {
        Advice {
            look: self.look.to(language),
            how: self.how.to(language),
        }
    }
}

impl Verdict<Message> {
    /// In a language.
    pub fn to(&self, language: Language) -> Verdict {
        let said = |message: &Message| message.to(language);
        match self {
            Verdict::Met => Verdict::Met,
            Verdict::NotYet {
                awaiting,
                since,
                typical,
            } => Verdict::NotYet {
                awaiting: said(awaiting),
                since: *since,
                typical: typical.as_ref().map(said),
            },
            Verdict::NotMet {
                expected,
                observed,
                reason,
            } => Verdict::NotMet {
                expected: said(expected),
                observed: said(observed),
                reason: reason.as_ref().map(said),
            },
            Verdict::CannotTell { why } => Verdict::CannotTell { why: said(why) },
        }
    }
}

impl<Text> Verdict<Text> {
    /// What this verdict alone makes of the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Verdict::Met => Exit::Met,
            Verdict::NotYet { .. } => Exit::NotYet,
            Verdict::NotMet { .. } => Exit::Failed,
            Verdict::CannotTell { .. } => Exit::CannotTell,
        }
    }
}

impl Exit {
    /// The one of the two that comes first in the documented list.
    pub fn or_heavier(self, other: Exit) -> Exit {
        first_that_applies([self, other].into_iter())
    }
}

fn first_that_applies(exits: impl Iterator<Item = Exit>) -> Exit {
    let weight = |exit: &Exit| EXITS_BY_WEIGHT.iter().position(|known| known == exit);
    exits.min_by_key(weight).unwrap_or(Exit::Met)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(results: &[StepResult], verdicts: &[Verdict]) -> LabOutcome {
        let step = |result: &StepResult| StepOutcome {
            number: 1,
            id: "1".to_owned(),
            title: "A step".to_owned(),
            page: "page.md".into(),
            line: 1,
            result: result.clone(),
            commands: Vec::new(),
            duration: Duration::ZERO,
            world: Duration::ZERO,
            notes: Vec::new(),
        };
        let check = |verdict: &Verdict| CheckOutcome {
            id: "check".to_owned(),
            title: "A check".to_owned(),
            kind: CheckKind::Condition,
            verdict: verdict.clone(),
            warnings: Vec::new(),
            advice: None,
        };
        LabOutcome {
            steps: results.iter().map(step).collect(),
            checks: verdicts.iter().map(check).collect(),
            ..LabOutcome::default()
        }
    }

    fn run(lab: LabOutcome) -> RunOutcome {
        RunOutcome {
            labs: vec![LabOutcome::default(), lab],
            ..RunOutcome::default()
        }
    }

    #[test]
    fn the_exit_code_is_the_first_that_applies() {
        let failed = StepResult::Timeout("timeout=1".to_owned());
        let not_yet = Verdict::NotYet {
            awaiting: "a node".to_owned(),
            since: None,
            typical: None,
        };
        let unknown = Verdict::CannotTell {
            why: "denied".to_owned(),
        };
        let mut outcome = run(lab(&[StepResult::Pass], &[Verdict::Met]));
        assert_eq!(outcome.exit(), Exit::Met);
        outcome.labs.push(lab(&[], &[not_yet]));
        assert_eq!(outcome.exit(), Exit::NotYet);
        outcome.labs.push(lab(&[failed], &[]));
        assert_eq!(outcome.exit(), Exit::Failed);
        outcome.labs.push(lab(&[], &[unknown]));
        assert_eq!(outcome.exit(), Exit::CannotTell);
        outcome.labs[0].leftovers.push("a key".to_owned());
        assert_eq!(outcome.exit(), Exit::Leftovers);
        outcome.interrupted = true;
        assert_eq!(outcome.exit(), Exit::Interrupted);
    }

    #[test]
    fn a_flaky_step_passes_only_where_that_is_allowed() {
        let mut outcome = run(lab(&[StepResult::Flaky { failures: 1 }], &[]));
        assert_eq!(outcome.exit(), Exit::Failed);
        outcome.allow_flaky = true;
        assert_eq!(outcome.exit(), Exit::Met);
    }
}
