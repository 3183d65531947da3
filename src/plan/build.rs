//! From pages to a plan: numbers, defaults, hooks and skips.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    DEFAULT_HOOK_TIMEOUT, DEFAULT_TIMEOUT, ExpectError, Hook, HookScripts, HookSource, Lab,
    LabSource, Plan, PlannedPage, Request, ScenarioName, Skip, Step,
};
use crate::diagnostic::{Diagnostic, Location, Severity, nearest};
use crate::lab::{Block, Setting};

/// Makes the plan of a run. Diagnostics are in the order of labs and pages; with an error among them
/// the plan is for showing, not for running.
pub fn plan(labs: Vec<LabSource>, request: &Request) -> (Plan, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let labs = labs
        .into_iter()
        .map(|source| plan_lab(source, request, &mut diagnostics))
        .collect();
    (Plan { labs }, diagnostics)
}

fn plan_lab(source: LabSource, request: &Request, diagnostics: &mut Vec<Diagnostic>) -> Lab {
    let (scenario, scenario_at) = match &request.scenario {
        Some(name) => (Some(name.clone()), None),
        None => scenario_of(source.scenarios, diagnostics).unzip(),
    };
    let mut planner = Planner {
        bound: scenario.is_some(),
        hook_scripts: by_directory(source.hook_scripts),
        ids: BTreeSet::new(),
        steps: Vec::new(),
        skipped: source.skipped,
        diagnostics,
    };
    let mut pages = Vec::with_capacity(source.pages.len());
    for page in source.pages {
        for block in page.blocks {
            planner.block(&page.path, block);
        }
        pages.push(PlannedPage {
            path: page.path,
            title: page.front_matter.title,
        });
    }
    Lab {
        name: source.name,
        scenario,
        scenario_at,
        pages,
        steps: planner.steps,
        skipped: planner.skipped,
        suite_hooks: source.suite_hooks,
    }
}

fn by_directory(all: Vec<HookScripts>) -> BTreeMap<PathBuf, Vec<(String, PathBuf)>> {
    let mut found: BTreeMap<PathBuf, Vec<(String, PathBuf)>> = BTreeMap::new();
    for scripts in all {
        found
            .entry(scripts.directory)
            .or_default()
            .extend(scripts.scripts);
    }
    found
}

/// The scenario that the pages name; they share one world, so they must not name two.
fn scenario_of(
    named: Vec<ScenarioName>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(String, (PathBuf, Location))> {
    let mut named = named.into_iter();
    let first = named.next()?;
    let mut said = Vec::new();
    for other in named.filter(|other| other.name != first.name) {
        if said.contains(&other) {
            continue;
        }
        let (one, two) = (&first.name, &other.name);
        let message = format!("scenario `{two}` in a lab that runs against `{one}`");
        let page = first.page.display();
        let help = format!("`{one}` is named by {page}; a lab has one scenario");
        let code = "scenario-conflict";
        let at = other.at.clone();
        diagnostics
            .push(Diagnostic::new(Severity::Error, code, &other.page, at, message).with_help(help));
        said.push(other);
    }
    Some((first.name, (first.page, first.at)))
}

struct Planner<'a> {
    /// Whether a scenario can supply hooks that are no scripts.
    bound: bool,
    hook_scripts: BTreeMap<PathBuf, Vec<(String, PathBuf)>>,
    ids: BTreeSet<String>,
    steps: Vec<Step>,
    skipped: Vec<Skip>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Planner<'_> {
    fn block(&mut self, page: &Path, block: Block) {
        if let Some(reason) = block.skip {
            self.skipped.push(Skip {
                page: page.to_owned(),
                line: block.line,
                reason,
            });
        } else if block.tested {
            let step = self.step(page, block);
            self.steps.push(step);
        }
    }

    fn step(&mut self, page: &Path, block: Block) -> Step {
        let number = self.steps.len() + 1;
        let annotations = block.annotations;
        let hook = annotations
            .hook
            .as_ref()
            .and_then(|hook| self.hook(page, hook));
        if let Some(id) = &annotations.id {
            self.claim_id(page, id);
        }
        Step {
            number,
            id: annotations
                .id
                .map_or_else(|| number.to_string(), |id| id.value),
            title: block.heading,
            page: page.to_owned(),
            line: block.line,
            commands: block.commands,
            timeout: value_or(annotations.timeout, DEFAULT_TIMEOUT),
            wait: value_or(annotations.wait, Duration::ZERO),
            hook,
            hook_at: annotations.hook.map(|hook| hook.at),
            hook_timeout: value_or(annotations.hook_timeout, DEFAULT_HOOK_TIMEOUT),
            expect_error: value_or(annotations.expect_error, ExpectError::No),
            retries: value_or(annotations.retries, 0),
            skip: None,
            setup: false,
        }
    }

    fn hook(&mut self, page: &Path, hook: &Setting<String>) -> Option<Hook> {
        let name = hook.value.clone();
        let directory = page.parent().unwrap_or(Path::new(""));
        let scripts = self
            .hook_scripts
            .get(directory)
            .map_or(&[] as &[_], Vec::as_slice);
        if let Some((_, script)) = scripts.iter().find(|(script_name, _)| *script_name == name) {
            return Some(Hook {
                name,
                source: HookSource::Script(script.clone()),
            });
        }
        if self.bound {
            return Some(Hook {
                name,
                source: HookSource::Scenario,
            });
        }
        let known = nearest(
            &name,
            scripts.iter().map(|(script_name, _)| script_name.as_str()),
        );
        let expected = directory.join("tests").join(format!("hook-{name}.sh"));
        let help = match known {
            Some(known) => format!("did you mean `hook={known}`?"),
            None => format!(
                "write {}, or name a scenario that has this hook",
                expected.display()
            ),
        };
        let message = format!("no script and no scenario for hook `{name}`");
        self.error("hook-missing", page, hook.at.clone(), message, help);
        None
    }

    fn claim_id(&mut self, page: &Path, id: &Setting<String>) {
        if !self.ids.insert(id.value.clone()) {
            let message = format!("another step of this lab has the id `{}`", id.value);
            let help = "an id names one step of its lab".to_owned();
            self.error("id-duplicate", page, id.at.clone(), message, help);
        }
    }

    fn error(
        &mut self,
        code: &'static str,
        page: &Path,
        at: Location,
        message: String,
        help: String,
    ) {
        let diagnostic = Diagnostic::new(Severity::Error, code, page, at, message);
        self.diagnostics.push(diagnostic.with_help(help));
    }
}

