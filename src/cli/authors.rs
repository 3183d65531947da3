//! Arguments of what authors use: bless, new.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{On, OptionalAccount, ReportFormat, SelectionArguments, ShellArguments};
use crate::commands::bless::BlessRequest;
use crate::commands::new::{Kind, NewRequest};
use crate::commands::run::part::PartRequest;
use crate::commands::run::{Documented, RunRequest};
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
