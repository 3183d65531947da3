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
mod runs;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::learner::{
    AnswerArguments, HintArguments, ReportArguments, RunStepArguments, SolveArguments,
    StatusArguments, WatchArguments,
};
use crate::commands::content::Selection;
use crate::commands::plan::PlanRequest;
use crate::commands::prove::ProveRequest;
use crate::commands::run::report_files::ReportRequest;
use crate::commands::run::{Backend, Documented, RunRequest, ShellPer};
use crate::commands::scenario::{CheckRequest as ScenarioCheckRequest, ScenarioRequest};
use crate::commands::sessions::AccountNames;
use crate::commands::sessions::check::CheckRequest;
use crate::commands::sessions::env::EnvRequest;
use crate::commands::sessions::finish::FinishRequest;
use crate::commands::sessions::reap::ReapRequest;
use crate::commands::sessions::start::{Place, StartRequest};
use crate::commands::simulate::look::{LookRequest, Question};
use crate::commands::simulate::{ServeRequest, SimulateRequest};
use crate::config::Config;
use crate::language::{Language, Message};
use crate::message;
use crate::plan::StepSelection;
use crate::report::Format;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

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

/// What `plan` and `run` are about.
#[derive(Debug, Args)]
struct SelectionArguments {
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

#[derive(Debug, Args)]
pub struct WhichSession {
    /// Session by its id [default: the only one there is]
    #[arg(long, env = "BREAKFIX_SESSION", value_name = "ID")]
    session: Option<String>,
}

#[derive(Debug, Args)]
pub struct EnvArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How to print it on stdout; JSON names every variable, and those to unset are null
    #[arg(long, value_enum, default_value_t = EnvFormat::Shell)]
    format: EnvFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EnvFormat {
    /// Lines for bash and zsh to evaluate
    Shell,
    /// For programs: one versioned JSON document
    Json,
}

impl EnvArguments {
    pub fn into_request(self) -> EnvRequest {
        EnvRequest {
            session: self.which.session,
            json: self.format == EnvFormat::Json,
        }
    }
}

#[derive(Debug, Args)]
pub struct StartArguments {
    /// Scenario to break the environment with
    #[arg(value_name = "SCENARIO")]
    scenario: String,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long = "scenarios", value_name = "DIR")]
    directory: Option<PathBuf>,

    /// Which fault: a variant's name, `a+b` for two at once, `random` for one that is not told
    /// [default: the scenario's first]
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,

    /// Where to break it
    #[arg(long, value_enum, default_value_t = StartOn::Simulator)]
    on: StartOn,

    /// How fast the simulator's time flows for the learner: `real`, `instant` or a speed such as `20x`
    #[arg(long, default_value = "real", value_name = "CLOCK")]
    clock: Pace,

    #[command(flatten)]
    account: OptionalAccount,

    /// How long the session may live before `reap` takes it for forgotten
    #[arg(long, default_value = "8h", value_name = "DURATION", value_parser = duration)]
    ttl: Duration,

    /// On a real account, whether to notice which operations the AWS CLI calls in your terminals: never their
    /// parameters, answers or credentials
    #[arg(long, value_enum, default_value_t = life::Observe::On, value_name = "WHETHER")]
    observe: life::Observe,

    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StartOn {
    /// The embedded simulator, in the background: no account, no cost
    Simulator,
    /// A real AWS account, which --account, --region and --cluster must name
    Aws,
}

/// The names of a real account, for --on aws.
#[derive(Debug, Args)]
struct OptionalAccount {
    /// Account id; the credentials must be of it
    #[arg(long, value_name = "ID", value_parser = account_id, required_if_eq("on", "aws"))]
    account: Option<String>,

    /// Region of the cluster
    #[arg(long, value_name = "REGION", required_if_eq("on", "aws"))]
    region: Option<String>,

    /// EKS cluster, which must carry the tag breakfix:allow=true
    #[arg(long, value_name = "NAME", required_if_eq("on", "aws"))]
    cluster: Option<String>,
}