fn value_or<T>(setting: Option<Setting<T>>, default: T) -> T {
    setting.map_or(default, |setting| setting.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Page;

    /// A lab of pages at the given paths, with hook scripts `one` and `two` in `labs/`.
    fn source(pages: &[(&str, &str)]) -> LabSource {
        let script = |name: &str| {
            (
                name.to_owned(),
                PathBuf::from(format!("labs/tests/hook-{name}.sh")),
            )
        };
        let pages: Vec<Page> = pages
            .iter()
            .map(|(path, text)| crate::lab::parse(Path::new(path), text).0)
            .collect();
        let named = |page: &Page| {
            let scenario = page.front_matter.scenario.clone()?;
            Some(ScenarioName {
                name: scenario.value,
                page: page.path.clone(),
                at: scenario.at,
            })
        };
        LabSource {
            name: "labs".to_owned(),
            scenarios: pages.iter().filter_map(named).collect(),
            pages,
            hook_scripts: vec![HookScripts {
                directory: PathBuf::from("labs"),
                scripts: vec![script("one"), script("two")],
            }],
            ..LabSource::default()
        }
    }

    fn planned(pages: &[(&str, &str)], request: &Request) -> (Lab, Vec<Diagnostic>) {
        let (mut plan, diagnostics) = plan(vec![source(pages)], request);
        (plan.labs.remove(0), diagnostics)
    }

    fn one_step(block: &str) -> Step {
        let (mut lab, diagnostics) = planned(&[("labs/page.md", block)], &Request::default());
        assert_eq!((lab.steps.len(), diagnostics), (1, vec![]));
        lab.steps.remove(0)
    }

    #[test]
    fn a_block_without_annotations_has_the_documented_defaults() {
        let step = one_step("# Look\n\n```bash\n$ a\n```\n");
        assert_eq!(
            (
                step.number,
                step.id.as_str(),
                step.title.as_str(),
                step.line
            ),
            (1, "1", "Look", 3)
        );
        assert_eq!(
            (
                step.timeout.as_secs(),
                step.hook_timeout.as_secs(),
                step.wait.as_secs()
            ),
            (120, 300, 0)
        );
        assert_eq!(
            (step.expect_error, step.retries, step.hook),
            (ExpectError::No, 0, None)
        );
    }

    #[test]
    fn annotations_replace_the_defaults() {
        let step = one_step(
            "```bash timeout=5m wait=90 hookTimeout=7 expectError=true retries=2 id=look hook=one\n$ a\n```\n",
        );
        assert_eq!(
            (
                step.timeout.as_secs(),
                step.hook_timeout.as_secs(),
                step.wait.as_secs()
            ),
            (300, 7, 90)
        );
        assert_eq!(
            (step.expect_error, step.retries, step.id.as_str()),
            (ExpectError::May, 2, "look")
        );
        let script = HookSource::Script(PathBuf::from("labs/tests/hook-one.sh"));
        assert_eq!(
            step.hook,
            Some(Hook {
                name: "one".to_owned(),
                source: script
            })
        );
    }

    #[test]
    fn steps_are_numbered_through_the_lab_and_skips_are_kept() {
        let first = "```bash\n$ a\n```\n\n```bash test=false\n$ b\n```\n\n```json\n{}\n```\n";
        let second = "```sh\n$ c\n```\n\n```bash\n$ d\n```\n";
        let (lab, _) = planned(
            &[("labs/1.md", first), ("labs/2.md", second)],
            &Request::default(),
        );
        let steps: Vec<_> = lab
            .steps
            .iter()
            .map(|step| (step.number, step.page.to_str(), step.line))
            .collect();
        assert_eq!(
            steps,
            [(1, Some("labs/1.md"), 1), (2, Some("labs/2.md"), 5)]
        );
        let skips: Vec<_> = lab
            .skipped
            .iter()
            .map(|skip| (skip.line, skip.reason.as_str()))
            .collect();
        assert_eq!(skips, [(5, "test=false"), (1, "a `sh` fence does not run")]);
    }

    #[test]
    fn a_missing_hook_is_an_error_unless_a_scenario_may_have_it() {
        let page = "```bash hook=on3\n$ a\n```\n";
        let (lab, diagnostics) = planned(&[("labs/page.md", page)], &Request::default());
        assert_eq!(lab.steps[0].hook, None);
        let found = (
            diagnostics[0].code,
            diagnostics[0].line,
            diagnostics[0].column,
        );
        assert_eq!(found, ("hook-missing", 1, 9));
        assert_eq!(
            diagnostics[0].help.as_deref(),
            Some("did you mean `hook=one`?")
        );

        let from_scenario = Some(Hook {
            name: "on3".to_owned(),
            source: HookSource::Scenario,
        });
        let request = Request {
            scenario: Some("broken".to_owned()),
            ..Request::default()
        };
        let (lab, diagnostics) = planned(&[("labs/page.md", page)], &request);
        assert_eq!((&lab.steps[0].hook, diagnostics.len()), (&from_scenario, 0));
        let bound = format!("---\nscenario: other\n---\n{page}");
        let (lab, diagnostics) = planned(&[("labs/page.md", &bound)], &Request::default());
        assert_eq!((&lab.steps[0].hook, diagnostics.len()), (&from_scenario, 0));
        assert_eq!(lab.scenario.as_deref(), Some("other"));
    }

    #[test]
    fn hooks_are_looked_for_beside_their_own_page() {
        let page = "```bash hook=one\n$ a\n```\n";
        let (_, diagnostics) = planned(&[("labs/deeper/page.md", page)], &Request::default());
        assert_eq!(diagnostics[0].code, "hook-missing");
        let help = diagnostics[0].help.as_deref().unwrap_or_default();
        assert!(help.contains("labs/deeper/tests/hook-one.sh"), "{help}");
    }

    #[test]
    fn an_id_names_one_step() {
        let page = "```bash id=x\n$ a\n```\n";
        let (_, diagnostics) = planned(
            &[("labs/1.md", page), ("labs/2.md", page)],
            &Request::default(),
        );
        assert_eq!(
            (diagnostics.len(), diagnostics[0].code),
            (1, "id-duplicate")
        );
        assert_eq!(diagnostics[0].path, Path::new("labs/2.md"));
    }

    #[test]
    fn a_lab_has_one_scenario_and_the_request_goes_first() {
        let pages = [
            ("labs/1.md", "---\nscenario: a\n---\n"),
            ("labs/2.md", "---\nscenario: b\n---\n"),
        ];
        let (lab, diagnostics) = planned(&pages, &Request::default());
        assert_eq!(
            (lab.scenario.as_deref(), diagnostics[0].code),
            (Some("a"), "scenario-conflict")
        );
        let request = Request {
            scenario: Some("c".to_owned()),
            ..Request::default()
        };
        let (lab, diagnostics) = planned(&pages, &request);
        assert_eq!((lab.scenario.as_deref(), diagnostics.len()), (Some("c"), 0));
    }
}
