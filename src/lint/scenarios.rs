//! Rules about scenarios: that a page uses them, that a learner finds help, that their checks can say no.

use std::collections::BTreeSet;

use super::{Content, ScenarioFile, rules};
use crate::diagnostic::{Diagnostic, Lines, Location};
use crate::scenario::Check;

pub(super) fn check(content: &Content<'_>, found: &mut Vec<Diagnostic>) {
    for file in content.scenario_files {
        let scenario = &file.scenario;
        if !file.is_named {
            let message = format!("no page runs against `{}`", scenario.name);
            let help = format!(
                "write `scenario: {}` into the front matter of its lesson, and the lesson's path under `lab:`",
                scenario.name
            );
            let one = diagnostic(
                file,
                "scenario-unreferenced",
                place(file, "scenario:", ""),
                message,
            );
            found.push(one.with_help(help));
        }
        directory(file, found);
        let refused: BTreeSet<&str> = scenario
            .fixes()
            .flat_map(|fix| fix.refused_by.iter().map(String::as_str))
            .collect();
        for condition in &scenario.conditions {
            if !refused.contains(condition.id.as_str()) {
                let message = format!(
                    "no wrong fix shows that the condition `{}` can refuse one",
                    condition.id
                );
                let help = format!("write a wrong fix with `refused_by: [{}]`", condition.id);
                let at = place(file, "id:", &condition.id);
                found.push(
                    diagnostic(file, "condition-without-wrong-fix", at, message).with_help(help),
                );
            }
        }
        for check in scenario.conditions.iter().chain(&scenario.invariants) {
            without_hint(file, check, found);
        }
    }
}

/// A scenario is found by its directory's name.
fn directory(file: &ScenarioFile, found: &mut Vec<Diagnostic>) {
    let directory = file
        .path
        .parent()
        .and_then(|directory| directory.file_name());
    let name = &file.scenario.name;
    if directory.is_some_and(|directory| directory != name.as_str()) {
        let message =
            format!("`{name}` is in a directory of another name, and is found by that one");
        let at = place(file, "scenario:", name);
        let help = "give both the same name";
        found.push(diagnostic(file, "scenario-directory", at, message).with_help(help));
    }
}

/// Learners get hints for the checks that complete a step, and for broken invariants; for any other check only what
/// its author wrote.
fn without_hint(file: &ScenarioFile, check: &Check, found: &mut Vec<Diagnostic>) {
    let scenario = &file.scenario;
    let leads_to = scenario
        .steps
        .iter()
        .flat_map(|step| &step.evidence)
        .flat_map(|evidence| &evidence.verified)
        .any(|condition| *condition == check.id);
    let is_invariant = scenario
        .invariants
        .iter()
        .any(|invariant| invariant.id == check.id);
    if leads_to || is_invariant || !check.hints.is_empty() {
        return;
    }
    let message = format!("no hint leads a learner to `{}`", check.id);
    let help = format!(
        "write `hints:` for it, or name it in a step's evidence: `verified: [{}]`",
        check.id
    );
    let at = place(file, "id:", &check.id);
    found.push(diagnostic(file, "check-without-hint", at, message).with_help(help));
}

fn diagnostic(
    file: &ScenarioFile,
    code: &'static str,
    at: Location,
    message: String,
) -> Diagnostic {
    Diagnostic::new(rules::severity(code), code, &file.path, at, message)
}

/// Where `value` stands behind `key`; the value alone, if there is one.
fn place(file: &ScenarioFile, key: &str, value: &str) -> Location {
    let lines = Lines::new(&file.text);
    for line in 1..=lines.count() {
        let text = lines.text(line);
        let Some(at) = text.find(key) else { continue };
        let behind = &text[at + key.len()..];
        let is_it = behind
            .trim_start()
            .trim_start_matches(['"', '\''])
            .strip_prefix(value)
            .is_some_and(|rest| {
                value.is_empty()
                    || !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-')
            });
        if is_it {
            let start = lines.span(line).start;
            let from = if value.is_empty() {
                at
            } else {
                at + key.len() + behind.find(value).unwrap_or(0)
            };
            let length = if value.is_empty() {
                key.len()
            } else {
                value.len()
            };
            return lines.locate(start + from..start + from + length);
        }
    }
    Location::start_of_file()
}
