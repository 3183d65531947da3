//! Arguments of the learner's verbs.

use clap::{Args, ValueEnum};

use super::ReportFormat;
use super::sessions::WhichSession;
use crate::commands::learner::answer::AnswerRequest;
use crate::commands::learner::hint::HintRequest;
use crate::commands::learner::report::WayRequest;
use crate::commands::learner::run_step::RunStepRequest;
use crate::commands::learner::solve::SolveRequest;
use crate::commands::learner::status::StatusRequest;
use crate::commands::learner::watch::WatchRequest;
use crate::report::way;

#[derive(Debug, Args)]
pub struct StatusArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct AnswerArguments {
    /// Step that asks, such as 4.1
    #[arg(value_name = "STEP")]
    step: String,

    /// What you found: name, id or ARN, in any case
    #[arg(value_name = "ANSWER", required = true)]
    value: Vec<String>,

    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct HintArguments {
    /// Step to be helped with [default: the one that you are at]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// This hint of the step's four, and not the next one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    rung: Option<u8>,

    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ReportArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How it is written to stdout
    #[arg(long, value_enum, default_value_t = WayFormat::Markdown)]
    format: WayFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WayFormat {
    /// For people
    Markdown,
    /// For programs: one versioned JSON document
    Json,
    /// For CI systems: a test case for each step
    Junit,
}

impl ReportArguments {
    pub fn into_request(self) -> WayRequest {
        WayRequest {
            session: self.which.session,
            format: match self.format {
                WayFormat::Markdown => way::Format::Markdown,
                WayFormat::Json => way::Format::Json,
                WayFormat::Junit => way::Format::Junit,
            },
        }
    }
}

#[derive(Debug, Args)]
pub struct RunStepArguments {
    /// Step to run [default: the one that you are at]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// Do not ask before commands that change something
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout; what the commands print is on stderr
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct SolveArguments {
    /// Up to this step, with it
    #[arg(long, value_name = "STEP")]
    to: String,

    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

impl SolveArguments {
    pub fn into_request(self) -> SolveRequest {
        SolveRequest {
            session: self.which.session,
            to: self.to,
            yes: self.yes,
            json: self.format.is_json(),
        }
    }
}

#[derive(Debug, Args)]
pub struct WatchArguments {
    #[command(flatten)]
    which: WhichSession,

    /// Go when every step is done, instead of staying until `q`
    #[arg(long)]
    until_done: bool,

    /// How to report on stdout; JSON: a line for every change
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

impl WatchArguments {
    pub fn into_request(self) -> WatchRequest {
        WatchRequest {
            session: self.which.session,
            until_done: self.until_done,
            json: self.format.is_json(),
        }
    }
}

impl StatusArguments {
    pub fn into_request(self) -> StatusRequest {
        StatusRequest {
            session: self.which.session,
            json: self.format.is_json(),
        }
    }
}

impl AnswerArguments {
    pub fn into_request(self) -> AnswerRequest {
        AnswerRequest {
            session: self.which.session,
            step: self.step,
            value: self.value.join(" "),
            json: self.format.is_json(),
        }
    }
}

impl HintArguments {
    pub fn into_request(self) -> HintRequest {
        HintRequest {
            session: self.which.session,
            step: self.step,
            rung: self.rung.map(usize::from),
            json: self.format.is_json(),
        }
    }
}

impl RunStepArguments {
    pub fn into_request(self) -> RunStepRequest {
        RunStepRequest {
            session: self.which.session,
            step: self.step,
            yes: self.yes,
            json: self.format.is_json(),
        }
    }
}
