//! From paths to labs: walks content trees, reads pages, finds hooks, and has `plan` make a plan.
//!
//! A page that cannot be read or understood is a diagnostic, not the end of the run. `Err` means that
//! there is nothing to plan, or that a directory could not be looked into.

mod hooks;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::lab::Page;
use crate::plan::{self, HookScripts, LabSource, Plan, Request, Skip};
use walk::{Found, Walk};

/// What a selection of paths holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    pub plan: Plan,
    /// In the order of pages, and of places within a page.
    pub diagnostics: Vec<Diagnostic>,
    /// Text of every page that was read, by the path that steps and diagnostics name.
    pub sources: BTreeMap<PathBuf, String>,
}

/// Why there is nothing to plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("no such file or directory: {}", .0.display())]
    NotFound(PathBuf),
    #[error("{} is not a page: a page's name ends in .md or .mdx", .0.display())]
    NotAPage(PathBuf),
    #[error("nothing selected: no page (*.md, *.mdx) in {}{}", listed(.paths), excluded_note(*.excluded))]
    NothingSelected {
        paths: Vec<PathBuf>,
        /// Pages that a `.notest` leaves out.
        excluded: usize,
    },
    #[error("failed to read {}: {error}", .path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if names.is_empty() {
        "no path at all".to_owned()
    } else {
        names.join(", ")
    }
}

fn excluded_note(excluded: usize) -> String {
    if excluded == 0 {
        String::new()
    } else {
        format!(" ({excluded} left out by .notest)")
    }
}

/// Loads pages and directories of pages, in the given order; a page that is reached twice counts once.
pub fn load(paths: &[PathBuf], request: &Request) -> Result<Loaded, LoadError> {
    let mut walk = Walk::default();
    let mut groups = Groups {
        request,
        keys: Vec::new(),
        labs: Vec::new(),
    };
    for path in paths {
        for found in walk.path(path)? {
            groups.add(path, found);
        }
    }
    if walk.sources.is_empty() && walk.diagnostics.is_empty() {
        let excluded = groups.labs.iter().map(|lab| lab.skipped.len()).sum();
        return Err(LoadError::NothingSelected {
            paths: paths.to_vec(),
            excluded,
        });
    }
    let labs = groups
        .labs
        .into_iter()
        .map(with_hooks)
        .collect::<Result<Vec<_>, _>>()?;
    let order = page_order(&labs);
    let (plan, planned) = plan::plan(labs, request);
    let mut diagnostics = walk.diagnostics;
    diagnostics.extend(planned);
    diagnostics.sort_by_key(|one| (order.get(&one.path).copied(), one.span.start));
    Ok(Loaded {
        plan,
        diagnostics,
        sources: walk.sources,
    })
}

fn page_order(labs: &[LabSource]) -> BTreeMap<PathBuf, usize> {
    let pages = labs.iter().flat_map(|lab| &lab.pages);
    pages
        .enumerate()
        .map(|(index, page)| (page.path.clone(), index))
        .collect()
}

/// What makes pages one lab.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// The nearest directory with a `hook-suite.sh`.
    Suite(PathBuf),
    /// The directory whose pages share a scenario.
    Scenario(PathBuf, String),
    /// The request's scenario covers all of one argument.
    Requested(PathBuf),
    Page(PathBuf),
    /// A directory with a `.notest`.
    Excluded(PathBuf),
}

impl Key {
    fn name(&self) -> String {
        let (Key::Suite(path)
        | Key::Scenario(path, _)
        | Key::Requested(path)
        | Key::Page(path)
        | Key::Excluded(path)) = self;
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        path.display().to_string()
    }
}

struct Groups<'a> {
    request: &'a Request,
    keys: Vec<Key>,
    labs: Vec<LabSource>,
}

impl Groups<'_> {
    fn add(&mut self, argument: &Path, found: Found) {
        match found {
            Found::Excluded { page, directory } => {
                let reason = format!(".notest in {}", directory.display());
                let lab = self.lab(Key::Excluded(directory));
                lab.skipped.push(Skip {
                    page,
                    line: 1,
                    reason,
                });
            }
            Found::Page { page, inherited } => {
                let suite_hooks = hooks::suite_hooks(directory_of(&page));
                let key = self.key(argument, &page, inherited.as_ref(), &suite_hooks);
                let lab = self.lab(key);
                lab.suite_hooks = suite_hooks.into_iter().map(|suite| suite.script).collect();
                lab.scenario = lab.scenario.take().or(inherited.map(|from| from.scenario));
                lab.pages.push(page);
            }
        }
    }

    fn key(
        &self,
        argument: &Path,
        page: &Page,
        inherited: Option<&walk::Inherited>,
        suite_hooks: &[hooks::Suite],
    ) -> Key {
        if let Some(nearest) = suite_hooks.last() {
            return Key::Suite(nearest.directory.clone());
        }
        if self.request.scenario.is_some() {
            return Key::Requested(argument.to_owned());
        }
        match (&page.front_matter.scenario, inherited) {
            (None, Some(from)) => Key::Scenario(from.directory.clone(), from.scenario.clone()),
            (Some(own), Some(from)) if *own == from.scenario => {
                Key::Scenario(from.directory.clone(), own.clone())
            }
            (Some(own), _) => Key::Scenario(directory_of(page).to_owned(), own.clone()),
            (None, None) => Key::Page(page.path.clone()),
        }
    }

    /// The lab of this key; labs come in the order of their first pages.
    fn lab(&mut self, key: Key) -> &mut LabSource {
        let known = self.keys.iter().position(|other| *other == key);
        let index = known.unwrap_or_else(|| {
            self.labs.push(LabSource {
                name: key.name(),
                ..LabSource::default()
            });
            self.keys.push(key);
            self.labs.len() - 1
        });
        &mut self.labs[index]
    }
}

/// Finds the scripts that the lab's pages may name; a scenario's only page gives the lab its name.
fn with_hooks(mut lab: LabSource) -> Result<LabSource, LoadError> {
    let directories: BTreeSet<&Path> = lab.pages.iter().map(directory_of).collect();
    lab.hook_scripts = directories
        .into_iter()
        .map(|directory| {
            let scripts = hooks::scripts(directory)?;
            Ok(HookScripts {
                directory: directory.to_owned(),
                scripts,
            })
        })
        .collect::<Result<_, LoadError>>()?;
    if let ([only], true) = (lab.pages.as_slice(), lab.suite_hooks.is_empty()) {
        lab.name = only.path.display().to_string();
    }
    Ok(lab)
}

/// Empty for a page in the current directory.
fn directory_of(page: &Page) -> &Path {
    page.path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests;
