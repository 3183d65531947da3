//! Reads everything that the rules look at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::config::Found;
use super::super::content::{Refused, Selection, bound, not_loaded};
use super::LintRequest;
use crate::diagnostic::Diagnostic;
use crate::lab;
use crate::lint::ScenarioFile;
use crate::plan;
use crate::scenario::Scenario;
use crate::scenarios::{self, FILE, Source};
use crate::tree::{self, Around, Drafts, LoadError, Loaded};

/// Content with all that belongs to it.
pub(in super::super) struct Gathered {
    pub(in super::super) loaded: Loaded,
    pub(super) around: Around,
    /// Of the parser, the planner, the scenarios.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Those that labs name.
    pub(super) scenarios: BTreeMap<String, Scenario>,
    pub(super) scenario_files: Vec<ScenarioFile>,
    /// Texts of scenarios that could not be read, and of files beside scenarios.
    other_texts: BTreeMap<PathBuf, String>,
}

pub(super) fn gather(
    request: &LintRequest,
    found: &Found,
    drafts: &Drafts,
) -> Result<Gathered, Refused> {
    let asked = plan::Request {
        source_tree: request.source_tree.clone(),
        ..plan::Request::default()
    };
    let directory = scenario_directory(request, found);
    let mut loaded = match tree::load_drafts(&request.paths, &asked, drafts) {
        Ok(loaded) => loaded,
        // A directory of scenarios alone is content, too.
        Err(LoadError::NothingSelected { .. }) if directory.is_some() => Loaded::default(),
        Err(error) => return Err(not_loaded(&error)),
    };
    let around = tree::around(&loaded, &request.paths, &asked, drafts);
    let selection = Selection {
        paths: request.paths.clone(),
        scenarios: directory.clone(),
        ..Selection::default()
    };
    let (known, of_scenarios) = bound(&loaded.plan.labs, &selection)?;
    let mut gathered = Gathered {
        diagnostics: std::mem::take(&mut loaded.diagnostics),
        scenarios: known
            .iter()
            .map(|(name, source)| (name.clone(), source.scenario.clone()))
            .collect(),
        loaded,
        around,
        scenario_files: Vec::new(),
        other_texts: BTreeMap::new(),
    };
    // A scenario's own mistakes are told at their own place, below.
    let own = |one: &Diagnostic| directory.is_none() || one.code != "scenario-invalid";
    gathered
        .diagnostics
        .extend(of_scenarios.into_iter().filter(own));
    if let Some(directory) = directory {
        gathered.scenarios_of(&directory);
    }
    Ok(gathered)
}

/// Where scenarios are: as asked, as configured, else in `scenarios/` of a directory that is looked at.
fn scenario_directory(request: &LintRequest, found: &Found) -> Option<PathBuf> {
    let beside = || {
        let candidates = request.paths.iter().map(|path| path.join("scenarios"));
        candidates.into_iter().find(|directory| directory.is_dir())
    };
    found.scenarios(request.scenarios.clone()).or_else(beside)
}

impl Gathered {
    /// Reads each scenario of the directory, with its mistakes.
    fn scenarios_of(&mut self, directory: &Path) {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join(FILE).is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        for name in names {
            match scenarios::load(&name, Some(directory)) {
                Ok(source) => self.scenario_file(directory, &name, source),
                Err(scenarios::LoadError::Invalid {
                    path,
                    text,
                    mistakes,
                }) => {
                    self.diagnostics.extend(mistakes);
                    self.other_texts.insert(path, text);
                }
                // What cannot be read is told where a page names it.
                Err(_) => {}
            }
        }
    }

    fn scenario_file(&mut self, directory: &Path, name: &str, source: Source) {
        for mistake in source.file_mistakes() {
            if let Some(text) = source.text_of(&mistake.path) {
                self.other_texts.insert(mistake.path.clone(), text);
            }
            self.diagnostics.push(mistake);
        }
        let path = directory.join(name).join(FILE);
        let text = source.read(FILE).unwrap_or_default();
        let scenario = source.scenario;
        let by_page = |lab: &plan::LabSource| {
            lab.scenarios
                .iter()
                .any(|named| named.name == scenario.name)
        };
        let is_named = self.loaded.labs.iter().any(by_page) || names(&scenario, directory);
        self.scenario_files.push(ScenarioFile {
            path,
            text,
            scenario,
            is_named,
        });
    }

    /// Texts of all files that a diagnostic may be about.
    pub(super) fn texts(self) -> BTreeMap<PathBuf, String> {
        let mut texts = self.loaded.sources;
        texts.extend(self.around.scripts);
        texts.extend(
            self.scenario_files
                .into_iter()
                .map(|file| (file.path, file.text)),
        );
        texts.extend(self.other_texts);
        texts
    }
}

/// Whether the scenario's lesson, which may not be among the pages that are looked at, runs against it.
fn names(scenario: &Scenario, directory: &Path) -> bool {
    let Some(lab) = &scenario.lab else {
        return false;
    };
    let above = directory.parent().unwrap_or(Path::new(""));
    let pages = [above.join(lab), PathBuf::from(lab)];
    pages.iter().any(|page| {
        std::fs::read_to_string(page).is_ok_and(|text| {
            let named = lab::front_matter(page, &text).scenario;
            named.is_some_and(|named| named.value == scenario.name)
        })
    })
}
