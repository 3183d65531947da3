//! Arguments of runs that are part of a larger one: shards and what merges them, and what runs again.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};

use super::{ReportFormat, Said};
use crate::commands::merge::MergeRequest;
use crate::commands::run::part::PartRequest;
use crate::commands::run::report_files::ReportRequest;
use crate::message;
use crate::plan::shard::Shard;

#[derive(Debug, Args)]
pub(super) struct PartArguments {
    /// Run only the i-th of n shares of the labs, which n machines run side by side; `breakfix merge` puts their
    /// reports together
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,

    /// What pages took before, for equal shards: what `--report timing=FILE` wrote [default: labs weigh their steps]
    #[arg(long, value_name = "FILE")]
    durations: Option<PathBuf>,

    /// Write into that file what pages took now, if all of their steps passed; other pages keep their times
    #[arg(long, requires = "durations")]
    update_durations: bool,

    /// Run only labs that failed, were cut short or could not be judged in a run before, by its JSON report
    #[arg(long, value_name = "REPORT")]
    rerun_failed: Option<PathBuf>,

    /// Begin with this step: those before it run as set-up, have to pass, and are not counted
    #[arg(long, value_name = "STEP", conflicts_with_all = ["from", "steps"])]
    resume_from: Option<String>,
}

fn shard(text: &str) -> Result<Shard, Said> {
    Shard::parse(text).ok_or_else(|| Said(message!("argument-shard")))
}

impl PartArguments {
    pub(super) fn into_request(self) -> PartRequest {
        PartRequest {
            shard: self.shard,
            durations: self.durations,
            update_durations: self.update_durations,
            rerun_failed: self.rerun_failed,
            resume_from: self.resume_from,
        }
    }
}

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// JSON reports of runs, each of other labs
    #[arg(required = true, value_name = "REPORT")]
    parts: Vec<PathBuf>,

    /// How to report on stdout [default: terminal]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,

    /// Write a report to a file, `-` for stdout; may be given several times. Kinds: terminal, json,
    /// timing, junit, github, summary (without a path: into $GITHUB_STEP_SUMMARY)
    #[arg(long = "report", value_name = "KIND=PATH",
          value_parser = OsStringValueParser::new().try_map(|text| ReportRequest::parse(&text)))]
    reports: Vec<ReportRequest>,
}

impl MergeArguments {
    pub fn into_request(self) -> MergeRequest {
        MergeRequest {
            parts: self.parts,
            format: self.format.map(Into::into),
            reports: self.reports,
        }
    }
}
