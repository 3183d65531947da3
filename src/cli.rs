//! The command line: clap's types, each of which turns into a plain request of its verb. Nothing
//! below `commands` sees clap.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::run::report_files::ReportRequest;
use crate::commands::run::{Backend, RunRequest};
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

    /// How to report on stdout [default: terminal]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,

    /// Write a report to a file, `-` for stdout; may be given several times. Kinds: terminal, json,
    /// timing, junit, github, summary (without a path: into $GITHUB_STEP_SUMMARY)
    #[arg(long = "report", value_name = "KIND=PATH",
          value_parser = OsStringValueParser::new().try_map(|text| ReportRequest::parse(&text)))]
    reports: Vec<ReportRequest>,

    /// Let a step pass that passes on a retry only
    #[arg(long)]
    allow_flaky: bool,
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
    /// A real AWS account (not built yet: refused)
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
            format: self.format.map(|format| match format {
                ReportFormat::Terminal => Format::Terminal,
                ReportFormat::Json => Format::Json,
            }),
            reports: self.reports,
            allow_flaky: self.allow_flaky,
            verbose: verbose > 0,
        }
    }
}

impl SimulateArguments {
    pub fn into_request(self) -> SimulateRequest {
        SimulateRequest { pace: self.clock }
    }
}
