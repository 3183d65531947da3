//! A lesson as text for a terminal: headings, wrapped paragraphs, tables, admonitions with their word, blocks in which
//! commands and documented output are told apart. What is said by a colour is also said by a sign or a word, and in
//! plain text by words alone. No control character of a page gets through.

mod code;
pub mod json;
mod line;
mod table;

use std::ops::Range;

use self::line::{Line, painted};
use super::style::{Style, columns};
use super::text::printable;
use crate::lab::prose::{self, Document, Element, Inline, Item, Kind, Word};
use crate::language::Message;
use crate::message;

/// Columns that are always used, however narrow the terminal is.
const NARROWEST: usize = 20;

/// A whole lesson.
pub fn render(document: &Document, style: Style) -> String {
    render_section(document, 0..usize::MAX, style)
}

/// The part of a lesson that stands in these lines of its page, as [`Document::section`] and
/// [`Document::introduction`] give them. The lesson's title belongs to its first line.
pub fn render_section(document: &Document, lines: Range<usize>, style: Style) -> String {
    let mut stacked = Vec::new();
    if let Some(title) = document.title.as_ref().filter(|_| lines.start <= 1) {
        stacked.extend(heading(
            1,
            &[Inline::Text(title.clone())],
            style.width,
            style,
        ));
    }
    let elements = prose::within(&document.elements, &lines);
    let rest = stack(&elements, style.width, style);
    if !stacked.is_empty() && !rest.is_empty() {
        stacked.push(String::new());
    }
    stacked.extend(rest);
    stacked.iter().map(|line| format!("{line}\n")).collect()
}

/// Elements below each other, a blank line between them.
fn stack(elements: &[Element], width: usize, style: Style) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for element in elements {
        let next = one(element, width.max(NARROWEST), style);
        if !lines.is_empty() && !next.is_empty() {
            lines.push(String::new());
        }
        lines.extend(next);
    }
    lines
}

fn one(element: &Element, width: usize, style: Style) -> Vec<String> {
    match &element.kind {
        Kind::Heading { level, text } => heading(*level, text, width, style),
        Kind::Paragraph(text) => Line::of(text, style).wrapped(width, style),
        Kind::List { start, items } => list(*start, items, width, style),
        Kind::Table { header, rows } => table::render(header, rows, width, style),
        Kind::Quote(elements) => quote(elements, width, style),
        Kind::Rule if style.plain => Vec::new(),
        Kind::Rule => vec![painted("2", &"─".repeat(width.min(40)), style)],
        Kind::Admonition {
            word,
            title,
            elements,
        } => admonition(word, title, elements, width, style),
        Kind::Details { summary, elements } => details(summary, elements, width, style),
        Kind::RequiredTime { minutes } => required_time(*minutes, style),
        Kind::Code { block, .. } => code::render(block, style),
    }
}

fn heading(level: u8, text: &[Inline], width: usize, style: Style) -> Vec<String> {
    let line = Line::of(text, style).all(match level {
        1 => "1;4",
        _ => "1",
    });
    let mut lines = line.wrapped(width, style);
    if !style.color && !style.plain && level <= 2 {
        let widest = lines
            .iter()
            .map(|line| columns(line))
            .max()
            .unwrap_or_default();
        lines.push(if level == 1 { "=" } else { "-" }.repeat(widest));
    }
    lines
}

fn list(start: Option<u64>, items: &[Item], width: usize, style: Style) -> Vec<String> {
    let is_tight = items.iter().all(|item| {
        let mut others = item.elements.iter().skip(1);
        others.all(|element| matches!(element.kind, Kind::List { .. }))
    });
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut marker = match start {
            Some(start) => format!("{}. ", start.saturating_add(index as u64)),
            None if style.plain => "- ".to_owned(),
            None => "• ".to_owned(),
        };
        if let Some(done) = item.done {
            marker += if done { "[x] " } else { "[ ] " };
        }
        let indent = columns(&marker);
        let inside = width.saturating_sub(indent);
        let of_item = if is_tight {
            joined(&item.elements, inside, style)
        } else {
            stack(&item.elements, inside, style)
        };
        if !is_tight && !lines.is_empty() {
            lines.push(String::new());
        }
        let of_item = if of_item.is_empty() {
            vec![String::new()]
        } else {
            of_item
        };
        lines.extend(behind(&marker, &" ".repeat(indent), of_item));
    }
    lines
}

