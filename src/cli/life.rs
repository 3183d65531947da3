//! The verbs of a session's life: back to the beginning, paused, longer, and the shell that leads there.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::sessions::WhichSession;
use super::{ReportFormat, duration};
use crate::commands::sessions::extend::ExtendRequest;
use crate::commands::sessions::pause::PauseRequest;
use crate::commands::sessions::reset::ResetRequest;
use crate::commands::sessions::shell::ShellRequest;

#[derive(Debug, Args)]
pub struct ResetArguments {
    /// Forget the progress from this step on [default: all of it]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    #[command(flatten)]
    which: WhichSession,

    /// Do not ask before a real account is changed
    #[arg(long)]
    yes: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

/// Of `pause` and `resume`.
#[derive(Debug, Args)]
pub struct PauseArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ExtendArguments {
    /// How long it lives from now on, at least: seconds, or `90s`, `5m`, `1h`
    #[arg(value_name = "DURATION", value_parser = duration)]
    by: Duration,

    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ShellArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,

    /// Run this in the session's environment instead, and end with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct ObserveArguments {
    /// Session by its id [default: the only one there is]
    #[arg(long, value_name = "ID")]
    session: String,
}

/// Whether the AWS CLI's calls are listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Observe {
    On,
    Off,
}

impl ResetArguments {
    pub fn into_request(self) -> ResetRequest {
        ResetRequest {
            session: self.which.session,
            step: self.step,
            yes: self.yes,
            json: self.format.is_json(),
        }
    }
}

impl PauseArguments {
    pub fn into_request(self) -> PauseRequest {
        PauseRequest {
            session: self.which.session,
            json: self.format.is_json(),
        }
    }
}

impl ExtendArguments {
    pub fn into_request(self) -> ExtendRequest {
        ExtendRequest {
            session: self.which.session,
            by: self.by,
            json: self.format.is_json(),
        }
    }
}

impl ShellArguments {
    pub fn into_request(self) -> ShellRequest {
        ShellRequest {
            session: self.which.session,
            command: self.command,
            json: self.format.is_json(),
        }
    }
}

impl ObserveArguments {
    pub fn into_session(self) -> String {
        self.session
    }
}
