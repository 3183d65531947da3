//! A page as rules look at it: what its commands do, and where in the page they stand.

use crate::diagnostic::{Diagnostic, Lines, Location};
use crate::lab::script::{self, Call, Deed};
use crate::lab::{Block, Command, Page};
use crate::plan::LabSource;

use super::{Content, rules};

/// A page with its text, and what its `bash` blocks do.
pub(super) struct PageView<'a> {
    pub page: &'a Page,
    pub text: &'a str,
    pub lines: Lines<'a>,
    /// All `bash` blocks, also those that do not run.
    pub blocks: Vec<BlockView<'a>>,
}

pub(super) struct BlockView<'a> {
    pub block: &'a Block,
    pub commands: Vec<CommandView<'a>>,
}

pub(super) struct CommandView<'a> {
    pub command: &'a Command,
    pub deeds: Vec<Deed>,
}

/// The lab's pages; one whose text is not there is passed over.
pub(super) fn views<'a>(lab: &'a LabSource, content: &Content<'a>) -> Vec<PageView<'a>> {
    lab.pages
        .iter()
        .filter_map(|page| {
            let text = content.texts.get(&page.path)?;
            Some(PageView::new(page, text))
        })
        .collect()
}

impl<'a> PageView<'a> {
    pub(super) fn new(page: &'a Page, text: &'a str) -> PageView<'a> {
        PageView {
            page,
            text,
            lines: Lines::new(text),
            blocks: blocks(page),
        }
    }

    /// Blocks that run.
    pub(super) fn tested(&self) -> impl Iterator<Item = &BlockView<'a>> {
        self.blocks.iter().filter(|block| block.block.tested)
    }

    /// Where `needle` stands on a line of a command (counted from 1), else in the command's later lines, else that
    /// line as a whole.
    pub(super) fn place(&self, command: &Command, line: usize, needle: &str) -> Location {
        let first = command.line + line.max(1) - 1;
        let count = command.text.lines().count().max(1);
        let on_line = |line: usize| {
            let at = self.lines.text(line).find(needle)?;
            let start = self.lines.span(line).start + at;
            Some(start..start + needle.len())
        };
        let found = (first..command.line + count)
            .find_map(on_line)
            .filter(|_| !needle.is_empty());
        self.lines.locate(found.unwrap_or_else(|| {
            let span = self.lines.span(first);
            let text = self.lines.text(first);
            let start = span.start + (text.len() - text.trim_start().len());
            start..start + text.trim().len()
        }))
    }

    /// A diagnostic of a rule about this page.
    pub(super) fn diagnostic(
        &self,
        code: &'static str,
        at: Location,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(rules::severity(code), code, &self.page.path, at, message)
    }
}

/// What the `bash` blocks of a page do.
pub(super) fn blocks(page: &Page) -> Vec<BlockView<'_>> {
    let bash = page.blocks.iter().filter(|block| block.language == "bash");
    bash.map(|block| BlockView {
        block,
        commands: block
            .commands
            .iter()
            .map(|command| CommandView {
                command,
                deeds: script::read(&command.text),
            })
            .collect(),
    })
    .collect()
}

impl CommandView<'_> {
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.deeds.iter().filter_map(|deed| match deed {
            Deed::Call(call) => Some(call),
            _ => None,
        })
    }
}
