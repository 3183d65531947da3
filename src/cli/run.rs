//! Arguments of `plan` and `run`, and what `bless` shares with them.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum};

use super::sessions::OptionalAccount;
use super::{ReportFormat, duration, jobs, runs};
use crate::commands::content::Selection;
use crate::commands::plan::PlanRequest;
use crate::commands::run::report_files::ReportRequest;
use crate::commands::run::{Backend, Documented, RunRequest, ShellPer};
use crate::config::Config;
use crate::plan::StepSelection;
use crate::report::Format;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

/// What `plan` and `run` are about.
#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// Lessons: Markdown files, or directories of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Only pages whose path below PATH matches; `*` crosses `/`, as in `{module,module/**}`
    #[arg(short, long, value_name = "GLOB")]
    glob: Option<String>,

    /// Only this step, by its number or its `id=`; may be given again
    #[arg(long = "step", value_name = "STEP", conflicts_with_all = ["from", "to"])]
    steps: Vec<String>,

    /// Only from this step on
    #[arg(long, value_name = "STEP")]
    from: Option<String>,

    /// Only up to this step
    #[arg(long, value_name = "STEP")]
    to: Option<String>,

    /// Scenario to inject [default: the one that the lesson's front matter names]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,

    /// The lessons are translations of those in DIR, and take hooks, `.notest` and scenario from there
    /// [default: what the layout `i18n/LANGUAGE` says]
    #[arg(long, value_name = "DIR")]
    source_tree: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    selection: SelectionArguments,

    /// How to show it on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    selection: SelectionArguments,

    /// Where the lesson's commands act
    #[arg(long, value_enum, default_value_t = On::Simulator)]
    on: On,

    /// Which fault: a variant of the scenario, `a+b` for two at once, `random` [default: the scenario's first]
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,

    /// How fast the simulator's time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "instant", value_name = "CLOCK")]
    clock: Pace,

    /// Trouble that the simulator makes for the lab's calls, so that retries are exercised: `throttle=0.1`
    /// and `error=0.05` (shares of requests), `latency=200ms` or `latency=50ms..400ms`, `seed=7`, joined by commas
    #[arg(long, value_name = "TROUBLE")]
    chaos: Option<Chaos>,

    #[command(flatten)]
    account: OptionalAccount,

    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,

    /// Leave the world as it is after the steps: do not undo, serve it until Ctrl-C
    #[arg(long)]
    keep: bool,

    /// How to report on stdout [default: terminal]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,

    /// Write a report to a file, `-` for stdout; may be given several times. Kinds: terminal, json,
    /// timing, junit, github, summary (without a path: into $GITHUB_STEP_SUMMARY)
    #[arg(long = "report", value_name = "KIND=PATH",
          value_parser = OsStringValueParser::new().try_map(|text| ReportRequest::parse(&text)))]
    reports: Vec<ReportRequest>,

    /// Retry failing steps so often, instead of as often as they say; only steps that say
    /// `retries=` are retried
    #[arg(long, value_name = "N")]
    retries: Option<u32>,

    /// Let a step pass that passes on a retry only
    #[arg(long)]
    allow_flaky: bool,

    /// What it means when a command prints other than the lesson shows
    /// [default: that of breakfix.toml, else report]
    #[arg(long, value_enum, value_name = "MEANING")]
    documented: Option<OnDrift>,

    /// Where each lab that fails leaves a directory with its transcript, script, environment, observations, calls and
    /// how to do it again [default: beside the run's logs]
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,

    /// Stay, and look again whenever a file of the content is saved: tell what lint says, and run again from the first
    /// step that changed or did not pass, in the session that is kept
    #[arg(long, conflicts_with_all = ["keep", "format", "reports", "bail", "max_fail", "jobs", "run_timeout",
          "shell_per", "shard", "durations", "rerun_failed", "resume_from"])]
    watch: bool,

    #[command(flatten)]
    part: runs::PartArguments,

    #[command(flatten)]
    shell: ShellArguments,

    #[command(flatten)]
    several: jobs::JobsArguments,
}

/// How steps are run, wherever they act.
#[derive(Debug, Args)]
pub(super) struct ShellArguments {
    /// What shares one shell, with its variables, functions and directory
    #[arg(long, value_enum, default_value_t = PerArgument::Lab, value_name = "SCOPE")]
    pub(super) shell_per: PerArgument,

