//! `breakfix merge`: reports of machines that shared the labs become the report of the whole.

use std::path::{Path, PathBuf};

use super::content::{Refused, refused};
use super::output;
use super::run::report_files::{ReportRequest, Reports};
use crate::outcome::merged::{self, Merged, Part};
use crate::outcome::{Exit, RunOutcome};
use crate::report::{self, Format};

/// What to put together, and where to write it.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// JSON reports.
    pub parts: Vec<PathBuf>,
    pub format: Option<Format>,
    pub reports: Vec<ReportRequest>,
}

/// Writes the reports of the whole, and ends as that run would have.
pub fn merge(request: &MergeRequest) -> Exit {
    merged(request).unwrap_or_else(Refused::complained)
}

fn merged(request: &MergeRequest) -> Result<Exit, Refused> {
    let usage = |why: String| refused(Exit::Usage, why);
    let reports = Reports::open(&request.reports, request.format).map_err(usage)?;
    let part = |path: &PathBuf| {
        Ok(Part {
            name: path.display().to_string(),
            outcome: read_report(path)?,
        })
    };
    let parts = request.parts.iter().map(part).collect::<Result<_, _>>()?;
    let Merged { outcome, missing } =
        merged::merge(parts).map_err(|error| usage(error.to_string()))?;
    let mut exit = outcome.exit();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        output::complain(&format!(
            "error: no report of shard {missing}: what its labs came to cannot be told"
        ));
        exit = exit.or_heavier(Exit::CannotTell);
    }
    for problem in reports.finish(&outcome) {
        output::complain(&format!("error: {problem}"));
        exit = exit.or_heavier(Exit::CannotTell);
    }
    Ok(exit)
}

/// The outcome that a JSON report was written from.
pub(super) fn read_report(path: &Path) -> Result<RunOutcome, Refused> {
    let text = read_text(path)?;
    report::json::read(&text).map_err(|error| {
        let place = match &error {
            report::json::ReadError::NoReport { line, .. } => format!("{}:{line}", path.display()),
            report::json::ReadError::OtherVersion { .. } => path.display().to_string(),
        };
        refused(Exit::Usage, format!("{place}: {error}"))
    })
}

/// A file that the command line names.
pub(super) fn read_text(path: &Path) -> Result<String, Refused> {
    let bytes = std::fs::read(path).map_err(|error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::Usage,
            _ => Exit::CannotTell,
        };
        refused(exit, format!("{}: {error}", path.display()))
    })?;
    // Whoever reads the text as JSON finds the place of what is no UTF-8.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
