//! Arguments of `lint` and `explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReportFormat;
use crate::commands::lint::{ExplainRequest, LintFormat, LintRequest};
use crate::diagnostic::Severity;

#[derive(Debug, Args)]
pub struct LintArguments {
    /// Lessons: Markdown files, or directories of them; a directory's own `scenarios/` is looked at, too
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Mend what can be mended without a doubt, and tell the rest
    #[arg(long)]
    fix: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,

    /// From which severity on the exit code is 3 [default: that of breakfix.toml, else error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,

    /// Directory with scenarios, which are looked at, too [default: that of breakfix.toml, else PATH/scenarios]
    #[arg(long = "scenarios", value_name = "DIR")]
    scenario_directory: Option<PathBuf>,

    /// The lessons are translations of those in DIR [default: what the layout `i18n/LANGUAGE` says]
    #[arg(long = "source-tree", value_name = "DIR")]
    translated_from: Option<PathBuf>,

    /// Configuration [default: breakfix.toml here or above, in the same repository]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Terminal,
    /// For programs: one versioned JSON document
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub: workflow commands, which become annotations
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// What keeps content from running
    Error,
    /// Also what is probably wrong
    Warning,
    /// Also what could be better
    Note,
}

impl LintArguments {
    pub fn into_request(self) -> LintRequest {
        LintRequest {
            paths: self.paths,
            source_tree: self.translated_from,
            scenarios: self.scenario_directory,
            config: self.config,
            format: match self.format {
                Format::Terminal => LintFormat::Terminal,
                Format::Json => LintFormat::Json,
                Format::Sarif => LintFormat::Sarif,
                Format::Github => LintFormat::Github,
            },
            fix: self.fix,
            fail_on: self.fail_on.map(|severity| match severity {
                FailOn::Error => Severity::Error,
                FailOn::Warning => Severity::Warning,
                FailOn::Note => Severity::Note,
            }),
        }
    }
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// A rule's code, such as `variable-unset` [default: a line for each rule]
    #[arg(value_name = "CODE")]
    code: Option<String>,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

impl ExplainArguments {
    pub fn into_request(self) -> ExplainRequest {
        ExplainRequest {
            code: self.code,
            json: self.format == ReportFormat::Json,
        }
    }
}