/// Twelve digits.
fn account_id(text: &str) -> Result<String, Said> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(Said(message!("argument-account")))
    }
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Only what completes this step, such as 7.1 [default: everything]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// You have done the step: for steps of which nothing can be seen
    #[arg(long, requires = "step")]
    done: bool,

    #[command(flatten)]
    which: WhichSession,

    /// Wait so long for what is not met yet: seconds, or `90s`, `5m`, `1h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct FinishArguments {
    #[command(flatten)]
    which: WhichSession,

    /// Every session that is open, also where a terminal is led to one
    #[arg(long)]
    all: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ReapArguments {
    /// Account id; the credentials must be of it
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: String,

    /// Region of the cluster
    #[arg(long, value_name = "REGION")]
    region: String,

    /// EKS cluster, which must carry the tag breakfix:allow=true
    #[arg(long, value_name = "NAME")]
    cluster: String,

    /// Only what this session made, whether its time is over or not
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    session: Option<String>,

    /// Also what belongs to sessions whose time is not over
    #[arg(long)]
    all: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub struct ProveArguments {
    /// Scenarios by name
    #[arg(value_name = "SCENARIO", required_unless_present = "all")]
    scenarios: Vec<String>,

    /// Every scenario that there is
    #[arg(long, conflicts_with = "scenarios")]
    all: bool,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long = "scenarios", value_name = "DIR", id = "directory")]
    directory: Option<PathBuf>,

    /// Only this variant; `a+b` for two faults at once
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,

    /// How many proofs run at once [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Leave out fixes that are scripts, which need the real clients and take longer
    #[arg(long)]
    skip_scripts: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ScenarioArguments {
    #[command(subcommand)]
    verb: ScenarioVerb,
}

