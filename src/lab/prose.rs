//! A page as its readers see it: headings, paragraphs, lists, tables, admonitions and blocks, with their lines in the
//! source. Nothing visible of a page is lost on the way; what it is made of is found by the same parser, over the same
//! normalized text, as its fences.
//!
//! The way: `furniture` puts marks where MDX's own syntax is, `tree` reads Markdown and groups what stands between
//! marks, `sections` says which part of the page belongs to which step.

mod furniture;
mod inline;
mod sections;
mod tag;
mod tree;

use std::ops::Range;
use std::path::Path;

use super::Block;
use super::text::PageText;
use super::{front_matter, mdx};

pub use inline::plain_text;
pub use sections::{Step, within};

/// A page's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// The `title:` of the front matter, unless the page begins with the same heading.
    pub title: Option<String>,
    pub elements: Vec<Element>,
}

/// Something that stands by itself on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Lines of the page, counted from 1.
    pub lines: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Heading {
        /// 1 to 6.
        level: u8,
        text: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    List {
        /// Number of the first item; `None` for bullets.
        start: Option<u64>,
        items: Vec<Item>,
    },
    Table {
        header: Vec<Cell>,
        rows: Vec<Vec<Cell>>,
    },
    Quote(Vec<Element>),
    Rule,
    Admonition {
        word: Word,
        title: Vec<Inline>,
        elements: Vec<Element>,
    },
    /// What a browser shows when it is asked for.
    Details {
        summary: Vec<Inline>,
        elements: Vec<Element>,
    },
    /// How long the lab takes; a page that does not say it leaves that to the web page's generator.
    RequiredTime {
        minutes: Option<u32>,
    },
    Code {
        block: Box<Block>,
        /// Which of the page's tested blocks it is, counted from 1.
        step: Option<usize>,
    },
}

/// What one cell of a table says.
pub type Cell = Vec<Inline>;

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Of a task list: whether it is done.
    pub done: Option<bool>,
    pub elements: Vec<Element>,
}

/// How an admonition calls out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Note,
    Tip,
    Info,
    Warning,
    Caution,
    Danger,
    /// A theme's own.
    Other(String),
}

/// A part of a line of text.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    Text(String),
    Code(String),
    Emphasis(Vec<Inline>),
    Strong(Vec<Inline>),
    Struck(Vec<Inline>),
    Link {
        target: String,
        text: Vec<Inline>,
    },
    Image {
        target: String,
        /// What it shows, for those who do not see it.
        alt: String,
    },
    /// A button that leads to the AWS console.
    Button {
        label: String,
        target: String,
    },
    /// Where the source breaks a line and its readers need not.
    SoftBreak,
    HardBreak,
}

/// Reads a page; its mistakes are for [`parse`](super::parse) to tell.
pub fn read(path: &Path, source: &str) -> Document {
    let (page, _) = super::parse(path, source);
    let text = PageText::new(path, source);
    let (_, body, _) = front_matter::parse(&text, source);
    let normalized = mdx::normalize(source, body);
    let marked = furniture::mark(&normalized);
    let mut elements = tree::read(&marked, &page.blocks);
    if lines_of_blocks(&elements)
        != page
            .blocks
            .iter()
            .map(|block| block.line)
            .collect::<Vec<_>>()
    {
        // Furniture in places where Markdown reads it otherwise: blocks come first.
        elements = tree::read(&furniture::unmarked(&normalized), &page.blocks);
    }
    let title = page.front_matter.title;
    let said = |title: &String| match elements.first().map(|first| &first.kind) {
        Some(Kind::Heading { level: 1, text }) => plain_text(text) == *title,
        _ => false,
    };
    Document {
        title: title.filter(|title| !said(title)),
        elements,
    }
}

fn lines_of_blocks(elements: &[Element]) -> Vec<usize> {
    let mut lines = Vec::new();
    for element in elements {
        if let Kind::Code { block, .. } = &element.kind {
            lines.push(block.line);
        }
        for children in element.children() {
            lines.extend(lines_of_blocks(children));
        }
    }
    lines
}

impl Element {
    /// What stands in it, part for part.
    pub fn children(&self) -> Vec<&[Element]> {
        match &self.kind {
            Kind::List { items, .. } => items.iter().map(|item| &*item.elements).collect(),
            Kind::Quote(elements)
            | Kind::Admonition { elements, .. }
            | Kind::Details { elements, .. } => vec![elements],
            _ => Vec::new(),
        }
    }
}

impl Word {
    fn of(name: &str) -> Word {
        match name.to_lowercase().as_str() {
            "note" => Word::Note,
            "tip" => Word::Tip,
            "info" => Word::Info,
            "warning" => Word::Warning,
            "caution" => Word::Caution,
            "danger" => Word::Danger,
            _ => Word::Other(name.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
