//! Which pages make one lab: those under one `hook-suite.sh`, else those that share a scenario, else a page
//! alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::binding::{Binding, Bindings};
use super::hooks::{self, Suite, Suites};
use super::overlay::Overlay;
use super::{LoadError, directory_of};
use crate::lab::Page;
use crate::plan::{HookScripts, LabSource, Request, Skip};

/// What makes pages one lab.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The nearest directory with a `hook-suite.sh`.
    Suite(PathBuf),
    /// The directory whose pages share a scenario.
    Scenario(PathBuf, String),
    /// The request's scenario covers all of one argument.
    Requested(PathBuf),
    Page(PathBuf),
    /// A directory that a `.notest` leaves out.
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

/// Labs as they come together.
pub(super) struct Labs<'a> {
    request: &'a Request,
    overlay: &'a Overlay,
    suites: Suites,
    /// Index in `labs` of each key.
    keys: BTreeMap<Key, usize>,
    labs: Vec<LabSource>,
}

impl<'a> Labs<'a> {
    pub(super) fn new(request: &'a Request, overlay: &'a Overlay) -> Self {
        Labs {
            request,
            overlay,
            suites: Suites::default(),
            keys: BTreeMap::new(),
            labs: Vec::new(),
        }
    }

    /// Adds a page that was found at this argument.
    pub(super) fn page(&mut self, argument: &Path, page: Page, bindings: &mut Bindings<'_>) {
        let suite_hooks = self.suites.around(directory_of(&page), self.overlay);
        let binding = match self.request.scenario {
            None => bindings.of(&page),
            Some(_) => None,
        };
        let key = self.key(argument, &page, binding.as_ref(), &suite_hooks);
        let lab = self.lab(key);
        lab.suite_hooks = suite_hooks.into_iter().map(|suite| suite.script).collect();
        lab.scenarios
            .extend(binding.map(|binding| binding.scenario));
        lab.pages.push(page);
    }

    /// Adds a page that a `.notest` leaves out.
    pub(super) fn excluded(&mut self, page: PathBuf, directory: PathBuf) {
        let reason = format!(".notest in {}", self.with_notest(&directory).display());
        let lab = self.lab(Key::Excluded(directory));
        lab.skipped.push(Skip {
            page,
            line: 1,
            reason,
        });
    }

    /// Where the `.notest` is that leaves a directory out.
    fn with_notest(&self, directory: &Path) -> PathBuf {
        let mut homes = directory
            .ancestors()
            .flat_map(|above| self.overlay.homes(above));
        homes
            .find(|home| home.join(".notest").exists())
            .unwrap_or_else(|| directory.to_owned())
    }

    fn key(
        &self,
        argument: &Path,
        page: &Page,
        binding: Option<&Binding>,
        suite_hooks: &[Suite],
    ) -> Key {
        if let Some(nearest) = suite_hooks.last() {
            return Key::Suite(nearest.directory.clone());
        }
        if self.request.scenario.is_some() {
            return Key::Requested(argument.to_owned());
        }
        match binding {
            Some(binding) => {
                let from = binding.inherited_from.as_deref();
                let directory = from.unwrap_or(directory_of(page)).to_owned();
                Key::Scenario(directory, binding.scenario.name.clone())
            }
            None => Key::Page(page.path.clone()),
        }
    }

    /// The lab of this key; labs come in the order of their first pages.
    fn lab(&mut self, key: Key) -> &mut LabSource {
        let next = self.labs.len();
        let name = key.name();
        let index = *self.keys.entry(key).or_insert(next);
        if index == next {
            self.labs.push(LabSource {
                name,
                ..LabSource::default()
            });
        }
        &mut self.labs[index]
    }

    /// All labs, each with the hook scripts that its pages may name. A directory is looked into once.
    pub(super) fn finish(self) -> Result<Vec<LabSource>, LoadError> {
        let mut scripts = BTreeMap::new();
        let mut labs = self.labs;
        for lab in &mut labs {
            let directories: BTreeSet<&Path> = lab.pages.iter().map(directory_of).collect();
            for directory in directories {
                if !scripts.contains_key(directory) {
                    let found = hooks::scripts(directory, self.overlay)?;
                    scripts.insert(directory.to_owned(), found);
                }
                lab.hook_scripts.push(HookScripts {
                    directory: directory.to_owned(),
                    scripts: scripts[directory].clone(),
                });
            }
            // A scenario's only page gives the lab its name.
            if let ([only], true) = (lab.pages.as_slice(), lab.suite_hooks.is_empty()) {
                lab.name = only.path.display().to_string();
            }
        }
        Ok(labs)
    }
}
