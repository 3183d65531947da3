//! Arguments of the verbs that begin sessions, look at them and end them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{ReportFormat, Said, duration, life};
use crate::commands::sessions::AccountNames;
use crate::commands::sessions::check::CheckRequest;
use crate::commands::sessions::env::EnvRequest;
use crate::commands::sessions::finish::FinishRequest;
use crate::commands::sessions::reap::ReapRequest;
use crate::commands::sessions::start::{Place, StartRequest};
use crate::message;
use crate::simulator::clock::Pace;

#[derive(Debug, Args)]
pub(super) struct WhichSession {
    /// Session by its id [default: the only one there is]
    #[arg(long, env = "BREAKFIX_SESSION", value_name = "ID")]
    pub(super) session: Option<String>,
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
pub(super) enum EnvFormat {
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
pub(super) enum StartOn {
    /// The embedded simulator, in the background: no account, no cost
    Simulator,
    /// A real AWS account, which --account, --region and --cluster must name
    Aws,
}

/// The names of a real account, for --on aws.
#[derive(Debug, Args)]
pub(super) struct OptionalAccount {
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
pub(super) fn account_id(text: &str) -> Result<String, Said> {
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

impl OptionalAccount {
    /// All three names, which clap asks for with `--on aws`.
    pub(super) fn into_names(self) -> Option<AccountNames> {
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