/// Elements below each other without blank lines.
fn joined(elements: &[Element], width: usize, style: Style) -> Vec<String> {
    let lines = elements
        .iter()
        .flat_map(|element| one(element, width.max(NARROWEST), style));
    lines.collect()
}

/// Lines with something before the first, and something before each other.
fn behind(first: &str, rest: &str, lines: Vec<String>) -> Vec<String> {
    let line = |(index, line): (usize, String)| {
        let prefix = if index == 0 { first } else { rest };
        if line.is_empty() {
            prefix.trim_end().to_owned()
        } else {
            format!("{prefix}{line}")
        }
    };
    lines.into_iter().enumerate().map(line).collect()
}

fn quote(elements: &[Element], width: usize, style: Style) -> Vec<String> {
    let inside = stack(elements, width.saturating_sub(2), style);
    if style.plain {
        let label = label(&message!("lesson-quote"), &[], style).wrapped(width, style);
        return label
            .into_iter()
            .chain(behind("  ", "  ", inside))
            .collect();
    }
    let bar = painted("2", "│", style) + " ";
    behind(&bar, &bar, inside)
}

fn admonition(
    word: &Word,
    title: &[Inline],
    elements: &[Element],
    width: usize,
    style: Style,
) -> Vec<String> {
    let (said, color) = match word {
        Word::Note => (message!("lesson-note"), "34"),
        Word::Tip => (message!("lesson-tip"), "32"),
        Word::Info => (message!("lesson-info"), "36"),
        Word::Warning => (message!("lesson-warning"), "33"),
        Word::Caution => (message!("lesson-caution"), "33"),
        Word::Danger => (message!("lesson-danger"), "31"),
        Word::Other(word) => (Message::Verbatim(printable(word)), "34"),
    };
    let inside = width.saturating_sub(2);
    let title = label(&said, title, style).all("1").all(color);
    let title = title.wrapped(inside, style);
    let elements = stack(elements, inside, style);
    if style.plain {
        return title
            .into_iter()
            .chain(behind("  ", "  ", elements))
            .collect();
    }
    let bar = painted(color, "│", style) + " ";
    let lines = title.into_iter().chain(elements).collect();
    behind(&bar, &bar, lines)
}

fn details(summary: &[Inline], elements: &[Element], width: usize, style: Style) -> Vec<String> {
    let inside = stack(elements, width.saturating_sub(2), style);
    let summary = if style.plain {
        label(&message!("lesson-details"), summary, style).wrapped(width, style)
    } else if summary.is_empty() {
        let word = Inline::Text(message!("lesson-details").to(style.language));
        behind(
            "▸ ",
            "  ",
            Line::of(&[word], style)
                .all("1")
                .wrapped(width.saturating_sub(2), style),
        )
    } else {
        behind(
            "▸ ",
            "  ",
            Line::of(summary, style)
                .all("1")
                .wrapped(width.saturating_sub(2), style),
        )
    };
    summary
        .into_iter()
        .chain(behind("  ", "  ", inside))
        .collect()
}

fn required_time(minutes: Option<u32>, style: Style) -> Vec<String> {
    let Some(minutes) = minutes else {
        return Vec::new();
    };
    let text = message!("lesson-required-time", minutes = i64::from(minutes)).to(style.language);
    Line::of(&[Inline::Text(text)], style).wrapped(style.width, style)
}

/// `Word: text`, or the word alone.
fn label(word: &Message, text: &[Inline], style: Style) -> Line {
    if text.is_empty() && !style.plain {
        return Line::of(&[Inline::Text(word.to(style.language))], style);
    }
    let word = message!("lesson-label", label = word.clone()).to(style.language);
    let mut inlines = vec![Inline::Text(word)];
    inlines.extend_from_slice(text);
    Line::of(&inlines, style)
}

#[cfg(test)]
mod tests;
