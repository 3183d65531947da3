//! The command line: clap's types, each of which turns into a plain request of its verb. Nothing
//! below `commands` sees clap.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::run::{Backend, Documented, RunRequest};
use crate::commands::simulate::SimulateRequest;
use crate::report::Format;
use crate::simulator::clock::Pace;

/// Runs break/fix workshop labs: breaks an environment on purpose, runs the lesson, proves the repair.
///
/// By default everything happens on an embedded simulator of the AWS and Kubernetes APIs, against
/// which the unmodified `aws`, `kubectl` and `jq` work: no account, no cost.
#[derive(Debug, Parser)]
#[command(name = "breakfix", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Say more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    #[command(subcommand)]
    pub verb: Verb,
}

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
    /// Run the steps of lessons, against a broken scenario if they name one, and judge the repair
    Run(RunArguments),
    /// Serve the simulator alone and print the environment that leads clients to it
    Simulate(SimulateArguments),
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Lessons: Markdown files, or directories of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Scenario to inject [default: the one that the lesson's front matter names]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Where the lesson's commands act
    #[arg(long, value_enum, default_value_t = On::Simulator)]
    on: On,

    /// How fast the simulator's time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "instant", value_name = "CLOCK")]
    clock: Pace,

    /// Leave the world as it is after the steps: do not undo, serve it until Ctrl-C
    #[arg(long)]
    keep: bool,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,

    /// What it means when a command prints other than the lesson shows
    #[arg(long, value_enum, value_name = "MEANING", default_value_t = OnDrift::Report)]
    documented: OnDrift,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnDrift {
    /// One line in the report; more with -v
    Report,
    /// The lesson is wrong: exit code 3
    Fail,
    /// Do not compare
    Ignore,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportFormat {
    /// For people
    Terminal,
    /// For programs: one versioned JSON document
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    /// The embedded simulator: no account, no cost
    Simulator,
    /// A real AWS account
    Aws,
    /// The shell alone: no scenario, the environment as it is
    None,
}

#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// How fast time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "real", value_name = "CLOCK")]
    clock: Pace,
}

impl RunArguments {
    pub fn into_request(self, verbose: u8) -> RunRequest {
        RunRequest {
            paths: self.paths,
            scenario: self.scenario,
            backend: match self.on {
                On::Simulator => Backend::Simulator,
                On::Aws => Backend::Aws,
                On::None => Backend::Nothing,
            },
            pace: self.clock,
            keep: self.keep,
            scenarios: self.scenarios,
            documented: match self.documented {
                OnDrift::Report => Documented::Report,
                OnDrift::Fail => Documented::Fail,
                OnDrift::Ignore => Documented::Ignore,
            },
            format: match self.format {
                ReportFormat::Terminal => Format::Terminal,
                ReportFormat::Json => Format::Json,
            },
            verbose: verbose > 0,
        }
    }
}

impl SimulateArguments {
    pub fn into_request(self) -> SimulateRequest {
        SimulateRequest { pace: self.clock }
    }
}
