//! The plan that a person reads before a run: every page with its steps, commands, limits and hooks, and
//! what is left out and why. What is wrong with it is `report::diagnostics`' to draw; here it is counted.

pub mod json;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::diagnostics::tally;
use super::terminal::Paint;
use super::text::printable;
use crate::diagnostic::Diagnostic;
use crate::plan::{ExpectError, Hook, HookSource, Lab, Plan, Skip, Step};

/// The whole plan. `color` is for a terminal that understands it.
pub fn render(plan: &Plan, diagnostics: &[Diagnostic], color: bool) -> String {
    let paint = Paint(color);
    let mut text = String::new();
    for lab in &plan.labs {
        render_lab(&mut text, lab, paint);
    }
    let _ = writeln!(text, "{}", summary(plan, diagnostics));
    text
}

fn render_lab(text: &mut String, lab: &Lab, paint: Paint) {
    let _ = write!(text, "{}", paint.strong(&line(&lab.name)));
    if let Some(scenario) = &lab.scenario {
        let _ = write!(text, "  scenario {}", line(scenario));
    }
    text.push_str("\n\n");
    for hook in &lab.suite_hooks {
        let _ = writeln!(text, "  suite hook {}", path(hook));
    }
    if !lab.suite_hooks.is_empty() {
        text.push('\n');
    }
    let width = lab.steps.len().to_string().len();
    let mut all = Entries::of(lab);
    for page in &lab.pages {
        if lab.name != page.path.to_string_lossy() {
            let title = page.title.as_deref().map(line).unwrap_or_default();
            let _ = writeln!(text, "  {}  {}", paint.strong(&path(&page.path)), title);
        }
        for entry in all.page(&page.path) {
            match entry {
                Entry::Step(step) => render_step(text, step, width, paint),
                Entry::Skip(skip) => render_skip(text, skip, width, paint),
            }
        }
    }
    for skip in all.without_page {
        let _ = writeln!(text, "  - {}  left out: {}", path(&skip.page), skip.reason);
    }
    text.push('\n');
}

enum Entry<'a> {
    Step(&'a Step),
    Skip(&'a Skip),
}

/// The steps and skips of a lab by page, in the order of their lines; and the skips of pages that were left
/// out before they were read.
struct Entries<'a> {
    pages: BTreeMap<&'a Path, Vec<Entry<'a>>>,
    without_page: Vec<&'a Skip>,
}

impl<'a> Entries<'a> {
    fn of(lab: &'a Lab) -> Entries<'a> {
        let pages = lab.pages.iter();
        let mut entries = Entries {
            pages: pages
                .map(|page| (page.path.as_path(), Vec::new()))
                .collect(),
            without_page: Vec::new(),
        };
        for step in &lab.steps {
            if let Some(page) = entries.pages.get_mut(step.page.as_path()) {
                page.push(Entry::Step(step));
            }
        }
        for skip in &lab.skipped {
            match entries.pages.get_mut(skip.page.as_path()) {
                Some(page) => page.push(Entry::Skip(skip)),
                None => entries.without_page.push(skip),
            }
        }
        for page in entries.pages.values_mut() {
            page.sort_by_key(|entry| match entry {
                Entry::Step(step) => step.line,
                Entry::Skip(skip) => skip.line,
            });
        }
        entries
    }

    fn page(&mut self, page: &Path) -> Vec<Entry<'a>> {
        self.pages.remove(page).unwrap_or_default()
    }
}

fn render_step(text: &mut String, step: &Step, width: usize, paint: Paint) {
    let (number, title) = (step.number, line(&step.title));
    let place = paint.quiet(&format!("line {}", step.line));
    let _ = writeln!(text, "  {number:>width$}  {title}  {place}");
    let indent = " ".repeat(width + 4);
    if let Some(reason) = &step.skip {
        let reason = format!("left out: {}", line(reason));
        let _ = writeln!(text, "{indent}{}", paint.unsure(&reason));
        return;
    }
    let _ = writeln!(text, "{indent}{}", paint.quiet(&settings(step)));
    let gutter = step
        .commands
        .last()
        .map_or(1, |command| command.line.to_string().len());
    for command in &step.commands {
        let shown = printable(&command.text);
        let mut lines = shown.lines();
        let first = lines.next().unwrap_or_default();
        let number = paint.quiet(&format!("{:>gutter$}", command.line));
        let _ = writeln!(text, "{indent}{number}  $ {first}");
        for next in lines {
            let _ = writeln!(text, "{indent}{:gutter$}    {next}", "");
        }
    }
}

/// Limits, hooks and whatever is not as in every other step.
fn settings(step: &Step) -> String {
    let mut all = vec![format!("at most {}", seconds(step.timeout))];
    if let Some(hook) = &step.hook {
        let limit = seconds(step.hook_timeout);
        all.push(format!(
            "hook {} ({}), at most {limit}",
            hook.name,
            source(hook)
        ));
    }
    if !step.wait.is_zero() {
        all.push(format!("wait {}", seconds(step.wait)));
    }
    match step.expect_error {
        ExpectError::No => {}
        ExpectError::May => all.push("may fail".to_owned()),
        ExpectError::Must => all.push("must fail".to_owned()),
    }
    if step.retries > 0 {
        all.push(format!("retries {}", step.retries));
    }
    if step.id != step.number.to_string() {
        all.push(format!("id {}", step.id));
    }
    all.join(" · ")
}

