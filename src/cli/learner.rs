//! Arguments of the learner's verbs.

use clap::Args;

use super::{ReportFormat, WhichSession};
use crate::commands::learner::status::StatusRequest;

#[derive(Debug, Args)]
pub struct StatusArguments {
    #[command(flatten)]
    which: WhichSession,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

impl StatusArguments {
    pub fn into_request(self) -> StatusRequest {
        StatusRequest {
            session: self.which.session,
            json: self.format.is_json(),
        }
    }
}
