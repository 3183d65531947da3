//! What stands at an offset of a page, as far as an editor can help there.

use std::ops::Range;

use super::OpenPage;
use crate::lab;
use crate::lint::suppressions::{MARK, begins_comment};

/// What an offset is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// A word behind the language of a `bash` fence, or where one could be.
    Annotation(AnnotationWord<'a>),
    /// The value of the front matter's `scenario:`, or where it could be.
    Scenario {
        name: &'a str,
        span: Range<usize>,
    },
    /// A rule in a comment that allows it, or where one could be.
    Rule {
        code: &'a str,
        span: Range<usize>,
        /// What the comment allows besides.
        others: Vec<&'a str>,
    },
    Elsewhere,
}

/// `name`, `name=` or `name=value`; empty where there is no word yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnnotationWord<'a> {
    pub name: &'a str,
    pub name_span: Range<usize>,
    /// Behind the `=`, without quotes.
    pub value: Option<(&'a str, Range<usize>)>,
    /// The whole word.
    pub span: Range<usize>,
    /// Names of the other words of this fence.
    pub others: Vec<&'a str>,
}

impl AnnotationWord<'_> {
    /// The value, if the offset is in it.
    pub(super) fn value_at(&self, offset: usize) -> Option<Range<usize>> {
        let (_, span) = self.value.clone()?;
        (offset > self.name_span.end).then_some(span)
    }
}

pub(super) fn place<'a>(page: &OpenPage<'a>, offset: usize) -> Place<'a> {
    let at = page.lines.locate(offset..offset);
    let (offset, line) = (at.span.start, at.line);
    if lab::front_matter_lines(&page.lines).is_some_and(|lines| lines.contains(&line)) {
        return scenario(page, offset, line).unwrap_or(Place::Elsewhere);
    }
    let found = match page.block_on(line) {
        Some(block) if block.line == line && block.language == "bash" => {
            annotation(page, offset, line)
        }
        Some(_) => None,
        None => rule(page, offset, line),
    };
    found.unwrap_or(Place::Elsewhere)
}

fn scenario<'a>(page: &OpenPage<'a>, offset: usize, line: usize) -> Option<Place<'a>> {
    let text = page.lines.text(line);
    let value = text.strip_prefix("scenario")?.trim_start();
    let value = value.strip_prefix(':')?;
    let end = page.lines.span(line).end;
    let first = end - value.len();
    if offset < first {
        return None;
    }
    let value = value.split(" #").next().unwrap_or(value);
    let trimmed = value.trim_start();
    let start = first + (value.len() - trimmed.len());
    let (quote, name) = unquoted(trimmed.trim_end(), &['"', '\'']);
    let start = start + quote;
    let span = if name.is_empty() {
        offset..offset
    } else {
        start..start + name.len()
    };
    Some(Place::Scenario { name, span })
}

/// The length of the quote before a text, and the text without quotes.
fn unquoted<'a>(text: &'a str, quotes: &[char]) -> (usize, &'a str) {
    let inner = text.strip_prefix(quotes).unwrap_or(text);
    let quote = text.len() - inner.len();
    (quote, inner.strip_suffix(quotes).unwrap_or(inner))
}

fn annotation<'a>(page: &OpenPage<'a>, offset: usize, line: usize) -> Option<Place<'a>> {
    let words = lab::info_words(page.text, line);
    let (language, words) = words.split_first()?;
    if offset <= language.end {
        return None;
    }
    let here = |word: &&Range<usize>| (word.start..=word.end).contains(&offset);
    let span = words.iter().find(here).cloned().unwrap_or(offset..offset);
    let text = &page.text[span.clone()];
    // What only the web page needs.
    if text.starts_with('{') {
        return None;
    }
    let others = words.iter().filter(|word| **word != span);
    let others = others.map(|word| split(&page.text[word.clone()]).0);
    let (name, value) = split(text);
    let value = value.map(|value| {
        let (quote, inner) = unquoted(value, &['"']);
        let start = span.end - value.len() + quote;
        (inner, start..start + inner.len())
    });
    Some(Place::Annotation(AnnotationWord {
        name,
        name_span: span.start..span.start + name.len(),
        value,
        others: others.collect(),
        span,
    }))
}

fn split(word: &str) -> (&str, Option<&str>) {
    word.split_once('=')
        .map_or((word, None), |(name, value)| (name, Some(value)))
}

fn rule<'a>(page: &OpenPage<'a>, offset: usize, line: usize) -> Option<Place<'a>> {
    let text = page.lines.text(line);
    let first = text.find(MARK)? + MARK.len();
    if !begins_comment(text) {
        return None;
    }
    let ends = [" because", " on this page", "-->", "*/}"];
    let codes = &text[first..];
    let end = ends.iter().filter_map(|end| codes.find(end)).min();
    let codes = &codes[..end.unwrap_or(codes.len())];
    let start = page.lines.span(line).start + first;
    // Directly behind the mark a word would become one with it.
    if offset <= start || offset > start + codes.len() {
        return None;
    }
    let separates = |character: char| matches!(character, ',' | ' ' | '\t');
    let (before, after) = codes.split_at(offset - start);
    let from = before.rfind(separates).map_or(0, |at| at + 1);
    let to = before.len() + after.find(separates).unwrap_or(after.len());
    let listed = codes.split(separates).filter(|code| !code.is_empty());
    let code = &codes[from..to];
    Some(Place::Rule {
        code,
        span: start + from..start + to,
        others: listed.filter(|other| *other != code).collect(),
    })
}

/// The lines of the comment above a line that allows something for it, counted from 1.
pub(super) fn allowing_comment(page: &OpenPage<'_>, line: usize) -> Option<usize> {
    let above = (1..line)
        .rev()
        .find(|above| !page.lines.text(*above).trim().is_empty())?;
    let text = page.lines.text(above);
    let is_free = !page
        .page
        .blocks
        .iter()
        .any(|block| block.page_lines().contains(&above));
    (is_free && begins_comment(text) && text.contains(MARK) && !text.contains(" on this page"))
        .then_some(above)
}
