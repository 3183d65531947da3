//! `breakfix bless`: lessons are run, and their documented output is written anew where it drifted.

mod ask;
mod secret;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use self::ask::Asker;
use super::content::{refused, told};
use super::output;
use super::run::{self, RunRequest, documented, prepare};
use super::target::Target;
use crate::expect::{self, Blessed};
use crate::lab::rewrite::{self, Change, ChangedLine, Refusal};
use crate::outcome::{CommandOutcome, Exit, LabOutcome, RunOutcome, StepOutcome, StepResult};
use crate::plan::{Command, Lab, StepSelection};
use crate::report::bless::{BlessedPage, Fate};
use crate::report::{self, Format};

/// Which lessons, and how far to go.
#[derive(Debug, Clone)]
pub struct BlessRequest {
    pub run: RunRequest,
    /// Write nothing.
    pub check: bool,
    /// Ask for each output.
    pub interactive: bool,
    pub json: bool,
}

/// Runs the lessons and rewrites what drifted.
///
/// # Errors
/// When we could not find out: the environment failed before any lab could.
pub fn bless(request: &BlessRequest) -> anyhow::Result<Exit> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if request.interactive && !is_terminal {
        let text = "error: --interactive asks, and nobody can answer here: run it in a terminal, or leave it out";
        return Ok(told(Err(refused(Exit::Usage, text))));
    }
    let prepared = match prepare::prepare(&request.run) {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(told(Err(refused))),
    };
    let labs: Vec<Lab> = prepared.iter().map(|(lab, _)| lab.clone()).collect();
    let sources = read(&labs)?;
    let outcome = run::run_labs(&request.run, prepared)?;
    let ran = Ran {
        request,
        outcome: &outcome,
        sources,
    };
    let (mut pages, of_the_run) = ran.pages(&labs);
    let exit = of_the_run.or_heavier(ran.finish(&mut pages));
    if of_the_run != Exit::Met {
        let color = output::is_colored(&std::io::stderr());
        output::complain(report::render(&outcome, Format::Terminal, color).trim_end());
    }
    let color = output::is_colored(&std::io::stdout());
    output::say(&match request.json {
        true => report::bless::json(&pages, exit),
        false => report::bless::terminal(&pages, color),
    });
    Ok(exit)
}

/// Every page as it is before the run.
fn read(labs: &[Lab]) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    use anyhow::Context as _;
    let pages = labs.iter().flat_map(Lab::steps_to_run);
    let mut sources = BTreeMap::new();
    for step in pages {
        if !sources.contains_key(&step.page) {
            let text = std::fs::read_to_string(&step.page);
            let text = text.with_context(|| format!("failed to read {}", step.page.display()))?;
            sources.insert(step.page.clone(), text);
        }
    }
    Ok(sources)
}

/// A run whose outputs are held against the pages.
struct Ran<'a> {
    request: &'a BlessRequest,
    outcome: &'a RunOutcome,
    sources: BTreeMap<PathBuf, String>,
}