    /// Stop everything at the first step or suite hook that fails
    #[arg(long)]
    pub(super) bail: bool,

    /// Limit of each page's steps together, in the lab's time: seconds, or `90s`, `5m`, `1h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) page_timeout: Option<Duration>,

    /// Limit of the whole run, in real time: seconds, or `90s`, `5m`, `1h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) run_timeout: Option<Duration>,

    /// Hide this variable's value too; `*_TOKEN`, `*_PASSWORD` and `*_SECRET*` are hidden anyway
    #[arg(long, value_name = "NAME")]
    pub(super) mask: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PerArgument {
    /// Each page starts afresh
    Page,
    /// Pages of a lab share one
    Lab,
    /// All labs share one; only with `--on none`
    Run,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OnDrift {
    /// One line in the report; more with -v
    Report,
    /// The lesson is wrong: exit code 3
    Fail,
    /// Do not compare
    Ignore,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum On {
    /// The embedded simulator: no account, no cost
    Simulator,
    /// A real AWS account, which --account, --region and --cluster must name
    Aws,
    /// The shell alone: no scenario, the environment as it is
    None,
}

impl SelectionArguments {
    pub(super) fn into_selection(self, config: &Config) -> Selection {
        let steps = match (self.steps, self.from, self.to) {
            (steps, None, None) if steps.is_empty() => StepSelection::All,
            (steps, None, None) => StepSelection::These(steps),
            (_, from, to) => StepSelection::Between { from, to },
        };
        Selection {
            paths: self.paths,
            glob: self.glob,
            source_tree: self.source_tree,
            scenario: self.scenario,
            scenarios: self.scenarios.or_else(|| config.scenarios.clone()),
            steps,
        }
    }
}

impl PlanArguments {
    pub fn into_request(self, config: &Config) -> PlanRequest {
        PlanRequest {
            selection: self.selection.into_selection(config),
            json: matches!(self.format, ReportFormat::Json),
        }
    }
}

impl RunArguments {
    pub fn into_request(self, verbose: u8, config: &Config) -> RunRequest {
        let run = &config.run;
        let seconds =
            |limit: Option<NonZeroU32>| limit.map(|limit| Duration::from_secs(limit.get().into()));
        RunRequest {
            selection: self.selection.into_selection(config),
            watch: self.watch,
            part: self.part.into_request(),
            backend: self.on.into_backend(),
            variant: self.variant,
            account: self.account.into_names(),
            yes: self.yes,
            pace: self.clock,
            chaos: self.chaos.unwrap_or_default(),
            keep: self.keep,
            format: self.format.map(Format::from),
            reports: self.reports,
            retries: self.retries.or(run.retries),
            allow_flaky: self.allow_flaky || run.allow_flaky.unwrap_or_default(),
            documented: match self.documented {
                Some(asked) => asked.into(),
                None => run.documented.unwrap_or_default(),
            },
            verbose: verbose > 0,
            shell_per: self.shell.shell_per.into(),
            bail: self.shell.bail,
            max_fail: match self.shell.bail {
                true => None,
                false => self.several.max_fail(run),
            },
            jobs: self.several.jobs(run),
            plain: false,
            page_timeout: self.shell.page_timeout.or(seconds(run.page_timeout)),
            run_timeout: self.shell.run_timeout.or(seconds(run.run_timeout)),
            bundle: self.bundle,
            mask: [self.shell.mask, run.mask.clone()].concat(),
        }
    }
}

impl From<OnDrift> for Documented {
    fn from(meaning: OnDrift) -> Documented {
        match meaning {
            OnDrift::Report => Documented::Report,
            OnDrift::Fail => Documented::Fail,
            OnDrift::Ignore => Documented::Ignore,
        }
    }
}

impl On {
    pub(super) fn into_backend(self) -> Backend {
        match self {
            On::Simulator => Backend::Simulator,
            On::Aws => Backend::Account,
            On::None => Backend::Nothing,
        }
    }
}

impl From<PerArgument> for ShellPer {
    fn from(per: PerArgument) -> ShellPer {
        match per {
            PerArgument::Page => ShellPer::Page,
            PerArgument::Lab => ShellPer::Lab,
            PerArgument::Run => ShellPer::Run,
        }
    }
}
