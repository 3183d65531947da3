//! Markdown becomes pages of blocks of commands, with a diagnostic for every mistake.
//!
//! Parsing never fails and never panics: what cannot be understood is a [`Diagnostic`], and the rest of
//! the page is still read. Pure: reading files is `tree`'s work, and what a block means to a run is `plan`'s.
//!
//! The way of a page: `front_matter` takes the YAML off, `mdx` makes the rest readable for a CommonMark
//! parser, `blocks` finds the fences, `annotation` reads their info strings (the grammar is written down
//! there), `commands` splits them at prompts, and `bash` says where a command ends.

pub mod annotation;
mod bash;
mod blocks;
mod commands;
mod front_matter;
mod links;
mod mdx;
pub mod prose;
pub mod rewrite;
pub mod script;
mod text;

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

pub use annotation::{Annotations, ExpectError, Setting};
pub(crate) use bash::{Reading, read as syntax};
pub use blocks::Block;
pub use commands::Command;
pub use front_matter::FrontMatter;
pub use links::Link;

use crate::diagnostic::{Diagnostic, Lines, Severity};
use text::PageText;

/// One Markdown file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// As it was given to [`parse`].
    pub path: PathBuf,
    pub front_matter: FrontMatter,
    /// All fenced blocks in order, tested or not.
    pub blocks: Vec<Block>,
    /// In no particular order.
    pub links: Vec<Link>,
    /// Text of each heading, or the id that it names itself: `## Text {#id}`.
    pub headings: Vec<String>,
}

/// Reads a page; the diagnostics are in the order of their places.
pub fn parse(path: &Path, source: &str) -> (Page, Vec<Diagnostic>) {
    let text = PageText::new(path, source);
    let (front_matter, body, mut diagnostics) = front_matter::parse(&text, source);
    let normalized = mdx::normalize(source, body);
    for &offset in &normalized.unclosed_comments {
        let message = "a comment that never ends";
        let diagnostic = text
            .diagnostic(
                Severity::Error,
                "comment-unclosed",
                offset..offset + 3,
                message,
            )
            .with_help("end it with `-->` or `*/}`, or write `\\` before it");
        diagnostics.push(diagnostic);
    }
    let title = front_matter.title.as_deref().unwrap_or_default();
    let found = blocks::find(&text, &normalized, title);
    let mut links = found.links;
    links.extend(links::of_tags(&normalized));
    diagnostics.extend(found.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (
        Page {
            path: path.to_owned(),
            front_matter,
            blocks: found.blocks,
            links,
            headings: found.headings,
        },
        diagnostics,
    )
}

/// Only what the page says about itself; what is wrong with it is for [`parse`] to say.
pub fn front_matter(path: &Path, source: &str) -> FrontMatter {
    front_matter::parse(&PageText::new(path, source), source).0
}

/// The lines of a page's front matter with its delimiters, counted from 1; to the end where nothing closes it.
pub fn front_matter_lines(lines: &Lines<'_>) -> Option<RangeInclusive<usize>> {
    front_matter::lines(lines)
}

/// The words behind the marks of the fence on `line` of a page, counted from 1; the language comes first.
pub fn info_words(source: &str, line: usize) -> Vec<Range<usize>> {
    blocks::info_words(&PageText::new(Path::new(""), source), line)
}

/// Whether `name` can name a scenario or a hook: letters, digits, `.`, `_` and `-`, never a path.
pub fn is_name(name: &str) -> bool {
    annotation::is_name(name)
}

#[cfg(test)]
mod tests;
