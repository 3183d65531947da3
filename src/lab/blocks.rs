//! Finds the fenced blocks of a page and what each is: tested, left out and why, or none of our business.

use std::ops::{Range, RangeInclusive};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::annotation::{self, Annotations, Setting};
use super::commands::{self, Command, Problem};
use super::links::Link;
use super::mdx::{self, Normalized};
use super::text::PageText;
use crate::diagnostic::{Diagnostic, Severity};

/// One fenced code block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// Line of the opening fence, counted from 1.
    pub line: usize,
    /// First word of the info string; empty when there is none.
    pub language: String,
    pub annotations: Annotations,
    /// The block's lines without its indentation.
    pub lines: Vec<String>,
    /// Empty unless the language is `bash`.
    pub commands: Vec<Command>,
    /// Text of the nearest heading above, else the page's title, else empty.
    pub heading: String,
    /// Text of the paragraph above the block, up to the block or heading before it; empty when there is none.
    pub lead: String,
    /// Whether a run runs it.
    pub tested: bool,
    /// Why a block that looks like commands will not run.
    pub skip: Option<String>,
}

impl Block {
    /// Its lines in the page, fences included, counted from 1.
    pub fn page_lines(&self) -> RangeInclusive<usize> {
        self.line..=self.line + self.lines.len() + 1
    }
}

/// Languages whose blocks hold commands that we do not run.
const LOOK_ALIKES: [&str; 12] = [
    "sh",
    "shell",
    "zsh",
    "ksh",
    "console",
    "terminal",
    "shell-session",
    "shellsession",
    "sh-session",
    "bash-session",
    "shellscript",
    "command",
];

/// What Markdown finds in a page.
#[derive(Default)]
pub(super) struct Found {
    pub blocks: Vec<Block>,
    pub diagnostics: Vec<Diagnostic>,
    pub links: Vec<Link>,
    pub headings: Vec<String>,
}

/// All fenced blocks of a normalized page, in order, and where the page leads.
pub(super) fn find(page: &PageText<'_>, normalized: &Normalized, title: &str) -> Found {
    let mut found = Found::default();
    for fenced in fenced_blocks(&normalized.text, title, &mut found) {
        let (block, diagnostics) = read(page, fenced);
        found.blocks.push(block);
        found.diagnostics.extend(diagnostics);
    }
    found
}

/// A fenced block as Markdown has it.
struct Fenced {
    line: usize,
    lines: Vec<String>,
    heading: String,
    lead: String,
    closed: bool,
}

/// The fenced blocks; links and headings go to `page`.
fn fenced_blocks(text: &str, title: &str, page: &mut Found) -> Vec<Fenced> {
    let mut found = Vec::new();
    let mut lead = String::new();
    let mut heading = title.to_owned();
    let mut inside = Inside::Text;
    // Events come in order, so lines are counted once.
    let mut counter = LineCounter {
        text,
        offset: 0,
        line: 1,
    };
    for (event, range) in Parser::new_ext(text, mdx::options()).into_offset_iter() {
        match (event, &mut inside) {
            (Event::Start(Tag::Heading { id, .. }), _) => {
                inside = Inside::Heading(String::new());
                page.headings.extend(id.map(|id| id.to_string()));
                lead.clear();
            }
            (Event::Start(Tag::Link { dest_url, .. }), _) => page.links.push(Link {
                target: dest_url.to_string(),
                line: counter.line_at(range.start),
                is_image: false,
            }),
            (Event::Start(Tag::Image { dest_url, .. }), _) => page.links.push(Link {
                target: dest_url.to_string(),
                line: counter.line_at(range.start),
                is_image: true,
            }),
            (Event::Start(Tag::Paragraph), Inside::Text) => lead.clear(),
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))), _) => {
                inside = Inside::Fence(counter.line_at(range.start), String::new());
            }
            (Event::Text(part) | Event::Code(part), Inside::Heading(text)) => text.push_str(&part),
            (Event::SoftBreak | Event::HardBreak, Inside::Heading(text)) => text.push(' '),
            (Event::Text(part), Inside::Fence(_, text)) => text.push_str(&part),
            (Event::Text(part) | Event::Code(part), Inside::Text) => lead.push_str(&part),
            (Event::SoftBreak | Event::HardBreak, Inside::Text) => lead.push(' '),
            (Event::End(TagEnd::Heading(_)), Inside::Heading(text)) => {
                heading = text.trim().to_owned();
                page.headings.push(heading.clone());
                inside = Inside::Text;
            }
            (Event::End(TagEnd::CodeBlock), Inside::Fence(line, content)) => {
                let closed = is_closed(text, range);
                let lines = content.lines().map(str::to_owned).collect();
                found.push(Fenced {
                    line: *line,
                    lines,
                    heading: heading.clone(),
                    lead: std::mem::take(&mut lead),
                    closed,
                });
                inside = Inside::Text;
            }
            _ => {}
        }
    }
    found
}