fn source(hook: &Hook) -> String {
    match &hook.source {
        HookSource::Script(script) => path(script),
        HookSource::Scenario => "scenario".to_owned(),
    }
}

fn render_skip(text: &mut String, skip: &Skip, width: usize, paint: Paint) {
    let reason = format!("left out: {}", line(&skip.reason));
    let place = paint.quiet(&format!("line {}", skip.line));
    let _ = writeln!(
        text,
        "  {:>width$}  {}  {place}",
        "-",
        paint.unsure(&reason)
    );
}

fn summary(plan: &Plan, diagnostics: &[Diagnostic]) -> String {
    let counts = Counts::of(plan);
    let mut parts = vec![format!(
        "{} in {} of {}",
        counted(counts.steps, "step"),
        counted(counts.pages, "page"),
        counted(plan.labs.len(), "lab")
    )];
    parts.push(counted(counts.commands, "command"));
    if !counts.skipped.is_empty() {
        let all: usize = counts.skipped.iter().map(|(_, count)| count).sum();
        let reasons = counts.skipped.iter();
        let reasons: Vec<String> = reasons
            .map(|(reason, count)| format!("{count}: {}", line(reason)))
            .collect();
        parts.push(format!("{all} left out ({})", reasons.join(", ")));
    }
    let found = tally(diagnostics);
    if !found.is_empty() {
        parts.push(found);
    }
    parts.join(", ")
}

/// How much of what a plan has.
struct Counts {
    pages: usize,
    /// Steps and their commands that a run would run.
    steps: usize,
    commands: usize,
    /// Each reason with its count, in order of first appearance.
    skipped: Vec<(String, usize)>,
}

impl Counts {
    fn of(plan: &Plan) -> Counts {
        let steps = || plan.labs.iter().flat_map(Lab::steps_to_run);
        let mut counts = Counts {
            pages: plan.labs.iter().map(|lab| lab.pages.len()).sum(),
            steps: steps().count(),
            commands: steps().map(|step| step.commands.len()).sum(),
            skipped: Vec::new(),
        };
        for lab in &plan.labs {
            let of_steps = lab.steps.iter().filter_map(|step| step.skip.as_ref());
            for reason in of_steps.chain(lab.skipped.iter().map(|skip| &skip.reason)) {
                match counts.skipped.iter_mut().find(|(known, _)| known == reason) {
                    Some((_, count)) => *count += 1,
                    None => counts.skipped.push((reason.clone(), 1)),
                }
            }
        }
        counts
    }
}

pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

fn path(path: &Path) -> String {
    line(&path.to_string_lossy())
}

/// On one line, whatever it holds.
fn line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{LabSource, Request, plan};

    /// A plan of a page with one of everything, made from its text.
    pub(super) fn one_of_everything() -> Plan {
        let page = "---\ntitle: Nodes\n---\n\n## Look\n\n```bash hook=look id=look timeout=60 retries=2\n$ kubectl get nodes \\\n    -o wide\nNAME\n$ echo \"\u{1b}[31m\"\n```\n\n```bash test=false\n$ a\n```\n\n```bash expectError=must wait=5\n$ false\n```\n";
        let page = crate::lab::parse(Path::new("labs/page.md"), page).0;
        let source = LabSource {
            name: "labs".to_owned(),
            pages: vec![page],
            suite_hooks: vec!["labs/tests/hook-suite.sh".into()],
            skipped: vec![Skip {
                page: "labs/draft/x.md".into(),
                line: 1,
                reason: ".notest in labs/draft".to_owned(),
            }],
            ..LabSource::default()
        };
        let request = Request {
            scenario: Some("broken".to_owned()),
            ..Request::default()
        };
        plan(vec![source], &request).0
    }

    #[test]
    fn the_plan_says_everything_that_a_run_would_do_and_leave_out() {
        let expected = "\
labs  scenario broken

  suite hook labs/tests/hook-suite.sh

  labs/page.md  Nodes
  1  Look  line 7
     at most 60 s · hook look (scenario), at most 300 s · retries 2 · id look
      8  $ kubectl get nodes \\
               -o wide
     11  $ echo \"\"
  -  left out: test=false  line 14
  2  Look  line 18
     at most 120 s · wait 5 s · must fail
     19  $ false
  - labs/draft/x.md  left out: .notest in labs/draft

2 steps in 1 page of 1 lab, 3 commands, 2 left out (1: .notest in labs/draft, 1: test=false)
";
        assert_eq!(render(&one_of_everything(), &[], false), expected);
    }

    #[test]
    fn a_step_that_is_not_selected_says_so() {
        let mut plan = one_of_everything();
        plan.labs[0].steps[1].skip = Some("not selected".to_owned());
        let text = render(&plan, &[], false);
        assert!(
            text.contains("  2  Look  line 18\n     left out: not selected\n"),
            "{text}"
        );
        assert!(text.contains("1 step in 1 page of 1 lab"), "{text}");
    }
}