#[derive(Debug, Subcommand)]
enum ScenarioVerb {
    /// Print the JSON Schema of `scenario.yaml`
    Schema,
    /// Read scenarios and the files that they name, and show every mistake
    Check {
        /// Scenarios by name [default: every one that there is]
        #[arg(value_name = "SCENARIO")]
        names: Vec<String>,

        /// Directory with scenarios; they come before the built-in ones of the same name
        #[arg(long = "scenarios", value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// How steps are run, wherever they act.
#[derive(Debug, Args)]
struct ShellArguments {
    /// What shares one shell, with its variables, functions and directory
    #[arg(long, value_enum, default_value_t = PerArgument::Lab, value_name = "SCOPE")]
    shell_per: PerArgument,

    /// Stop everything at the first step or suite hook that fails
    #[arg(long)]
    bail: bool,

    /// Limit of each page's steps together, in the lab's time: seconds, or `90s`, `5m`, `1h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    page_timeout: Option<Duration>,

    /// Limit of the whole run, in real time: seconds, or `90s`, `5m`, `1h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    run_timeout: Option<Duration>,

    /// Hide this variable's value too; `*_TOKEN`, `*_PASSWORD` and `*_SECRET*` are hidden anyway
    #[arg(long, value_name = "NAME")]
    mask: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PerArgument {
    /// Each page starts afresh
    Page,
    /// Pages of a lab share one
    Lab,
    /// All labs share one; only with `--on none`
    Run,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnDrift {
    /// One line in the report; more with -v
    Report,
    /// The lesson is wrong: exit code 3
    Fail,
    /// Do not compare
    Ignore,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    /// The embedded simulator: no account, no cost
    Simulator,
    /// A real AWS account, which --account, --region and --cluster must name
    Aws,
    /// The shell alone: no scenario, the environment as it is
    None,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SimulateArguments {
    #[command(subcommand)]
    look: Option<LookVerb>,

    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Args)]
struct ServeArguments {
    /// How fast time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "real", value_name = "CLOCK")]
    clock: Pace,

    /// Trouble that the simulator makes for its clients, so that retries are exercised: `throttle=0.1`
    /// and `error=0.05` (shares of requests), `latency=200ms` or `latency=50ms..400ms`, `seed=7`, joined by commas
    #[arg(long, value_name = "TROUBLE")]
    chaos: Option<Chaos>,

    /// Leave the terminal that it is started from
    #[arg(long, hide = true)]
    detached: bool,

    /// Keep the world in this directory: whoever serves it again, even after a kill, serves the same world on the
    /// same ports
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Looks into a simulator that is running.
#[derive(Debug, Subcommand)]
enum LookVerb {
    /// List every call that was made, oldest first: when, what, by whom, on what, and what came of it
    Events {
        /// Only the calls after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,

        #[command(flatten)]
        which: WhichSimulator,
    },
    /// Tell what is served, what time it is there, and when something will happen next
    Status {
        #[command(flatten)]
        which: WhichSimulator,
    },
    /// Let time pass at once, with everything that happens meanwhile
    Advance {
        /// How long, such as `90s`, `5m` or `2h`
        #[arg(value_name = "TIME", value_parser = crate::commands::sleep::interval)]
        by: Duration,

        #[command(flatten)]
        which: WhichSimulator,
    },
}

#[derive(Debug, Args)]
struct WhichSimulator {
    /// The simulator that keeps its world there; else the one that the environment leads to
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_enum, default_value = "terminal", value_name = "FORMAT")]
    format: LookFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LookFormat {
    Terminal,
    Json,
}

impl SelectionArguments {
    fn into_selection(self, config: &Config) -> Selection {
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

impl ReportFormat {
    fn is_json(self) -> bool {
        matches!(self, ReportFormat::Json)
    }
}

impl OptionalAccount {
    /// All three names, which clap asks for with `--on aws`.
    fn into_names(self) -> Option<AccountNames> {
        Some(AccountNames {
            account: self.account?,
            region: self.region?,
            cluster: self.cluster?,
        })
    }
}

impl StartArguments {
    pub fn into_request(self) -> StartRequest {
        let place = match (self.on, self.account.into_names()) {
            (StartOn::Aws, Some(names)) => Place::Account(names),
            _ => Place::Simulator(self.clock),
        };
        StartRequest {
            scenario: self.scenario,
            directory: self.directory,
            variant: self.variant,
            place,
            time_to_live: self.ttl,
            observe: self.observe == life::Observe::On,
            yes: self.yes,
            json: self.format.is_json(),
        }
    }
}

impl CheckArguments {
    pub fn into_request(self) -> CheckRequest {
        CheckRequest {
            session: self.which.session,
            step: self.step,
            done: self.done,
            wait: self.wait,
            json: self.format.is_json(),
        }
    }
}

impl ListArguments {
    pub fn is_json(&self) -> bool {
        self.format.is_json()
    }
}

impl FinishArguments {
    pub fn into_request(self) -> FinishRequest {
        FinishRequest {
            session: self.which.session,
            all: self.all,
            json: self.format.is_json(),
        }
    }
}

impl ReapArguments {
    pub fn into_request(self) -> ReapRequest {
        ReapRequest {
            account: AccountNames {
                account: self.account,
                region: self.region,
                cluster: self.cluster,
            },
            session: self.session,
            all: self.all,
            yes: self.yes,
        }
    }
}

impl ProveArguments {
    pub fn into_request(self, config: &Config) -> ProveRequest {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        ProveRequest {
            scenarios: self.scenarios,
            directory: self.directory.or_else(|| config.scenarios.clone()),
            variant: self.variant,
            jobs: self.jobs.map_or(processors, usize::from),
            skip_scripts: self.skip_scripts,
            json: matches!(self.format, ReportFormat::Json),
        }
    }
}

impl ScenarioArguments {
    pub fn into_request(self, config: &Config) -> ScenarioRequest {
        match self.verb {
            ScenarioVerb::Schema => ScenarioRequest::Schema,
            ScenarioVerb::Check { names, directory } => {
                let directory = directory.or_else(|| config.scenarios.clone());
                ScenarioRequest::Check(ScenarioCheckRequest { names, directory })
            }
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
    fn into_backend(self) -> Backend {
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

impl SimulateArguments {
    pub fn into_request(self) -> SimulateRequest {
        let Some(look) = self.look else {
            return SimulateRequest::Serve(ServeRequest {
                pace: self.serve.clock,
                chaos: self.serve.chaos.unwrap_or_default(),
                state: self.serve.state,
                detached: self.serve.detached,
            });
        };
        let (question, which) = match look {
            LookVerb::Events { after, which } => (Question::Events { after }, which),
            LookVerb::Status { which } => (Question::Status, which),
            LookVerb::Advance { by, which } => (Question::Advance { by }, which),
        };
        SimulateRequest::Look(LookRequest {
            question,
            state: which.state,
            json: which.format == LookFormat::Json,
        })
    }
}