impl Ran<'_> {
    /// Every page that ran, in order, with what is to be rewritten; and what the run makes of the exit code.
    fn pages(&self, labs: &[Lab]) -> (Vec<BlessedPage>, Exit) {
        let mut pages: Vec<BlessedPage> = Vec::new();
        let mut exit = Exit::Met;
        for (lab, outcome) in labs.iter().zip(&self.outcome.labs) {
            if !outcome.leftovers.is_empty() {
                exit = exit.or_heavier(Exit::Leftovers);
            }
            let failed = self.failure(outcome);
            for step in lab.steps_to_run() {
                let known = pages.iter().position(|page| page.path == step.page);
                let at = known.unwrap_or_else(|| {
                    let failed = failed.clone();
                    let failed = failed.or_else(|| page_failure(lab, outcome, &step.page));
                    if failed.is_some() {
                        exit = exit.or_heavier(self.outcome.exit());
                    }
                    pages.push(self.page(&step.page, failed));
                    pages.len() - 1
                });
                let ran = outcome.steps.iter().find(|ran| ran.number == step.number);
                if let Some(ran) = ran.filter(|_| pages[at].fate == Fate::Agrees) {
                    mend(&mut pages[at], &step.commands, ran);
                }
            }
        }
        (pages, exit)
    }

    fn page(&self, path: &Path, left: Option<String>) -> BlessedPage {
        BlessedPage {
            path: path.to_owned(),
            fate: left.map_or(Fate::Agrees, Fate::Left),
            source: self.sources.get(path).cloned().unwrap_or_default(),
            changes: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Why what a lab printed is not to be trusted. Checks count where all of its steps ran.
    fn failure(&self, lab: &LabOutcome) -> Option<String> {
        let around = LabOutcome {
            suite_hooks: lab.suite_hooks.clone(),
            ..LabOutcome::default()
        };
        let all_ran = self.request.run.selection.steps == StepSelection::All;
        let unmet = lab
            .checks
            .iter()
            .find(|check| check.verdict.exit() != Exit::Met);
        if self.outcome.interrupted {
            Some("the run was interrupted".to_owned())
        } else if let Some(error) = &lab.error {
            Some(format!("cannot tell: {error}"))
        } else if around.exit(false) != Exit::Met {
            Some("a suite hook failed".to_owned())
        } else {
            let unmet = unmet.filter(|_| all_ran);
            unmet.map(|check| format!("the check {} is not met after its steps", check.id))
        }
    }

    /// Asks, writes, and says what that makes of the exit code.
    fn finish(&self, pages: &mut [BlessedPage]) -> Exit {
        let mut asker = self.request.interactive.then(Asker::default);
        let mut exit = Exit::Met;
        for page in pages {
            if !page.refused.is_empty() {
                exit = exit.or_heavier(Exit::Content);
            }
            if matches!(page.fate, Fate::Secret(_)) {
                exit = exit.or_heavier(Exit::Content);
            }
            if page.fate != Fate::Agrees || page.changes.is_empty() {
                continue;
            }
            if let Some(asker) = &mut asker {
                asker.choose(page);
                if page.changes.is_empty() {
                    page.fate = Fate::Left("what drifted was declined".to_owned());
                    continue;
                }
            }
            if self.request.check {
                page.fate = Fate::WouldChange;
                exit = exit.or_heavier(Exit::Content);
                continue;
            }
            page.fate = match self.write(page) {
                Ok(()) => Fate::Rewritten,
                Err(why) => {
                    exit = exit.or_heavier(Exit::CannotTell);
                    Fate::Left(why)
                }
            };
        }
        exit
    }

    fn write(&self, page: &BlessedPage) -> Result<(), String> {
        let now = std::fs::read_to_string(&page.path);
        if now.ok().as_ref() != Some(&page.source) {
            return Err("it was changed while its lab ran: bless it again".to_owned());
        }
        let mut text = page.source.clone();
        // From the last to the first, so that lines of those above stay true.
        for change in page.changes.iter().rev() {
            text = rewrite::apply(&text, change);
        }
        Target::at(&page.path)?.write(&text)
    }
}

/// Why a page is not rewritten: a step of it failed, or did not run although it was asked for.
fn page_failure(lab: &Lab, outcome: &LabOutcome, page: &Path) -> Option<String> {
    let asked: Vec<usize> = lab.steps_to_run().map(|step| step.number).collect();
    let steps = outcome.steps.iter();
    let mut steps = steps.filter(|step| step.page == page && asked.contains(&step.number));
    steps.find_map(|step| {
        let what = match &step.result {
            StepResult::Pass => return None,
            StepResult::Flaky { .. } => "passed on a retry only".to_owned(),
            StepResult::Skip(why) => format!("did not run: {why}"),
            StepResult::Fail(_) | StepResult::Timeout(_) | StepResult::Interrupted => {
                "failed".to_owned()
            }
        };
        let (number, page, line) = (step.number, page.display(), step.line);
        Some(format!("step {number} ({page}:{line}) {what}"))
    })
}

/// Notes what a step's commands make of the page.
fn mend(page: &mut BlessedPage, commands: &[Command], ran: &StepOutcome) {
    for (command, ran) in commands.iter().zip(&ran.commands) {
        match mended(page, command, ran) {
            Ok(None) => {}
            Ok(Some(change)) if secret_in(&change) => {
                page.fate = Fate::Secret(command.line);
                page.changes.clear();
                return;
            }
            Ok(Some(change)) => page.changes.push(change),
            Err(refusal) => page.refused.push(refusal),
        }
    }
}

/// What is to change below a command. One whose output the page does not show is left so.
fn mended(
    page: &BlessedPage,
    command: &Command,
    ran: &CommandOutcome,
) -> Result<Option<Change>, Refusal> {
    let refused = |why: &str| Refusal {
        line: command.line,
        why: why.to_owned(),
    };
    if command.documented.trim().is_empty() {
        return Ok(None);
    }
    if ran.dropped > 0 {
        return Err(refused(
            "its output is too long to be held against the page",
        ));
    }
    let Some((_, printed)) = documented::nearest(command, ran) else {
        return Ok(None);
    };
    match expect::bless(&command.documented, &printed) {
        Blessed::AsBefore => Ok(None),
        Blessed::Impossible => Err(refused("no text says what was printed")),
        Blessed::Rewritten(text) => {
            let replaced = rewrite::replace(&page.path, &page.source, command, &text);
            replaced.map(|(_, change)| Some(change))
        }
    }
}

fn secret_in(change: &Change) -> bool {
    change.lines.iter().any(|line| match line {
        ChangedLine::Added(line) => secret::is_in(line),
        ChangedLine::Same(_) | ChangedLine::Removed(_) => false,
    })
}
