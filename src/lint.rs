//! What is wrong or doubtful about content before anything runs: the parser's diagnostics, and rules across commands,
//! pages, hooks, translations and scenarios. Pure: who calls has read the files.
//!
//! A rule is an entry of [`rules::RULES`], a function in one of the modules here, and an explanation with a page that
//! fails and one that passes in `lint/rules/`, which a test lints.

mod calls;
pub mod fix;
mod hooks;
mod links;
pub mod rules;
mod scenarios;
mod steps;
pub mod suppressions;
mod translations;
mod variables;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::lab::Page;
use crate::plan::LabSource;
use crate::scenario::Scenario;
use steps::PageView;
pub use variables::OF_EVERY_LAB;

/// What is looked at.
pub struct Content<'a> {
    pub labs: &'a [LabSource],
    /// Text of every page of the labs.
    pub texts: &'a BTreeMap<PathBuf, String>,
    /// Text of every script that a page may name as its hook.
    pub scripts: &'a BTreeMap<PathBuf, String>,
    /// Hook scripts that no page names.
    pub unnamed: &'a BTreeSet<PathBuf>,
    /// For each page that is a translation, its source and that one's text.
    pub sources: &'a BTreeMap<PathBuf, (Page, String)>,
    /// Where the source of a translation should be and is not.
    pub orphans: &'a BTreeMap<PathBuf, PathBuf>,
    /// Other pages of the same directories, and index pages above.
    pub neighbours: &'a BTreeMap<PathBuf, Page>,
    /// Scenarios by name that the labs run against.
    pub scenarios: &'a BTreeMap<String, Scenario>,
    /// Scenarios that are looked at themselves.
    pub scenario_files: &'a [ScenarioFile],
    /// Whether a file or directory is there.
    pub exists: &'a (dyn Fn(&Path) -> bool + Sync),
}

/// A scenario that is looked at itself.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    pub path: PathBuf,
    pub text: String,
    pub scenario: Scenario,
    /// Whether a page is known that runs against it.
    pub is_named: bool,
}

/// How strictly, and what the content may count on.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Instead of a rule's own severity; `None` switches it off.
    pub levels: BTreeMap<String, Option<Severity>>,
    /// What is passed over where a path matches.
    pub allowed: Vec<Allowed>,
    /// Variables that the content's environment has besides those that breakfix gives every lab.
    pub environment: BTreeSet<String>,
    /// Commands that may set any variable, besides `eval` and `source`.
    pub setters: BTreeSet<String>,
    /// The directory that the paths of `allowed` count from.
    pub root: PathBuf,
    /// The directory that the content's relative paths count from.
    pub from: PathBuf,
}

/// A rule that the configuration passes over somewhere.
#[derive(Debug, Clone)]
pub struct Allowed {
    pub rule: String,
    /// Whether a path is meant.
    pub paths: globset::GlobSet,
}

/// All diagnostics of the rules, and those in `found` (of the parser, the planner, the scenarios), with the settings'
/// severities and without what is suppressed; in the order of paths' pages and places.
pub fn lint(content: &Content<'_>, found: Vec<Diagnostic>, settings: &Settings) -> Vec<Diagnostic> {
    let mut all = found;
    let labs: Vec<Vec<PageView<'_>>> = content
        .labs
        .iter()
        .map(|lab| steps::views(lab, content))
        .collect();
    let by_path: Pages<'_> = labs
        .iter()
        .flatten()
        .map(|view| (view.page.path.as_path(), view))
        .collect();
    let shared = variables::Shared::new(content, &labs, settings);
    for (lab, views) in content.labs.iter().zip(&labs) {
        for view in views {
            calls::check(view, &mut all);
            links::check(view, &by_path, content, &mut all);
            translations::check(view, content, &mut all);
        }
        waits::check(views, &mut all);
        variables::check(lab, views, content, &shared, &mut all);
    }
    fix::offer(&mut all, &by_path);
    hooks::check(content, &mut all);
    scenarios::check(content, &mut all);
    let suppressions = suppressions::all(content, &labs, &mut all);
    all = suppressions.applied(all);
    all.retain_mut(|one| settings.applied(one));
    let order = page_order(content);
    all.sort_by_cached_key(|one| {
        let page = order.get(one.path.as_path()).copied();
        (page, one.span.start, one.path.clone(), one.code)
    });
    all.dedup();
    all
}

/// The pages of all labs by their paths.
type Pages<'a> = BTreeMap<&'a Path, &'a PageView<'a>>;

/// Pages in the order of their labs come before other files.
fn page_order<'a>(content: &Content<'a>) -> BTreeMap<&'a Path, usize> {
    let pages = content.labs.iter().flat_map(|lab| &lab.pages);
    pages
        .enumerate()
        .map(|(index, page)| (page.path.as_path(), index))
        .collect()
}

impl Settings {
    fn below_root(&self, path: &Path) -> PathBuf {
        let whole = links::normalized(&self.from.join(path));
        whole
            .strip_prefix(&self.root)
            .map(Path::to_owned)
            .unwrap_or(whole)
    }

    /// Whether a diagnostic is told, with the severity that it has then.
    fn applied(&self, one: &mut Diagnostic) -> bool {
        let allowed = |allowed: &Allowed| {
            allowed.rule == one.code && allowed.paths.is_match(self.below_root(&one.path))
        };
        if self.allowed.iter().any(allowed) {
            return false;
        }
        match self.levels.get(one.code) {
            Some(Some(severity)) => {
                one.severity = *severity;
                true
            }
            Some(None) => false,
            None => true,
        }
    }
}
