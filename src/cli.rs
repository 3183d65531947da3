//! The command line: clap's types, each of which turns into a plain request of its verb. Nothing
//! below `commands` sees clap.

pub mod authors;
pub mod help;
mod jobs;
mod learner;
pub mod lesson;
pub mod life;
mod lint;
mod lsp;
mod run;
mod runs;
mod sessions;
mod simulate;

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use self::authors::{ProveArguments, ScenarioArguments};
use self::learner::{
    AnswerArguments, HintArguments, ReportArguments, RunStepArguments, SolveArguments,
    StatusArguments, WatchArguments,
};
use self::run::{PlanArguments, RunArguments};
use self::sessions::{
    CheckArguments, EnvArguments, FinishArguments, ListArguments, ReapArguments, StartArguments,
};
use self::simulate::SimulateArguments;
use crate::language::{Language, Message};
use crate::message;
use crate::report::Format;

/// Runs break/fix workshop labs: breaks an environment on purpose, runs the lesson, proves the repair.
///
/// By default everything happens on an embedded simulator of the AWS and Kubernetes APIs, against
/// which the unmodified `aws`, `kubectl` and `jq` work: no account, no cost.
#[derive(Debug, Parser)]
#[command(name = "breakfix", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// Say more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Language of messages: `en` or `ja` [default: the session's, else the locale's]
    #[arg(long, global = true, env = "BREAKFIX_LANG", value_name = "LANGUAGE", value_parser = language)]
    pub lang: Option<Language>,

    /// Plain text for screen readers and logs: no colours, no spinners, no redrawing, no pager
    #[arg(long, global = true)]
    pub plain: bool,

    #[command(subcommand)]
    pub verb: Option<Verb>,
}

fn language(text: &str) -> Result<Language, Said> {
    Language::of_tag(text).ok_or_else(|| Said(message!("argument-language")))
}

/// What is wrong with an argument's value.
#[derive(Debug, Clone)]
pub struct Said(pub Message);

/// In English, as clap shows it.
impl std::fmt::Display for Said {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(to)
    }
}

impl std::error::Error for Said {}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything passed, all checks are met
  1    a step failed, or a check is not met
  2    the command line makes no sense, or selects nothing
  3    the content is wrong
  4    cannot tell: the environment failed
  5    resources that we made are still there
  6    not yet: still converging
  130  interrupted (INT, TERM, HUP)";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the scenarios that there are, and how to start one
    List(lesson::ListScenariosArguments),
    /// Look whether this machine has what labs need
    ///
    /// And an account, if you name one; and how to mend what is lacking.
    Doctor(lesson::DoctorArguments),
    /// Tell every mistake and doubt about lessons, before anything runs
    ///
    /// All that `plan` tells, and rules about commands, hooks, translations and scenarios. `breakfix explain` says
    /// what they are; breakfix.toml and comments in a page allow what is meant so.
    Lint(lint::LintArguments),
    /// Explain a rule of `lint`, with what fails it and what passes
    Explain(lint::ExplainArguments),
    /// Serve an editor that speaks the language server protocol, over stdin and stdout
    ///
    /// Diagnostics of `lint` while you write, completion, meanings, ways to hooks and scenarios, mends.
    Lsp(lsp::LspArguments),
    /// Show what a run would do: every page, step, command, limit, hook and skip, and every mistake
    Plan(PlanArguments),
    /// Run the steps of lessons, against a broken scenario if they name one, and judge the repair
    Run(Box<RunArguments>),
    /// Put together the JSON reports of runs that shared the labs, and tell what the whole came to
    Merge(runs::MergeArguments),
    /// Run lessons, and rewrite the documented output that drifted
    ///
    /// Only that: lines and values that agree by their form, elisions `...`, pointers `<<<---`, indentation and
    /// everything outside of outputs stay byte for byte. A command that shows no output gets none: its author chose
    /// so. A page whose step fails, or into which a secret would be written, is left as it is.
    Bless(Box<authors::BlessArguments>),
    /// Begin something: a lab or a scenario that works at once
    New(authors::NewArguments),
    /// Break an environment for a learner, and leave it so until `finish`
    Start(StartArguments),
    /// Say where you stand in the lesson, and what is next
    Status(StatusArguments),
    /// Read the lesson, or what belongs to one step of it
    Show(lesson::ShowArguments),
    /// Run the lesson's commands of a step in the session's environment
    RunStep(RunStepArguments),
    /// State what you found out for a step that asks
    Answer(AnswerArguments),
    /// Get help with a step, a little more each time
    Hint(HintArguments),
    /// Have breakfix do what is open up to a step; it is marked as assisted
    Solve(SolveArguments),
    /// Write down what you did: each step with its evidence
    Report(ReportArguments),
    /// Look again whenever something relevant happened
    Watch(WatchArguments),
    /// Say where the repair stands, by what is observed now
    Check(CheckArguments),
    /// Print what leads a terminal to the session's environment: eval "$(breakfix env)"
    Env(EnvArguments),
    /// List the sessions that are open
    Sessions(ListArguments),
    /// Take everything back that a session made, and prove that nothing is left
    Finish(FinishArguments),
    /// Go back to the broken state, as it was at the beginning
    Reset(life::ResetArguments),
    /// Let a session rest
    ///
    /// The simulator's time stands still; on a real account no node costs anything.
    Pause(life::PauseArguments),
    /// Go on after a pause
    ///
    /// The pause does not count as the session's time.
    Resume(life::PauseArguments),
    /// Let a session live longer
    Extend(life::ExtendArguments),
    /// Open a shell that has the session's environment
    ///
    /// Its prompt shows the step. Or run one command so.
    Shell(life::ShellArguments),
    /// Listen to the AWS CLI of a session on a real account
    #[command(hide = true)]
    Observe(life::ObserveArguments),
    /// Remove from an account what breakfix made there, by its tags alone
    Reap(ReapArguments),
    /// Prove scenarios: broken is refused, wrong fixes are refused, solutions are accepted, nothing is left
    Prove(ProveArguments),
    /// What authors of scenarios need: the schema, and every mistake without running anything
    Scenario(ScenarioArguments),
    /// Serve the simulator alone and print the environment that leads clients to it
    Simulate(SimulateArguments),
    /// Print the line that has your shell complete scenarios, sessions and steps
    Completions(lesson::CompletionsArguments),
    /// Write the manual page
    Man(lesson::ManArguments),
}

/// Seconds, or a number with `s`, `m` or `h`; more than nothing.
fn duration(text: &str) -> Result<Duration, Said> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let seconds = number.parse::<u64>().ok();
    let seconds = seconds.and_then(|number| number.checked_mul(unit));
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(Said(message!("argument-duration"))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people
    Terminal,
    /// For programs: one versioned JSON document
    Json,
}

impl From<ReportFormat> for Format {
    fn from(format: ReportFormat) -> Format {
        match format {
            ReportFormat::Terminal => Format::Terminal,
            ReportFormat::Json => Format::Json,
        }
    }
}

impl ReportFormat {
    fn is_json(self) -> bool {
        matches!(self, ReportFormat::Json)
    }
}
