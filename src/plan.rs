//! Pages and a request become ordered steps with hooks, limits and skips: what a run will do,
//! known before anything runs. Pure: reading files is `tree`'s work.

mod build;
mod changed;
mod resume;
mod select;
pub mod shard;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::build::plan;
pub use self::changed::{Changed, KEPT, again_from, changed};
pub use self::resume::resume_from;
pub use self::select::{NOT_SELECTED, SelectionError, StepSelection, select};
use crate::diagnostic::Location;
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
    /// Only pages whose path below the given directory, or a directory on it, matches. `*` crosses `/`,
    /// and braces hold alternatives: `{m,m/**}`.
    pub glob: Option<String>,
    /// The pages are translations of those in this directory.
    pub source_tree: Option<PathBuf>,
}

/// One lab as it was found: pages in their order and the hook files beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabSource {
    /// The page's or directory's path as the user gave it.
    pub name: String,
    pub pages: Vec<Page>,
    /// The scenarios that the pages name, themselves or by an index page or the page that they translate,
    /// in the order of the pages.
    pub scenarios: Vec<ScenarioName>,
    /// `hook-suite.sh` files around the lab, the outermost first.
    pub suite_hooks: Vec<PathBuf>,
    /// Hook scripts that exist for a page's directory: the directory's, then its source language's.
    pub hook_scripts: Vec<HookScripts>,
    /// Pages that were left out before they were read.
    pub skipped: Vec<Skip>,
}

/// A scenario's name and the place where a page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioName {
    pub name: String,
    pub page: PathBuf,
    pub at: Location,
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
    /// The scenario of the request, else the `scenario:` of a page's front matter.
    pub scenario: Option<String>,
    /// Where a page names the scenario; `None` when the request does.
    pub scenario_at: Option<(PathBuf, Location)>,
    /// All pages in order, also those without a step.
    pub pages: Vec<PlannedPage>,
    pub steps: Vec<Step>,
    pub skipped: Vec<Skip>,
    /// `hook-suite.sh` files that wrap the lab, the outermost first: `before` runs in this order,
    /// `after` in the reverse one, always.
    pub suite_hooks: Vec<PathBuf>,
}

/// A page as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPage {
    pub path: PathBuf,
    /// The `title:` of its front matter.
    pub title: Option<String>,
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
    /// Where the block names its hook.
    pub hook_at: Option<Location>,
    pub hook_timeout: Duration,
    pub expect_error: ExpectError,
    pub retries: u32,
    /// Why a run leaves this step out.
    pub skip: Option<String>,
    /// It only makes what the step needs that the run resumes from: it has to pass, and is not tested.
    pub setup: bool,
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
    /// Steps of all labs, also those that a run leaves out.
    pub fn step_count(&self) -> usize {
        self.labs.iter().map(|lab| lab.steps.len()).sum()
    }

    /// Blocks and pages of all labs that will not run, and steps that a run leaves out.
    pub fn skip_count(&self) -> usize {
        let left_out = |lab: &Lab| lab.steps.len() - lab.steps_to_run().count();
        self.labs
            .iter()
            .map(|lab| lab.skipped.len() + left_out(lab))
            .sum()
    }

    /// Whether a run of this plan runs anything.
    pub fn runs_something(&self) -> bool {
        self.labs.iter().any(Lab::runs_something)
    }
}

impl Step {
    /// The script that its hook is.
    pub fn script(&self) -> Option<&Path> {
        match &self.hook.as_ref()?.source {
            HookSource::Script(script) => Some(script),
            HookSource::Scenario => None,
        }
    }
}

impl Lab {
    /// The steps that a run does not leave out.
    pub fn steps_to_run(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.skip.is_none())
    }

    /// Scripts that its steps' hooks and its suites are.
    pub fn scripts(&self) -> impl Iterator<Item = &Path> {
        let of_steps = self.steps.iter().filter_map(Step::script);
        of_steps.chain(self.suite_hooks.iter().map(PathBuf::as_path))
    }

    /// Whether a run of this lab runs anything.
    pub fn runs_something(&self) -> bool {
        self.steps_to_run().next().is_some()
    }
}