enum Inside {
    Text,
    Heading(String),
    /// Line of the opening fence, and the content so far.
    Fence(usize, String),
}

struct LineCounter<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// Line of an offset that is not before the last one asked for; else that one's.
    fn line_at(&mut self, offset: usize) -> usize {
        let offset = offset.max(self.offset);
        self.line += self.text[self.offset..offset].matches('\n').count();
        self.offset = offset;
        self.line
    }
}

/// Whether the block at `range`, which opens at its start, ends with its closing fence.
fn is_closed(text: &str, range: Range<usize>) -> bool {
    let line_start = text[..range.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let opening = text[line_start..]
        .lines()
        .next()
        .and_then(mdx::opening_fence);
    let mut lines = text[range].trim_end().lines();
    lines.next();
    match (opening, lines.next_back()) {
        (Some(fence), Some(last)) => fence.is_closed_by(last),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

fn read(page: &PageText<'_>, fenced: Fenced) -> (Block, Vec<Diagnostic>) {
    let fence_line = page.lines.span(fenced.line);
    let info = info_span(page, fenced.line);
    let (language, rest) = first_word(page.slice(info.clone()));
    let language = language.to_owned();
    let rest = info.start + rest..info.end;
    let mut block = Block {
        line: fenced.line,
        language,
        lines: fenced.lines,
        heading: fenced.heading,
        lead: fenced.lead,
        ..Block::default()
    };
    let mut diagnostics = Vec::new();
    if !fenced.closed {
        let span = page.trimmed_line(fenced.line);
        diagnostics.push(
            page.diagnostic(
                Severity::Error,
                "fence-unclosed",
                span,
                "a fence that nothing closes",
            )
            .with_help("close it with the same marks, at the same depth"),
        );
    }
    if block.language == "bash" {
        let (annotations, found) = annotation::parse(page, "bash", rest);
        block.annotations = annotations;
        diagnostics.extend(found);
        diagnostics.extend(read_bash(page, &mut block));
    } else {
        diagnostics.extend(read_look_alike(page, &mut block, rest, fence_line));
    }
    (block, diagnostics)
}

/// The words of the info string of a fence on `line`, its language first.
pub(super) fn info_words(page: &PageText<'_>, line: usize) -> Vec<Range<usize>> {
    let info = info_span(page, line);
    let (language, rest) = first_word(page.slice(info.clone()));
    if language.is_empty() {
        return Vec::new();
    }
    let rest = info.start + rest..info.end;
    let others = annotation::words(page.slice(rest.clone()), rest.start);
    std::iter::once(info.start..info.start + language.len())
        .chain(others)
        .collect()
}

/// The info string of the fence on `line`, without the blanks around it.
fn info_span(page: &PageText<'_>, line: usize) -> Range<usize> {
    let span = page.lines.span(line);
    let text = page.slice(span.clone());
    let info = mdx::opening_fence(text).map_or(text.len(), |fence| fence.info);
    let blanks = text[info..].len() - text[info..].trim_start().len();
    let start = span.start + info + blanks;
    start..start + text[info..].trim().len()
}

/// The first word, and the offset behind it.
fn first_word(info: &str) -> (&str, usize) {
    let end = info.find([' ', '\t']).unwrap_or(info.len());
    (&info[..end], end)
}

fn read_bash(page: &PageText<'_>, block: &mut Block) -> Vec<Diagnostic> {
    let lines: Vec<&str> = block.lines.iter().map(String::as_str).collect();
    let first_line = block.line + 1;
    let raw = is_on(&block.annotations.raw);
    let (commands, problems) = if raw {
        commands::whole(&lines, first_line)
    } else {
        commands::split(&lines, first_line)
    };
    let nothing = commands.is_empty();
    block.commands = commands;
    if block
        .annotations
        .test
        .as_ref()
        .is_some_and(|test| !test.value)
    {
        block.skip = Some("test=false".to_owned());
        return Vec::new();
    }
    let mut diagnostics: Vec<_> = problems
        .into_iter()
        .map(|problem| placed(page, problem))
        .collect();
    block.tested = !nothing;
    if nothing {
        let empty = block.lines.iter().all(|line| line.trim().is_empty());
        let reason = if empty {
            "empty block"
        } else {
            "no `$ ` prompt"
        };
        block.skip = Some(reason.to_owned());
        diagnostics.push(nothing_runs(page, block, empty));
    }
    diagnostics
}

fn is_on(setting: &Option<Setting<bool>>) -> bool {
    setting.as_ref().is_some_and(|setting| setting.value)
}

fn nothing_runs(page: &PageText<'_>, block: &Block, empty: bool) -> Diagnostic {
    let (code, message) = if empty {
        ("block-empty", "an empty bash block")
    } else {
        (
            "prompt-missing",
            "nothing of this bash block runs: it has no `$ ` prompt",
        )
    };
    let diagnostic = page.diagnostic(
        Severity::Warning,
        code,
        page.trimmed_line(block.line),
        message,
    );
    let root = block.lines.iter().any(|line| line.starts_with("# "));
    diagnostic.with_help(if empty {
        "remove it, or write `test=false` on its fence"
    } else if root {
        "`# ` is no prompt: write `$ sudo ` before a command of root, or `test=false` on the fence"
    } else {
        "write `$ ` before each command; or `raw=true` or `test=false` on the fence"
    })
}

fn placed(page: &PageText<'_>, problem: Problem) -> Diagnostic {
    let span = page.trimmed_line(problem.line);
    page.diagnostic(problem.severity, problem.code, span, problem.message)
        .with_help(problem.help)
}

/// Blocks of other languages are none of our business, unless a reader would take them for commands.
fn read_look_alike(
    page: &PageText<'_>,
    block: &mut Block,
    rest: Range<usize>,
    fence: Range<usize>,
) -> Option<Diagnostic> {
    let language = block.language.to_lowercase();
    let first = block.lines.iter().find(|line| !line.trim().is_empty());
    let is_prompted = first.is_some_and(|line| commands::prompted(line).is_some());
    let is_bashlike =
        language == "bash" || language.starts_with("bash{") || language.starts_with("bash,");
    let is_text = matches!(
        language.as_str(),
        "" | "text" | "txt" | "plain" | "plaintext"
    );
    if !(is_bashlike || LOOK_ALIKES.contains(&language.as_str()) || is_text && is_prompted) {
        return None;
    }
    if page
        .slice(rest)
        .split_whitespace()
        .any(|word| word == "test=false")
    {
        block.skip = Some("test=false".to_owned());
        return None;
    }
    let shown = if language.is_empty() {
        "a fence without a language".to_owned()
    } else {
        format!("a `{}` fence", block.language)
    };
    block.skip = Some(format!("{shown} does not run"));
    let span = if block.language.is_empty() {
        fence
    } else {
        language_span(page, block)
    };
    let help = if is_bashlike {
        "write `bash` and a blank, then annotations"
    } else {
        "write `bash` to have it run, or `bash test=false` to say that it is left out"
    };
    let message = format!("{shown} does not run");
    Some(
        page.diagnostic(Severity::Warning, "language-not-run", span, message)
            .with_help(help),
    )
}

fn language_span(page: &PageText<'_>, block: &Block) -> Range<usize> {
    let info = info_span(page, block.line);
    info.start..info.start + block.language.len()
}
