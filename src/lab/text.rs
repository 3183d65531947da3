//! A page's text with its places: what the readers of one page share to report mistakes.

use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Lines, Location, Severity};

pub(super) struct PageText<'a> {
    path: &'a Path,
    source: &'a str,
    pub(super) lines: Lines<'a>,
}

impl<'a> PageText<'a> {
    pub(super) fn new(path: &'a Path, source: &'a str) -> Self {
        PageText {
            path,
            source,
            lines: Lines::new(source),
        }
    }

    pub(super) fn slice(&self, span: Range<usize>) -> &'a str {
        &self.source[span]
    }

    pub(super) fn locate(&self, span: Range<usize>) -> Location {
        self.lines.locate(span)
    }

    pub(super) fn diagnostic(
        &self,
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(severity, code, self.path, self.locate(span), message)
    }

    /// The line without the blanks around its text.
    pub(super) fn trimmed_line(&self, line: usize) -> Range<usize> {
        let span = self.lines.span(line);
        let text = &self.source[span.clone()];
        let start = span.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    }
}
