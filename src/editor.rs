//! What an editor can say and offer at a place of a page that is being written: completions, meanings, where a name
//! leads, mends, an outline. Pure: the page's text, an offset and what is around the page come in; protocols are
//! `commands/lsp`'s work.
//!
//! Every function takes any text and any offset: an editor asks in the midst of typing.

mod actions;
mod complete;
mod hover;
mod outline;
mod place;
mod target;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use actions::{Action, actions};
pub use complete::{Completion, CompletionKind, completions};
pub use hover::{Hover, hover};
pub use outline::{Symbol, outline};
pub use target::{Target, hook_in_scenario, target};

use crate::diagnostic::{Lines, Location};
use crate::lab::{self, Block, Page};

/// A page as it stands in the editor.
pub struct OpenPage<'a> {
    text: &'a str,
    lines: Lines<'a>,
    page: Page,
}

impl<'a> OpenPage<'a> {
    pub fn new(path: &Path, text: &'a str) -> OpenPage<'a> {
        OpenPage {
            text,
            lines: Lines::new(text),
            page: lab::parse(path, text).0,
        }
    }

    /// The block whose lines, fences included, have this one, counted from 1.
    fn block_on(&self, line: usize) -> Option<&Block> {
        let mut blocks = self.page.blocks.iter();
        blocks.find(|block| block.page_lines().contains(&line))
    }
}

/// What is known around a page.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// What the page's blocks may name as their hook; of several with a name the first one counts.
    pub hooks: Vec<KnownHook>,
    /// All scenarios that a page may name.
    pub scenarios: Vec<KnownScenario>,
}

/// Something that `hook=` may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHook {
    pub name: String,
    pub origin: HookOrigin,
}

/// Where a hook comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookOrigin {
    Script(PathBuf),
    /// Checks of the page's scenario.
    Scenario {
        scenario: String,
        checks: Vec<String>,
        /// Where they are written, if the scenario is a file.
        at: Option<(PathBuf, Location)>,
    },
}

/// A scenario that a page may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownScenario {
    pub name: String,
    pub title: String,
    /// `None` for one that is built in.
    pub file: Option<PathBuf>,
}

impl Around {
    fn hook(&self, name: &str) -> Option<&KnownHook> {
        self.hooks.iter().find(|hook| hook.name == name)
    }

    fn scenario(&self, name: &str) -> Option<&KnownScenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }
}

impl HookOrigin {
    /// In a sentence.
    fn told(&self) -> String {
        match self {
            HookOrigin::Script(path) => format!("the script {}", path.display()),
            HookOrigin::Scenario {
                scenario, checks, ..
            } => format!("checks of the scenario {scenario}: {}", checks.join(", ")),
        }
    }
}
