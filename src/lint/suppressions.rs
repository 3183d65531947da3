//! What an author allows in a file, with a reason:
//!
//! ```text
//! <!-- breakfix: allow CODE, CODE because REASON -->                  the next line that is not empty, and a block there
//! {/* breakfix: allow CODE on this page because REASON */}            the whole page
//! # breakfix: allow CODE because REASON                               in a script or scenario: the whole file
//! ```

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::steps::PageView;
use super::{Content, rules};
use crate::diagnostic::{Diagnostic, Lines, Severity, nearest};
use crate::lab::Block;

/// What the comments of all files allow.
pub(super) struct Suppressions {
    all: Vec<Suppression>,
}

struct Suppression {
    path: PathBuf,
    codes: Vec<String>,
    /// Lines that it is about.
    lines: RangeInclusive<usize>,
    /// What is told when nothing needed it.
    unused: Diagnostic,
}

/// What a comment begins with that allows something.
pub const MARK: &str = "breakfix: allow";

/// Whether a line of a page, outside of its blocks, begins a comment.
pub fn begins_comment(line: &str) -> bool {
    let own = line.trim_start_matches([' ', '\t', '>', '-', '*']);
    own.starts_with("<!--") || line.trim_start().starts_with("{/*")
}

/// Reads the comments; what is wrong with them goes to `found`.
pub(super) fn all(
    content: &Content<'_>,
    labs: &[Vec<PageView<'_>>],
    found: &mut Vec<Diagnostic>,
) -> Suppressions {
    let mut all = Vec::new();
    for view in labs.iter().flatten() {
        if view.text.contains(MARK) {
            let mut reader = Reader::new(&view.page.path, view.text, found);
            reader.page(view);
            all.append(&mut reader.all);
        }
    }
    let scripts = content.scripts.iter();
    let scenarios = content
        .scenario_files
        .iter()
        .map(|file| (&file.path, &file.text));
    for (path, text) in scripts.chain(scenarios) {
        if text.contains(MARK) {
            let mut reader = Reader::new(path, text, found);
            reader.script();
            all.append(&mut reader.all);
        }
    }
    Suppressions { all }
}

impl Suppressions {
    /// What is not allowed, and what is allowed in vain.
    pub(super) fn applied(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut used = vec![false; self.all.len()];
        let mut left: Vec<Diagnostic> = diagnostics
            .into_iter()
            .filter(|one| {
                let matching = self
                    .all
                    .iter()
                    .position(|suppression| suppression.is_about(one));
                if let Some(at) = matching {
                    used[at] = true;
                }
                matching.is_none()
            })
            .collect();
        let unused = self.all.iter().zip(used).filter(|(_, used)| !used);
        left.extend(unused.map(|(suppression, _)| suppression.unused.clone()));
        left
    }
}

impl Suppression {
    /// An error cannot be allowed: the content would still not run.
    fn is_about(&self, one: &Diagnostic) -> bool {
        one.path == self.path
            && one.severity != Severity::Error
            && self.lines.contains(&one.line)
            && self.codes.iter().any(|code| code == one.code)
    }
}

struct Reader<'a> {
    path: &'a Path,
    lines: Lines<'a>,
    all: Vec<Suppression>,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, text: &'a str, found: &'a mut Vec<Diagnostic>) -> Reader<'a> {
        Reader {
            path,
            lines: Lines::new(text),
            all: Vec::new(),
            found,
        }
    }

    fn page(&mut self, view: &PageView<'_>) {
        let fences: Vec<RangeInclusive<usize>> =
            view.page.blocks.iter().map(Block::page_lines).collect();
        for line in 1..=self.lines.count() {
            let text = self.lines.text(line);
            if !begins_comment(text) || fences.iter().any(|fence| fence.contains(&line)) {
                continue;
            }
            let Some((_, inside)) = text.split_once(MARK) else {
                continue;
            };
            let inside = inside.split("-->").next().unwrap_or(inside);
            let inside = inside.split("*/}").next().unwrap_or(inside);
            let next = (line + 1..=self.lines.count())
                .find(|line| !self.lines.text(*line).trim().is_empty())
                .unwrap_or(line);
            let block = fences.iter().find(|fence| *fence.start() == next);
            let lines = block.map_or(next..=next, |block| (*block).clone());
            self.comment(line, inside, lines);
        }
    }

    fn script(&mut self) {
        for line in 1..=self.lines.count() {
            let text = self.lines.text(line);
            if let Some((before, inside)) = text.split_once(MARK)
                && before.contains('#')
            {
                self.comment(line, inside, 1..=usize::MAX);
            }
        }
    }

    fn comment(&mut self, line: usize, inside: &str, lines: RangeInclusive<usize>) {
        let (what, reason) = match inside.split_once(" because") {
            Some((what, reason)) => (what, reason.trim()),
            None => (inside, ""),
        };
        if reason.is_empty() {
            let help = "write `because` and why behind the codes";
            self.wrong(
                line,
                "suppression-reason",
                "this says no reason".to_owned(),
                help.to_owned(),
            );
        }
        let (codes, lines) = match what.split_once(" on this page") {
            Some((codes, _)) => (codes, 1..=usize::MAX),
            None => (what, lines),
        };
        let codes: Vec<String> = codes
            .split([',', ' '])
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect();
        for code in &codes {
            if rules::rule(code).is_none() {
                let near = nearest(code, rules::RULES.iter().map(|rule| rule.code));
                let help = near.map_or_else(
                    || "`breakfix explain` lists the rules".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.wrong(
                    line,
                    "suppression-unknown",
                    format!("there is no rule `{code}`"),
                    help,
                );
            }
        }
        if codes.is_empty() {
            let help = "name the rules: `breakfix: allow CODE because REASON`".to_owned();
            self.wrong(
                line,
                "suppression-unknown",
                "this allows nothing".to_owned(),
                help,
            );
            return;
        }
        let unused = "suppression-unused";
        let message = format!("nothing here needs `allow {}`", codes.join(", "));
        let unused = self
            .diagnostic(line, unused, message)
            .with_help("remove it");
        self.all.push(Suppression {
            path: self.path.to_owned(),
            codes,
            lines,
            unused,
        });
    }

    fn wrong(&mut self, line: usize, code: &'static str, message: String, help: String) {
        let one = self.diagnostic(line, code, message).with_help(help);
        self.found.push(one);
    }

    fn diagnostic(&self, line: usize, code: &'static str, message: String) -> Diagnostic {
        let at = self.lines.locate(self.lines.span(line));
        Diagnostic::new(rules::severity(code), code, self.path, at, message)
    }
}
