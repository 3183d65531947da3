//! Pages and a request become ordered steps with hooks, limits and skips: what a run will do,
//! known before anything runs. Pure: reading files is `tree`'s work.

mod build;

use std::path::PathBuf;
use std::time::Duration;

pub use self::build::plan;
use crate::lab::Page;
pub use crate::lab::{Command, ExpectError};

/// Limit of a block that names none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
/// Limit of a hook call whose block names none.
pub const DEFAULT_HOOK_TIMEOUT: Duration = Duration::from_secs(300);

/// What the user asks of a plan beyond the paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Bind every lab to this scenario, whatever its pages say.
    pub scenario: Option<String>,
}

/// One lab as it was found: pages in their order and the hook files beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabSource {
    /// The page's or directory's path as the user gave it.
    pub name: String,
    pub pages: Vec<Page>,
    /// The scenario of a directory above, for pages that name none.
    pub scenario: Option<String>,
    /// `hook-suite.sh` files around the lab, the outermost first.
    pub suite_hooks: Vec<PathBuf>,
    /// Hook scripts that exist for a page's directory: the directory's, then its source language's.
    pub hook_scripts: Vec<HookScripts>,
    /// Pages that were left out before they were read.
    pub skipped: Vec<Skip>,
}

/// The `hook-NAME.sh` files that pages of one directory may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookScripts {
    /// The directory of the pages, as in their paths.
    pub directory: PathBuf,
    /// Name and file, first come first served.
    pub scripts: Vec<(String, PathBuf)>,
}

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
    /// `hook-suite.sh` files that wrap the lab, the outermost first: `before` runs in this order,
    /// `after` in the reverse one, always.
    pub suite_hooks: Vec<PathBuf>,
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

/// Something that will not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    pub page: PathBuf,
    pub line: usize,
    pub reason: String,
}

impl Plan {
    /// Steps of all labs.
    pub fn step_count(&self) -> usize {
        self.labs.iter().map(|lab| lab.steps.len()).sum()
    }

    /// Blocks and pages of all labs that will not run.
    pub fn skip_count(&self) -> usize {
        self.labs.iter().map(|lab| lab.skipped.len()).sum()
    }
}
