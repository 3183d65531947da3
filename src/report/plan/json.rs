//! The plan for programs: one JSON document with a version of its own, separate from the report of a run.

use std::path::Path;

use serde::Serialize;

use super::super::text::document;
use super::{Counts, Entries, Entry};
use crate::diagnostic::{Diagnostic, Severity};
use crate::outcome::Exit;
use crate::plan::{ExpectError, Hook, HookSource, Lab, Plan, PlannedPage, Skip, Step};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// The document, ending with a newline.
pub fn render(plan: &Plan, diagnostics: &[Diagnostic], exit: Exit) -> String {
    let counts = Counts::of(plan);
    let count = |severity| {
        let of_it = diagnostics.iter().filter(|one| one.severity == severity);
        of_it.count()
    };
    let view = PlanView {
        version: VERSION,
        exit_code: exit as u8,
        counts: CountsView {
            labs: plan.labs.len(),
            pages: counts.pages,
            steps: counts.steps,
            commands: counts.commands,
            skipped: counts.skipped.iter().map(|(_, count)| count).sum(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        },
        labs: plan.labs.iter().map(lab_view).collect(),
        diagnostics: diagnostics.iter().map(diagnostic_view).collect(),
    };
    document(&view)
}

#[derive(Serialize)]
struct PlanView<'a> {
    version: u32,
    /// What the process exits with.
    exit_code: u8,
    counts: CountsView,
    labs: Vec<LabView<'a>>,
    /// Everything wrong or suspicious, in the order of pages and lines.
    diagnostics: Vec<DiagnosticView<'a>>,
}

#[derive(Serialize)]
struct CountsView {
    labs: usize,
    pages: usize,
    /// Steps and commands that a run would run.
    steps: usize,
    commands: usize,
    skipped: usize,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct LabView<'a> {
    lab: &'a str,
    scenario: Option<&'a str>,
    /// Scripts around the lab, the outermost first.
    suite_hooks: Vec<String>,
    pages: Vec<PageView<'a>>,
    /// Pages that were left out before they were read.
    skipped: Vec<SkippedView<'a>>,
}

#[derive(Serialize)]
struct PageView<'a> {
    page: String,
    title: Option<&'a str>,
    steps: Vec<StepView<'a>>,
    /// Blocks that do not run.
    skipped: Vec<SkippedView<'a>>,
}

#[derive(Serialize)]
struct StepView<'a> {
    /// Counted from 1 within the lab.
    number: usize,
    id: &'a str,
    title: &'a str,
    line: usize,
    timeout_s: u64,
    wait_s: u64,
    hook: Option<HookView<'a>>,
    /// `false`, `true` or `must`.
    expect_error: &'static str,
    retries: u32,
    /// Why a run leaves it out; `null` for a step that runs.
    skip: Option<&'a str>,
    commands: Vec<CommandView<'a>>,
}

#[derive(Serialize)]
struct HookView<'a> {
    name: &'a str,
    /// `script` or `scenario`.
    source: &'static str,
    /// Path of the script.
    script: Option<String>,
    timeout_s: u64,
}

#[derive(Serialize)]
struct CommandView<'a> {
    line: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct SkippedView<'a> {
    page: String,
    line: usize,
    reason: &'a str,
}

#[derive(Serialize)]
struct DiagnosticView<'a> {
    /// `error`, `warning` or `note`.
    severity: &'static str,
    code: &'static str,
    page: String,
    line: usize,
    /// In characters, counted from 1.
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

fn lab_view(lab: &Lab) -> LabView<'_> {
    let mut all = Entries::of(lab);
    LabView {
        lab: &lab.name,
        scenario: lab.scenario.as_deref(),
        suite_hooks: lab.suite_hooks.iter().map(|hook| text(hook)).collect(),
        pages: lab
            .pages
            .iter()
            .map(|page| page_view(page, &mut all))
            .collect(),
        skipped: all.without_page.into_iter().map(skipped_view).collect(),
    }
}

fn page_view<'a>(page: &'a PlannedPage, all: &mut Entries<'a>) -> PageView<'a> {
    let mut view = PageView {
        page: text(&page.path),
        title: page.title.as_deref(),
        steps: Vec::new(),
        skipped: Vec::new(),
    };
    for entry in all.page(&page.path) {
        match entry {
            Entry::Step(step) => view.steps.push(step_view(step)),
            Entry::Skip(skip) => view.skipped.push(skipped_view(skip)),
        }
    }
    view
}

fn step_view(step: &Step) -> StepView<'_> {
    let commands = step.commands.iter().map(|command| CommandView {
        line: command.line,
        text: &command.text,
    });
    StepView {
        number: step.number,
        id: &step.id,
        title: &step.title,
        line: step.line,
        timeout_s: step.timeout.as_secs(),
        wait_s: step.wait.as_secs(),
        hook: step.hook.as_ref().map(|hook| hook_view(hook, step)),
        expect_error: match step.expect_error {
            ExpectError::No => "false",
            ExpectError::May => "true",
            ExpectError::Must => "must",
        },
        retries: step.retries,
        skip: step.skip.as_deref(),
        commands: commands.collect(),
    }
}

fn hook_view<'a>(hook: &'a Hook, step: &Step) -> HookView<'a> {
    let (source, script) = match &hook.source {
        HookSource::Script(script) => ("script", Some(text(script))),
        HookSource::Scenario => ("scenario", None),
    };
    HookView {
        name: &hook.name,
        source,
        script,
        timeout_s: step.hook_timeout.as_secs(),
    }
}

fn skipped_view(skip: &Skip) -> SkippedView<'_> {
    SkippedView {
        page: text(&skip.page),
        line: skip.line,
        reason: &skip.reason,
    }
}

fn diagnostic_view(diagnostic: &Diagnostic) -> DiagnosticView<'_> {
    DiagnosticView {
        severity: diagnostic.severity.name(),
        code: diagnostic.code,
        page: text(&diagnostic.path),
        line: diagnostic.line,
        column: diagnostic.column,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::diagnostic::Location;

    #[test]
    fn the_document_has_every_page_step_command_and_reason() {
        let plan = super::super::tests::one_of_everything();
        let at = Location::start_of_file();
        let diagnostics = [Diagnostic::new(
            Severity::Error,
            "hook-missing",
            Path::new("labs/page.md"),
            at,
            "no hook",
        )];
        let document: Value =
            serde_json::from_str(&render(&plan, &diagnostics, Exit::Content)).expect("JSON");
        let check = |pointer: &str, expected: Value| {
            assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
        };
        check("/version", 1.into());
        check("/exit_code", 3.into());
        check("/counts/commands", 3.into());
        check("/counts/skipped", 2.into());
        check("/labs/0/scenario", "broken".into());
        check("/labs/0/suite_hooks/0", "labs/tests/hook-suite.sh".into());
        check("/labs/0/pages/0/title", "Nodes".into());
        check("/labs/0/pages/0/steps/0/id", "look".into());
        check("/labs/0/pages/0/steps/0/timeout_s", 60.into());
        check("/labs/0/pages/0/steps/0/hook/source", "scenario".into());
        check("/labs/0/pages/0/steps/0/hook/timeout_s", 300.into());
        check("/labs/0/pages/0/steps/0/commands/1/line", 11.into());
        check("/labs/0/pages/0/steps/1/expect_error", "must".into());
        check("/labs/0/pages/0/skipped/0/reason", "test=false".into());
        check("/labs/0/skipped/0/page", "labs/draft/x.md".into());
        check("/diagnostics/0/code", "hook-missing".into());
    }
}
