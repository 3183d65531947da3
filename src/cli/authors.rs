//! Arguments of what authors use: bless, new, prove, scenario.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ReportFormat;
use super::run::{On, SelectionArguments, ShellArguments};
use super::sessions::OptionalAccount;
use crate::commands::bless::BlessRequest;
use crate::commands::new::{Kind, NewRequest};
use crate::commands::prove::ProveRequest;
use crate::commands::run::part::PartRequest;
use crate::commands::run::{Documented, RunRequest};
use crate::commands::scenario::{CheckRequest as ScenarioCheckRequest, ScenarioRequest};
use crate::config::Config;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

#[derive(Debug, Args)]
pub struct BlessArguments {
    #[command(flatten)]
    selection: SelectionArguments,

    /// Write nothing; show what would change, with exit code 3 if anything would
    #[arg(long, conflicts_with = "interactive")]
    check: bool,

    /// Ask for each output that drifted
    #[arg(short, long)]
    interactive: bool,

    /// Where the lesson's commands act
    #[arg(long, value_enum, default_value_t = On::Simulator)]
    on: On,

    /// Which fault: a variant of the scenario, `a+b` for two at once, `random` [default: the scenario's first]
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,

    /// How fast the simulator's time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "instant", value_name = "CLOCK")]
    clock: Pace,

    #[command(flatten)]
    account: OptionalAccount,

    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,

    #[command(flatten)]
    shell: ShellArguments,
}

impl BlessArguments {
    pub fn into_request(self, verbose: u8, config: &Config) -> BlessRequest {
        let run = RunRequest {
            watch: false,
            selection: self.selection.into_selection(config),
            part: PartRequest::default(),
            backend: self.on.into_backend(),
            variant: self.variant,
            account: self.account.into_names(),
            yes: self.yes,
            pace: self.clock,
            chaos: Chaos::default(),
            keep: false,
            format: None,
            reports: Vec::new(),
            retries: None,
            allow_flaky: false,
            documented: Documented::Report,
            verbose: verbose > 0,
            shell_per: self.shell.shell_per.into(),
            bail: self.shell.bail,
            max_fail: None,
            jobs: 1,
            plain: false,
            page_timeout: self.shell.page_timeout,
            run_timeout: self.shell.run_timeout,
            bundle: None,
            mask: [self.shell.mask, config.run.mask.clone()].concat(),
        };
        BlessRequest {
            run,
            check: self.check,
            interactive: self.interactive,
            json: self.format.is_json(),
        }
    }
}

#[derive(Debug, Args)]
pub struct NewArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A lab: a page of two steps, and a hook script
    Lab(Named),
    /// A scenario with a fault, checks, a repair and a wrong one, and the lesson that leads through it
    Scenario(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// What it is called: letters, digits, `.`, `_` and `-`
    #[arg(value_name = "NAME")]
    name: String,

    /// Where it is written; made if it is not there
    #[arg(long = "dir", value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

impl NewArguments {
    pub fn into_request(self) -> NewRequest {
        let (kind, named) = match self.what {
            What::Lab(named) => (Kind::Lab, named),
            What::Scenario(named) => (Kind::Scenario, named),
        };
        NewRequest {
            kind,
            name: named.name,
            directory: named.directory,
        }
    }
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
