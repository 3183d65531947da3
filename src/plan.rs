//! Pages and a request become ordered steps with hooks, limits and skips: what a run will do,
//! known before anything runs. Pure: reading files is `tree`'s work.

use std::path::PathBuf;
use std::time::Duration;

/// All labs of a run, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub labs: Vec<Lab>,
}

/// What shares one shell, one suite of hooks and at most one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Lab {
    /// The page's or directory's path as the user gave it.
    pub name: String,
    /// The `scenario:` of the front matter, when a page names one.
    pub scenario: Option<String>,
    pub steps: Vec<Step>,
    pub skipped: Vec<Skip>,
}

/// A tested block with all that belongs to running it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Counted from 1 within the lab.
    pub number: usize,
    /// `id=` of the block, else its number.
    pub id: String,
    /// The nearest heading above the block.
    pub title: String,
    pub page: PathBuf,
    /// Line of the opening fence, counted from 1.
    pub line: usize,
    pub commands: Vec<Command>,
    pub timeout: Duration,
    pub wait: Duration,
    pub hook: Option<Hook>,
    pub hook_timeout: Duration,
    pub expect_error: ExpectError,
    pub retries: u32,
}

/// One `$ ` command of a block, or the whole block when `raw=true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Line of its first line in the page, counted from 1.
    pub line: usize,
    /// What bash gets: no prompt, continuation lines and heredoc bodies included.
    pub text: String,
    /// The lines between this command and the next: its documented output.
    pub documented: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub name: String,
    pub source: HookSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookSource {
    /// `tests/hook-NAME.sh` beside the page.
    Script(PathBuf),
    /// No script; a scenario must supply it as checks.
    Scenario,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectError {
    No,
    /// A failing command is fine, and so is a passing one.
    May,
    /// The block must fail.
    Must,
}

/// Something that will not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    pub page: PathBuf,
    pub line: usize,
    pub reason: String,
}
