//! What `plan` and `run` share: content is loaded, bound to its scenarios and narrowed to the steps that were
//! asked for, and what is wrong with it is shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::output;
use crate::diagnostic::{Diagnostic, Location, Severity, nearest};
use crate::outcome::Exit;
use crate::plan::{self, HookSource, Lab, StepSelection};
use crate::report;
use crate::scenarios::{self, Source};
use crate::tree::{self, LoadError, Loaded};

/// Which content is asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub paths: Vec<PathBuf>,
    /// Only pages that it matches, relative to the given directory.
    pub glob: Option<String>,
    /// The pages are translations of those in this directory.
    pub source_tree: Option<PathBuf>,
    /// Instead of what the lessons name.
    pub scenario: Option<String>,
    /// Where scenarios are looked for before the built-in ones.
    pub scenarios: Option<PathBuf>,
    pub steps: StepSelection,
}

/// Said where a selection has pages but no step.
pub(super) const NOTHING_RUNS: &str = "nothing selected: no page has a `bash` block that runs";

/// Content as it was asked for, and the scenarios that its labs name.
pub(super) struct Content {
    pub(super) loaded: Loaded,
    pub(super) scenarios: BTreeMap<String, Source>,
}

/// Why there is nothing to show or run.
pub(super) struct Refused {
    pub(super) exit: Exit,
    pub(super) text: String,
}

pub(super) fn refused(exit: Exit, text: impl Into<String>) -> Refused {
    Refused {
        exit,
        text: text.into(),
    }
}

/// The exit code of what was done, or of what was refused, which is said.
pub(super) fn told(done: Result<Exit, Refused>) -> Exit {
    done.unwrap_or_else(|Refused { exit, text }| {
        output::complain(&text);
        exit
    })
}

impl Refused {
    /// Says it as an error, for what `told` would say without that word.
    pub(super) fn complained(self) -> Exit {
        output::complain(&format!("error: {}", self.text));
        self.exit
    }
}

/// Why a tree of lessons was not loaded.
pub(super) fn not_loaded(error: &LoadError) -> Refused {
    let exit = match error {
        LoadError::Unreadable { .. } => Exit::CannotTell,
        _ => Exit::Usage,
    };
    refused(exit, error.to_string())
}

impl Content {
    /// Leaves out the steps that were not asked for.
    pub(super) fn select(&mut self, selection: &Selection) -> Result<(), Refused> {
        let plan = &mut self.loaded.plan;
        plan::select(plan, &selection.steps)
            .map_err(|error| refused(Exit::Usage, error.to_string()))
    }

    pub(super) fn has_errors(&self) -> bool {
        self.loaded.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Loads the selection and shows its diagnostics on stderr. `bind` says whether labs need their scenarios.
pub(super) fn load(selection: &Selection, bind: bool) -> Result<Content, Refused> {
    let mut content = read(selection, bind)?;
    show_diagnostics(&content.loaded);
    content.select(selection)?;
    Ok(content)
}

/// Reads all pages of the selection, of all their steps.
pub(super) fn read(selection: &Selection, bind: bool) -> Result<Content, Refused> {
    let asked = plan::Request {
        scenario: selection.scenario.clone(),
        glob: selection.glob.clone(),
        source_tree: selection.source_tree.clone(),
    };
    let mut loaded = tree::load(&selection.paths, &asked).map_err(|error| not_loaded(&error))?;
    let scenarios = if bind {
        let (scenarios, found) = bound(&loaded.plan.labs, selection)?;
        loaded.diagnostics.extend(found);
        in_page_order(&mut loaded);
        scenarios
    } else {
        BTreeMap::new()
    };
    Ok(Content { loaded, scenarios })
}

/// The scenarios of the labs, and what the labs expect of them in vain.
pub(super) fn bound(
    labs: &[Lab],
    selection: &Selection,
) -> Result<(BTreeMap<String, Source>, Vec<Diagnostic>), Refused> {
    let mut known = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for lab in labs {
        let Some(name) = lab.scenario.as_deref() else {
            continue;
        };
        if !known.contains_key(name) {
            match scenarios::load(name, selection.scenarios.as_deref()) {
                Ok(source) => {
                    known.insert(name.to_owned(), source);
                }
                Err(error) => match &lab.scenario_at {
                    Some((page, at)) => diagnostics.extend(unusable(name, page, at, error)),
                    // A name on the command line is a slip of the caller's, one in a page the author's.
                    None => return Err(refused(Exit::Usage, error.to_string())),
                },
            }
        }
        if let Some(source) = known.get(name) {
            diagnostics.extend(missing_hooks(lab, source));
        }
    }
    Ok((known, diagnostics))
}

fn in_page_order(loaded: &mut Loaded) {
    let pages = loaded.plan.labs.iter().flat_map(|lab| &lab.pages);
    let order: BTreeMap<&Path, usize> = pages
        .enumerate()
        .map(|(index, page)| (page.path.as_path(), index))
        .collect();
    let place = |one: &Diagnostic| (order.get(one.path.as_path()).copied(), one.span.start);
    loaded.diagnostics.sort_by_key(place);
}

/// What is wrong with a scenario that a page names: at the page, and in the scenario itself.
fn unusable(
    name: &str,
    page: &Path,
    at: &Location,
    error: scenarios::LoadError,
) -> Vec<Diagnostic> {
    use scenarios::LoadError;
    let diagnostic =
        |code, message: String| Diagnostic::new(Severity::Error, code, page, at.clone(), message);
    match error {
        LoadError::Unknown { known, nearest, .. } => {
            let help = match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            let unknown = diagnostic("scenario-unknown", format!("there is no scenario `{name}`"));
            vec![unknown.with_help(help)]
        }
        LoadError::Invalid { .. } | LoadError::Unreadable { .. } => {
            vec![diagnostic("scenario-invalid", error.to_string())]
        }
    }
}

fn missing_hooks(lab: &Lab, source: &Source) -> Vec<Diagnostic> {
    let hooks = &source.scenario.hooks;
    let asked = lab.steps.iter().filter_map(|step| {
        let hook = step.hook.as_ref()?;
        (hook.source == HookSource::Scenario && !hooks.contains_key(&hook.name))
            .then_some((step, &hook.name))
    });
    asked
        .map(|(step, name)| {
            let at = step
                .hook_at
                .clone()
                .unwrap_or_else(Location::start_of_file);
            let scenario = &source.scenario.name;
            let message = format!(
                "hook={name} has no script tests/hook-{name}.sh beside the page, and the scenario {scenario} has no hook of that name"
            );
            let diagnostic =
                Diagnostic::new(Severity::Error, "hook-missing", &step.page, at, message);
            match nearest(name, hooks.keys().map(String::as_str)) {
                Some(near) => diagnostic.with_help(format!("did you mean `hook={near}`?")),
                None => diagnostic,
            }
        })
        .collect()
}

fn show_diagnostics(loaded: &Loaded) {
    if loaded.diagnostics.is_empty() {
        return;
    }
    let color = output::is_colored(&std::io::stderr());
    let source_of = |path: &Path| loaded.sources.get(path).cloned();
    let shown = report::diagnostics::render(&loaded.diagnostics, &source_of, color);
    output::complain(&shown);
}
