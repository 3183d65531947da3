//! What `lint` found, for people, programs and GitHub.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::diagnostics;
use super::github::{escaped_data, escaped_property, file};
use super::text::document;
use crate::diagnostic::{Diagnostic, Severity};
use crate::outcome::Exit;

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// A rule, for whom it has to be explained.
#[derive(Debug, Clone, Copy)]
pub struct RuleText {
    pub code: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    /// Markdown.
    pub explanation: &'static str,
    /// Whether `lint --fix` can mend it.
    pub is_fixable: bool,
}

/// Each diagnostic with its caret, and at the end what there is of each kind.
pub fn terminal(
    all: &[Diagnostic],
    source_of: &dyn Fn(&Path) -> Option<String>,
    pages: usize,
    fixed: usize,
    color: bool,
) -> String {
    let mut text = diagnostics::render(all, source_of, color);
    if !text.is_empty() {
        text.push('\n');
    }
    let pages = format!("{pages} page{}", if pages == 1 { "" } else { "s" });
    let found = diagnostics::tally(all);
    let found = if found.is_empty() {
        "nothing to say".to_owned()
    } else {
        found
    };
    let _ = write!(text, "{pages}: {found}");
    if fixed > 0 {
        let _ = write!(text, "; {fixed} mended");
    }
    let can = all.iter().filter(|one| one.fix.is_some()).count();
    if can > 0 {
        let _ = write!(text, "; `--fix` mends {can}");
    }
    text.push('\n');
    if let Some(first) = all.first() {
        let _ = writeln!(text, "`breakfix explain {}` says more", first.code);
    }
    text
}

#[derive(Serialize)]
struct LintView<'a> {
    version: u32,
    /// What the process exits with.
    exit_code: u8,
    pages: usize,
    /// Edits that `--fix` made.
    fixed: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    diagnostics: Vec<DiagnosticView<'a>>,
}

#[derive(Serialize)]
struct DiagnosticView<'a> {
    severity: &'static str,
    code: &'static str,
    path: String,
    /// Counted from 1.
    line: usize,
    /// In characters, counted from 1.
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
    /// Whether `--fix` mends it.
    fixable: bool,
}

/// One document, ending with a newline.
pub fn json(all: &[Diagnostic], pages: usize, fixed: usize, exit: Exit) -> String {
    let count = |severity| all.iter().filter(|one| one.severity == severity).count();
    document(&LintView {
        version: VERSION,
        exit_code: exit as u8,
        pages,
        fixed,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        diagnostics: all.iter().map(view).collect(),
    })
}

fn view(one: &Diagnostic) -> DiagnosticView<'_> {
    DiagnosticView {
        severity: one.severity.name(),
        code: one.code,
        path: one.path.display().to_string(),
        line: one.line,
        column: one.column,
        message: &one.message,
        help: one.help.as_deref(),
        fixable: one.fix.is_some(),
    }
}

/// A line for each diagnostic, which GitHub shows beside the file's line.
pub fn github(all: &[Diagnostic]) -> String {
    let mut text = String::new();
    for one in all {
        let word = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let path = file(&one.path);
        let mut message = one.message.clone();
        if let Some(help) = &one.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = writeln!(
            text,
            "::{word} file={path},line={},col={},title={}::{}",
            one.line,
            one.column,
            escaped_property(one.code),
            escaped_data(&message)
        );
    }
    text
}

/// Rules in a line each.
pub fn rules_list(rules: &[RuleText]) -> String {
    let width = rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(
            text,
            "{:width$}  {:7}  {}",
            rule.code,
            rule.severity.name(),
            rule.summary
        );
    }
    text
}

#[derive(Serialize)]
struct RulesView {
    version: u32,
    rules: Vec<BTreeMap<&'static str, serde_json::Value>>,
}

/// Rules as one document.
pub fn rules_json(rules: &[RuleText]) -> String {
    let rule = |rule: &RuleText| {
        BTreeMap::from([
            ("code", rule.code.into()),
            ("severity", rule.severity.name().into()),
            ("summary", rule.summary.into()),
            ("explanation", rule.explanation.into()),
            ("fixable", rule.is_fixable.into()),
        ])
    };
    document(&RulesView {
        version: VERSION,
        rules: rules.iter().map(rule).collect(),
    })
}
